"""An exercise in which the reader says what is wrong with the report of a comparison."""

from dataclasses import dataclass
from difflib import get_close_matches
from math import isclose

from regbook.evidence import Verdict
from regbook.exercises.exercise import UNANSWERED, Exercise

FAULTS = {
    "one run": "a method ran once, so luck decides",
    "best run": "of several runs of a method, the best was picked to be reported",
    "not paired": "the two methods had different rows or different initial weights",
    "training rows": "models are scored on the rows that they were trained on",
    "chosen on test": "the rows that report have also chosen something",
    "leak": "something was computed from all rows before the test rows were set aside",
    "end of grid": "the strength that came out best is the first or the last that was tried",
    "weak rival": "the rival is one that nobody should use, such as a plain network that is not stopped in time",
    "penalty in the loss": "losses are compared that contain the penalty",
    "shared rows": "splits of one table are counted as if they were independent",
    "lopsided classes": "nearly all labels are the same, and nobody asked what always naming that one would score",
    "unequal budgets": "one method was trained longer, or tuned more, than the other",
    "picked metric": "several metrics were computed, and the one to report was picked afterwards",
    "another scale": "two methods got the same number, though it does not mean the same to them",
    "inputs not scaled": "the penalty charges some inputs more than others, because of their units",
    "false test labels": "some labels of the test rows are false",
    "none": "the comparison is sound",
}
REMEDIES = {
    "more pairs": "give both methods the same 20 seeds or more, and report the mean difference",
    "report all runs": "report the mean of all runs, of both methods",
    "score other rows": "score both methods on rows that neither was trained on",
    "choose on validation": "let validation rows choose; open the test rows once, to report",
    "split first": "set the test rows aside before anything is computed from the rows",
    "widen the grid": "go on until there are worse strengths on both sides of the best",
    "add the rival": "put in the plain network stopped in time, a smaller one and a simple model",
    "take the penalty out": "compare the loss without the penalty",
    "correct the error": "use the standard error for splits that share rows",
    "add the majority": "compare with always naming the commonest label",
    "equal budgets": "give both methods the same epochs and the same search",
    "report all metrics": "report every metric that was computed, with its sign",
    "tune each": "let each method choose its own strength, on its own scale",
    "scale the inputs": "standardise the inputs with the training rows",
    "more test rows": "score both methods on more rows",
    "none": "nothing has to be mended",
}
GAINS = {
    "stays": "it changes by a quarter at most, and is about as sure as before",
    "less sure": "it stays, but its standard error grows by more than a quarter",
    "grows": "it grows by more than a quarter",
    "shrinks": "it loses more than a quarter, but not all",
    "vanishes": "less than a tenth is left, or it lies within two standard errors of zero",
    "turns round": "the other method wins, by more than two standard errors",
}
PARTS = {"fault": FAULTS, "remedy": REMEDIES, "gain": GAINS}
ASK = "Of each number ask: of which runs is it, on which rows, who chose it, and against which rival?"


@dataclass(frozen=True, kw_only=True)
class Report(Exercise):
    """The answer is three words: what is wrong with a report, its remedy, and what that makes of the reported gain.

    fault, remedy, gain: the words of PARTS that are right, one or more. look: where the report itself shows what
    becomes of the gain. mistakes: (a wrong word, why it is wrong here).
    """

    kind: str = "judge"
    minutes: int = 4
    fault: tuple[str, ...]
    remedy: tuple[str, ...]
    gain: tuple[str, ...]
    look: str
    mistakes: tuple

    def mistake(self, answer):
        if answer is ... or (isinstance(answer, (list, tuple)) and any(part is ... for part in answer)):
            return UNANSWERED
        if not isinstance(answer, (list, tuple)) or not all(isinstance(part, str) for part in answer):
            return "The answer should be three words, each in quotes: (fault, remedy, gain)."
        if len(answer) != len(PARTS):
            return f"The answer should hold three words, (fault, remedy, gain); yours holds {len(answer)}."
        words = [" ".join(part.lower().split()) for part in answer]
        for word, part in zip(words, PARTS):
            if word not in PARTS[part]:
                return _unknown(word, part)
        fault, remedy, gain = words
        known = dict(self.mistakes)
        if fault not in self.fault:
            return known.get(fault) or _no_fault(fault)
        if remedy not in self.remedy:
            why = "There is nothing to be mended" if fault == "none" else "That does not mend this fault"
            return known.get(remedy) or f"The fault is right. But “{remedy}” means: {REMEDIES[remedy]}. {why}."
        return None if gain in self.gain else known.get(gain) or f"Fault and remedy are right. {self.look}"


def becomes(reported, mended):
    """The word of GAINS for a gain that was `reported`, a Verdict or a number, and is `mended`, a Verdict, now."""
    before = reported.mean if isinstance(reported, Verdict) else reported
    left, error = mended.mean / before, mended.standard_error / abs(before)
    if left < -2 * error:
        return "turns round"
    if isinstance(reported, Verdict) and isclose(left, 1) and mended.standard_error > 1.25 * reported.standard_error:
        return "less sure"
    if left < max(0.1, 2 * error):
        return "vanishes"
    return "shrinks" if left < 0.75 else "stays" if left <= 1.25 else "grows"


def _unknown(word, part):
    for other, words in PARTS.items():
        if word in words:
            return f"“{word}” is a {other}; in its place a {part} is asked for: (fault, remedy, gain)."
    near = get_close_matches(word[:40], PARTS[part], n=1)
    meant = f" Did you mean “{near[0]}”?" if near else ""
    return f"“{word[:40]}” is none of the words for the {part}.{meant} They are: {', '.join(PARTS[part])}."


def _no_fault(word):
    if word == "none":
        return f"Something is wrong with it. {ASK}"
    return f"“{word}” would mean: {FAULTS[word]}. The report does not say so."
