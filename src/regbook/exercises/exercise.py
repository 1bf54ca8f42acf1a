"""An exercise, and what it has to say to an answer."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from inspect import Parameter, signature

import numpy as np

LEVELS = {1: "easy", 2: "medium", 3: "hard"}
MANY = 1_000_000  # more numbers than any answer holds: they are not even looked at

UNANSWERED = "Not answered yet: replace the ... and run the cell."
NOTHING_RETURNED = "Not answered yet: the function returns nothing. (Did you forget return?)"
NOT_YET = UNANSWERED, NOTHING_RETURNED  # to be told, but no mistakes


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What all exercises have in common.

    name: what check(...) calls it. title: its heading in the book. kind: 'predict', 'compute', 'code', 'break it' or
    'judge'. level: a key of LEVELS. minutes: to solve it. objective: which of the chapter's "What you'll learn",
    counted from 1. section: the heading that helps. hints: from vague to plain, given one at a time.
    """

    name: str
    title: str
    kind: str
    level: int
    minutes: int
    objective: int
    section: str
    hints: tuple[str, ...]
    shown: str = ""  # to whoever has answered right: how the comparison ends

    @property
    def head(self) -> str:
        """What stands beside the title."""
        return f"{self.kind} · {LEVELS[self.level]} · {self.minutes} minutes"

    def mistake(self, answer) -> str | None:
        """None for a right answer, else what is wrong, in words for the reader, or one of NOT_YET."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Value(Exercise):
    """The answer is a number, an array or list of numbers, a word, or a list of words.

    right: the answer. within: how far a number may be from it, as a share of it. words: those to choose from, where the
    answer is in words; the beginning of one will do. mistakes: (a wrong answer, what it looks like) in order; a
    callable in place of the wrong answer gets the reader's and says whether it is that mistake.
    """

    kind: str = "compute"
    right: object
    within: float = 0.01
    words: tuple[str, ...] = ()
    mistakes: tuple = ()

    def mistake(self, answer):
        if _unanswered(answer):
            return UNANSWERED
        if self.words:
            return self._mistake_in_words(answer)
        got, trouble = to_numbers(answer)
        want = np.asarray(self.right, float)
        if trouble:
            return trouble
        if got.size != want.size:
            form = "one number" if want.size == 1 else f"a list of {want.size} numbers"
            return f"Answer with {form}; yours has {got.size}."
        got = got.reshape(want.shape)
        if close(got, want, self.within):
            return None
        for wrong, looks_like in self.mistakes:
            if wrong(answer) if callable(wrong) else close(got, np.asarray(wrong, float), self.within):
                return looks_like
        return guess([got], [want]) or _which(got, want, self.within)

    def _mistake_in_words(self, answer):
        got, want = _words(answer), _words(self.right)
        begun = [[known for known in self.words if known.startswith(word)] for word in got]
        if len(got) != len(want) or any(len(known) != 1 for known in begun):
            form = "a word" if isinstance(self.right, str) else f"a list of {len(want)} words"
            listed = ", ".join(f'"{word}"' for word in self.words)
            yours = " and ".join(f'"{word}"' for word in got) or _describe(answer)
            return f"Answer with {form}, in quotes, out of {listed}; yours is {yours}."
        got = [known for (known,) in begun]
        if got == want:
            return None
        for wrong, looks_like in self.mistakes:
            if wrong(got) if callable(wrong) else got == _words(wrong):
                return looks_like
        return "Something else happens."


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """The answer is a function of the reader's.

    cases: tuples of arguments to call it with. right: functions that solve the exercise; each conventional way to read
    it. mistakes: (a function with a mistake in it, or a part of an error message, and what that mistake is) in order.
    within: as for Value.
    """

    kind: str = "code"
    cases: tuple[tuple, ...]
    right: tuple[Callable, ...]
    mistakes: tuple[tuple[Callable | str, str], ...]
    within: float = 1e-4

    def mistake(self, answer):
        if answer is ...:
            return UNANSWERED
        if not callable(answer):
            return f"This wants the function itself, without brackets behind its name; yours is {_describe(answer)}."
        trouble = self._trouble_with_call(answer)
        if trouble:
            return trouble
        got, changed = [], False
        for case in self.cases:
            given = deepcopy(case)
            result, trouble = _called(answer, given)
            if not trouble and _unanswered(result):
                return NOTHING_RETURNED
            numbers, trouble = (None, trouble) if trouble else to_numbers(result)
            if trouble:
                return " ".join(
                    [trouble, *(says for part, says in self.mistakes if isinstance(part, str) and part in trouble)]
                )
            got.append(numbers)
            changed = changed or not _equal(case, given)
        if any(self._same(got, solution) for solution in self.right):
            return (
                "The numbers are right, but the function changes what it is given: work on a copy." if changed else None
            )
        mistakes = (says for wrong, says in self.mistakes if callable(wrong) and self._same(got, wrong))
        mistake = next(mistakes, None) or self._generic(answer, got)
        return mistake + " (It also changes what it is given: work on a copy.)" * changed

    def _same(self, got, function):
        results = [np.asarray(function(*deepcopy(case)), float) for case in self.cases]
        return all(
            (mine.shape == result.shape or mine.size == result.size == 1)
            and close(mine, result.reshape(mine.shape), self.within)
            for mine, result in zip(got, results)
        )

    def _generic(self, answer, got):
        """What to say where no row of `mistakes` fits."""
        want = [np.asarray(self.right[0](*deepcopy(case)), float) for case in self.cases]
        for mine, goal in zip(got, want):
            if trouble := shape_trouble(mine, goal):
                return trouble
        got = [mine.reshape(goal.shape) for mine, goal in zip(got, want)]
        again, _ = to_numbers(_called(answer, deepcopy(self.cases[0]))[0])
        if again is None or again.size != got[0].size or not close(again.reshape(got[0].shape), got[0], 1e-9):
            return "Called twice with the same arguments it gives two answers. Does it draw random numbers of its own?"
        return guess(got, want, self.cases) or self._first_difference(got, want)

    def _trouble_with_call(self, answer):
        wanted = len(self.cases[0])
        try:
            parameters = signature(answer).parameters.values()
        except Exception:
            return None  # functions written in C may not tell
        places = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
        needed = sum(p.default is Parameter.empty for p in places)
        most = np.inf if any(p.kind is Parameter.VAR_POSITIONAL for p in parameters) else len(places)
        if needed <= wanted <= most:
            return None
        return f"The function will be called with {wanted} arguments; yours takes {len(places)}."

    def _first_difference(self, got, want):
        number = next(n for n, pair in enumerate(zip(got, want)) if not close(*pair, self.within))
        mine, goal = got[number], want[number]
        wrong = ~np.isclose(mine, goal, rtol=self.within, atol=1e-6 * np.abs(goal).max(initial=0))
        place = tuple(np.argwhere(wrong)[0])
        begin = ("", "The first trial is right. ", f"The first {number} trials are right. ")[min(number, 2)]
        case = repr(self.cases[number])
        begin += f"With {case} " if len(case) <= 100 else f"In trial {number + 1} of {len(got)} "
        if not mine.ndim:
            return f"{begin}it gives {mine:.4g}; it should be {_how(mine, goal)}."
        entries = f"entry {list(map(int, place))} is {mine[place]:.4g}; it should be {_how(mine[place], goal[place])}"
        return f"{begin}{entries}. ({wrong.sum()} of {wrong.size} entries are not right yet.)"


@dataclass(frozen=True, kw_only=True)
class Break(Exercise):
    """The answer is a pair: what the reader expects to be measured, and a setting that makes a claim fail.

    lowest, highest: the range of the setting. quantity: what is measured. near: how far the prediction may be off.
    trial(setting): (what is measured, None where the claim fails, else why it does not).
    """

    kind: str = "break it"
    lowest: float
    highest: float
    quantity: str
    near: float
    trial: Callable[[float], tuple[float, str | None]]

    def mistake(self, answer):
        if _unanswered(answer):
            return UNANSWERED
        pair, trouble = to_numbers(answer)
        if trouble or pair.shape != (2,):
            return f"Answer with two numbers: {self.quantity} that you predict, and your setting."
        predicted, setting = map(float, pair)
        if not self.lowest <= setting <= self.highest:
            return f"The setting, your second number, should lie between {self.lowest:g} and {self.highest:g}."
        measured, why = self.trial(setting)
        if abs(predicted - measured) > self.near:
            return (
                f"At {setting:g}, {self.quantity} is not within {self.near:g} of your prediction, {predicted:g}. "
                "Before you try another setting: what do you expect where the claim fails, and why?"
            )
        return why


def close(got, want, within):
    """Equal up to the share `within`, and to the smaller rounding of 32-bit numbers near zero."""
    largest = np.abs(want).max(initial=0)
    return bool(np.allclose(got, want, rtol=within, atol=1e-6 * max(largest, 1e-6)))


def to_numbers(answer):
    """(the answer as a float64 array, None), or (None, what is wrong). Takes numbers, lists, any kind of tensor."""
    try:
        numbers = np.asarray(answer)
        if numbers.dtype.kind not in "biuf":
            raise TypeError
    except Exception:
        join = " Should they be one, by np.hstack or np.array?" if _describe(answer).endswith("arrays") else ""
        return None, f"The answer should be a number or an array of numbers; yours is {_describe(answer)}.{join}"
    if not 0 < numbers.size <= MANY:
        return None, f"The answer holds {numbers.size or 'no'} numbers."
    numbers = numbers.astype(float)
    if not np.isfinite(numbers).all():
        found = "a NaN (not a number)" if np.isnan(numbers).any() else "an infinity"
        return None, f"There is {found} in the answer. Was something divided by zero, or its root or logarithm taken?"
    return numbers, None


def _called(function, arguments):
    """(what the reader's function gives, None), or (None, why it stopped)."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, _in_words(error, function)


def _in_words(error, function):
    """The error, and the line of the reader's own code that raised it."""
    line, trace = None, error.__traceback__
    code = getattr(function, "__code__", None)
    while trace:
        if trace.tb_frame.f_code is code:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = "" if line is None else f" in line {line} of its cell"
    message = str(error)[:300].strip().rstrip(".")
    return f"It stopped with {type(error).__name__}{place}" + (f": {message}." if message else ".")


def shape_trouble(got, want):
    """None where the shapes agree, or the answer is one number wrapped in brackets; else what is wrong."""
    if got.shape == want.shape or got.size == want.size == 1:
        return None
    if want.size == 1:
        for share, name in ((got.sum(), "sum"), (got.mean(), "mean")):
            if close(share, want, 1e-3):
                return f"The answer should be one number: the {name} of the {got.size} that yours has."
        return f"The answer should be one number; yours has the shape {got.shape}. Is a sum missing?"
    if got.size == 1:
        return f"The answer should have the shape {want.shape}; yours is one number. Is there a sum too many?"
    if got.ndim == 2 and got.T.shape == want.shape and close(got.T, want, 1e-3):
        return "It is transposed: rows and columns have changed places."
    return f"The answer should have the shape {want.shape}; yours has {got.shape}."


def guess(got, want, cases=()):
    """What kind of mistake it looks like when only the numbers are known: lists of arrays, and arguments, by trial."""
    mine, goal = (np.concatenate([np.ravel(array) for array in arrays]) for arrays in (got, want))
    if not mine.any():
        return "Everything is zero."
    if close(mine, -goal, 1e-3):
        return "The size is right and the sign is not."
    for factor, words in ((2, "twice as large as"), (0.5, "half as large as")):
        if close(mine, factor * goal, 1e-3):
            return f"Everything is {words} it should be. Check the conventions: where is a factor 2 or ½?"
    if close(mine**2, goal, 1e-3):
        return "It looks as if a root were taken."
    if mine.size > 1 and close(np.sort(mine), np.sort(goal), 1e-3):
        places = "places. Is something transposed?" if want[0].ndim > 1 else "order."
        return f"The numbers are right, and in the wrong {places}"
    for power, words in ((1, "summed where it should be averaged"), (-1, "averaged where it should be summed")):
        trials = zip(got, want, cases)
        if cases and all(any(close(m, g * n**power, 1e-3) for n in _sizes(case)) for m, g, case in trials):
            return f"It looks as if something were {words}."
    return None


def _sizes(case):
    """The lengths of the axes of what a function is given."""
    return {n for argument in case if isinstance(argument, np.ndarray) for n in argument.shape if n > 1}


def _which(got, want, within):
    """Which numbers of an answer are right, and how the others should change."""
    if want.size == 1:
        return f"It should be {_how(got.item(), want.item())}."
    says = []
    for place, mine, goal in zip(("first", "second", "third", "fourth"), got, want):
        right = close(mine, goal, within)
        says.append(f"the {place} {'is right' if right else f'should be {_how(mine, goal)}'}")
    return f"{'; '.join(says).capitalize()}."


def _how(mine, goal):
    """How a number should change."""
    if goal == 0:
        return "0"
    return "negative" if goal < 0 < mine else "positive" if mine < 0 < goal else "smaller" if mine > goal else "larger"


def _equal(before, after):
    """Are arguments, lists of arrays among them, what they were?"""
    if isinstance(before, (list, tuple)):
        return isinstance(after, type(before)) and len(before) == len(after) and all(map(_equal, before, after))
    return np.array_equal(before, after)


def _unanswered(answer):
    parts = answer if isinstance(answer, (list, tuple)) else [answer]
    return any(part is ... or part is None for part in parts)


def _words(answer):
    """The answer as a list of words, or [] where it is no text."""
    parts = [answer] if isinstance(answer, str) else answer
    if isinstance(parts, (list, tuple)) and all(isinstance(part, str) for part in parts):
        return [" ".join(part.lower().split()) for part in parts]
    return []


def _describe(thing):
    if isinstance(thing, str):
        return "a text"
    if isinstance(thing, (list, tuple)):
        kinds = {"bool": "True and False", "str": "texts", "int": "numbers", "float": "numbers", "list": "lists"}
        kinds |= {"ndarray": "arrays"}
        inside = {kinds.get(type(part).__name__, "") for part in thing} or {""}
        return f"a {type(thing).__name__}" + (f" of {inside.pop()}" if len(inside) == 1 and "" not in inside else "")
    return "a function" if callable(thing) else f"of type {type(thing).__name__}"
