"""One job: an exercise, and what it has to say to an answer."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from inspect import Parameter, signature

import numpy as np

from regbook.exercises.run import run_safely

LEVELS = {1: "easy", 2: "medium", 3: "hard"}


class NotYet(str):
    """What is said to an answer that is not there yet: that is no mistake."""


UNANSWERED = NotYet("Not answered yet: replace the ... and run the cell.")


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What all exercises have in common.

    name: what check(...) calls it. title: its heading in the book. kind: 'predict', 'compute', 'code' or 'break it'.
    level: a key of LEVELS. minutes: to solve it. objective: which of the chapter's "What you'll learn", counted from 1.
    section: the heading that helps. hints: from vague to plain, given one at a time.
    """

    name: str
    title: str
    kind: str
    level: int
    minutes: int
    objective: int
    section: str
    hints: tuple[str, ...]
    shown: str = ""  # of the comparison, to whom the answer was right

    @property
    def head(self) -> str:
        """What the book and JupyterLab say below the title."""
        return f"{self.kind.capitalize()} · {LEVELS[self.level]} · {self.minutes} minutes."

    def mistake(self, answer) -> str | None:
        """None for a right answer, else what is wrong, in words for the reader."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Value(Exercise):
    """The answer is a number, an array or list of numbers, a word, or a list of words.

    right: the answer. within: how far a number may be from it, as a share of it. mistakes: (a wrong answer, what it
    looks like) in order; a callable in place of the wrong answer gets the reader's and says whether it is that mistake.
    """

    right: object
    within: float = 0.01
    mistakes: tuple = ()

    def mistake(self, answer):
        if _unanswered(answer):
            return UNANSWERED
        if _words(self.right):
            return self._mistake_in_words(answer)
        got, trouble = to_numbers(answer)
        want = np.asarray(self.right, float)
        trouble = trouble or shape_trouble(got, want)
        if trouble:
            return trouble
        if close(got, want, self.within):
            return None
        for wrong, looks_like in self.mistakes:
            if wrong(answer) if callable(wrong) else close(got, np.asarray(wrong, float), self.within):
                return looks_like
        return guess([got], [want]) or _direction(got, want, self.within)

    def _mistake_in_words(self, answer):
        got = _words(answer)
        if not got:
            return f"The answer should be {_describe(self.right)}, in quotes; yours is {_describe(answer)}."
        want = _words(self.right)
        if len(got) != len(want):
            return f"The answer should hold {len(want)} word{'s' * (len(want) != 1)}; yours holds {len(got)}."
        if got == want:
            return None
        for wrong, looks_like in self.mistakes:
            if wrong(got) if callable(wrong) else got == _words(wrong):
                return looks_like
        unknown = sorted(set(got) - set(want))
        if unknown and len(want) > 1:
            return f"{unknown[0]!r} is none of the words to choose from."
        return "Something else happens."


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """The answer is a function of the reader's.

    cases: tuples of arguments to call it with. right: functions that solve the exercise; each conventional way to read
    it. mistakes: (a function with a mistake in it, what that mistake is) in order. within: as for Value.
    """

    cases: tuple[tuple, ...]
    right: tuple[Callable, ...]
    mistakes: tuple[tuple[Callable, str], ...]
    within: float = 1e-4

    def mistake(self, answer):
        if answer is ...:
            return UNANSWERED
        if not callable(answer):
            return f"This wants the function itself, without brackets behind its name; yours is {_describe(answer)}."
        trouble = self._trouble_with_call(answer)
        if trouble:
            return trouble
        want = [np.asarray(self.right[0](*deepcopy(case)), float) for case in self.cases]
        got = []
        for case, goal in zip(self.cases, want):
            result, trouble = run_safely(answer, deepcopy(case))
            if trouble:
                return trouble
            if _unanswered(result):
                return NotYet("Not answered yet: the function returns nothing. (Did you forget return?)")
            numbers, trouble = to_numbers(result)
            trouble = trouble or shape_trouble(numbers, goal)
            if trouble:
                return trouble
            got.append(numbers.reshape(goal.shape))
        for solution in self.right:
            if self._same(got, solution):
                return None
        for wrong, looks_like in self.mistakes:
            if self._same(got, wrong):
                return looks_like
        return guess(got, want) or self._first_difference(got, want)

    def _same(self, got, function):
        results = [np.asarray(function(*deepcopy(case)), float) for case in self.cases]
        return all(
            result.size == mine.size and close(mine, result.reshape(mine.shape), self.within)
            for mine, result in zip(got, results)
        )

    def _trouble_with_call(self, answer):
        wanted = len(self.cases[0])
        try:
            parameters = signature(answer).parameters.values()
        except (TypeError, ValueError):
            return None  # functions written in C may not tell
        places = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
        needed = sum(p.default is Parameter.empty for p in places)
        most = np.inf if any(p.kind is Parameter.VAR_POSITIONAL for p in parameters) else len(places)
        if needed <= wanted <= most:
            return None
        return f"The function will be called with {wanted} arguments; yours takes {len(places)}."

    def _first_difference(self, got, want):
        for number, (mine, goal) in enumerate(zip(got, want), start=1):
            if not close(mine, goal, self.within):
                case = ", ".join(_short(argument) for argument in self.cases[number - 1])
                right_so_far = f"The first {number - 1} of our trials are right. " if number > 1 else ""
                return f"{right_so_far}Called with ({case}), it gives {_short(mine)}, which is not it."
        return None


@dataclass(frozen=True, kw_only=True)
class Break(Exercise):
    """The answer is a setting that makes a claim fail. verdict(number) gives None where it does, else why not."""

    verdict: Callable[[float], str | None]

    def mistake(self, answer):
        if _unanswered(answer):
            return UNANSWERED
        number, trouble = to_numbers(answer)
        trouble = trouble or shape_trouble(number, np.zeros(()))
        return trouble or self.verdict(float(number.reshape(())))


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
        numbers = numbers.astype(float)
    except Exception:
        return None, f"The answer should be a number or an array of numbers; yours is {_describe(answer)}."
    if np.isnan(numbers).any():
        return (
            None,
            "There is a NaN in the answer: not a number. Was something divided by zero, or its root or logarithm taken?",
        )
    if np.isinf(numbers).any():
        return None, "There is an infinity in the answer. Was something divided by zero?"
    return numbers, None


def shape_trouble(got, want):
    """None where the shapes agree, or the answer is one number wrapped in brackets; else what is wrong."""
    if got.shape == want.shape or got.size == want.size == 1:
        return None
    if want.size == 1:
        return f"The answer should be one number; yours has the shape {got.shape}. Is a sum missing?"
    if got.size == 1:
        return f"The answer should have the shape {want.shape}; yours is one number. Is there a sum too many?"
    return f"The answer should have the shape {want.shape}; yours has {got.shape}."


def guess(got, want):
    """What kind of mistake it looks like when only the numbers are known: lists of arrays, one a trial."""
    mine, goal = (np.concatenate([np.ravel(array) for array in arrays]) for arrays in (got, want))
    if close(mine, -goal, 1e-3):
        return "The size is right and the sign is not."
    for factor, words in ((2, "twice as large as"), (0.5, "half as large as")):
        if close(mine, factor * goal, 1e-3):
            return f"Everything is {words} it should be. Check the conventions: where is a factor 2 or ½?"
    if not mine.any() and goal.any():
        return "Everything is zero."
    return None


def _direction(got, want, within):
    if want.size == 1:
        return f"It should be {'smaller' if got > want else 'larger'}."
    right = sum(close(mine, goal, within) for mine, goal in zip(got.ravel(), want.ravel()))
    return f"Of the {want.size} numbers {right} {'is' if right == 1 else 'are'} right."


def _unanswered(answer):
    parts = answer if isinstance(answer, (list, tuple)) else [answer]
    return any(part is ... or part is None for part in parts)


def _words(answer):
    """The answer as a list of words, or [] where it is no text."""
    parts = [answer] if isinstance(answer, str) else answer
    if isinstance(parts, (list, tuple)) and parts and all(isinstance(part, str) for part in parts):
        return [" ".join(part.lower().split()) for part in parts]
    return []


def _describe(thing):
    if isinstance(thing, str):
        return "a text"
    if isinstance(thing, (list, tuple)):
        return "a list" + (" of words" if _words(thing) else "")
    if callable(thing):
        return "a function"
    return f"of type {type(thing).__name__}"


def _short(thing):
    if isinstance(thing, float):
        return f"{thing:.4g}"
    text = (
        np.array2string(thing, precision=4, threshold=6, edgeitems=2) if isinstance(thing, np.ndarray) else repr(thing)
    )
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:80]} …"
