"""Exercises of chapter 4, choosing honestly."""

import numpy as np

from regbook.exercises import Exercises, Function, Value
from regbook.exercises.report import ASK, Report

_random = np.random.default_rng(4)


def _difference(new, baseline):
    d = new - baseline
    return np.array([d.mean(), d.std(ddof=1) / np.sqrt(len(d))])


def _with_error(error):
    return lambda new, baseline: np.array([np.mean(new - baseline), error(new, baseline)])


def _pairs(seeds):
    luck = _random.uniform(0.7, 0.9, seeds)  # what a seed's data do to both; the scores stay below 1
    return luck + _random.normal(0.02, 0.01, seeds), luck


_PAIRED = Function(
    name="paired", title="A difference and its error",
    level=2, minutes=8, objective=1,
    section="The coin that always lands on your side",
    hints=(
        "Both methods share a seed's data and initial weights. So subtract seed by seed before anything else.",
        "The standard error is the standard deviation of the differences, divided by the root of their number.",
        "np.std has ddof=1 for a standard deviation from a sample.",
    ),
    cases=(_pairs(5), _pairs(20)),
    right=(_difference, lambda new, baseline: 100 * _difference(new, baseline)),  # in points, as `compare` has it
    mistakes=(
        (_with_error(lambda a, b: np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))), "It looks as if the two were compared unpaired: the luck of each seed is then part of the error."),
        (_with_error(lambda a, b: np.std(a - b, ddof=1)), "That is the standard deviation: how far single differences scatter. How far does their mean?"),
        (_with_error(lambda a, b: np.std(a - b, ddof=1) / len(a)), "It looks as if the division were by the number of seeds; it is by its root."),
        (_with_error(lambda a, b: np.std(a - b) / np.sqrt(len(a))), "Nearly: from a sample, the standard deviation divides by one less than the number (ddof=1)."),
        (lambda a, b: _difference(b, a), "It looks as if the new method were taken from the baseline; it should be the other way round."),
        (_with_error(lambda a, b: 2 * np.std(a - b, ddof=1) / np.sqrt(len(a))), "The error is twice as large as it should be: give one standard error."),
        (_with_error(lambda a, b: np.std(a, ddof=1) / np.sqrt(len(a))), "It looks as if the error were that of the new method alone; take that of the differences."),
        (_with_error(lambda a, b: np.std(a - b) / len(a)), "The mean is right. In the error, take the root of the number of seeds, and ddof=1."),
        (_with_error(lambda a, b: np.var(a - b, ddof=1) / len(a)), "It looks as if the error were squared: the root is missing."),
        (_with_error(lambda a, b: np.sqrt((np.var(a) + np.var(b)) / len(a))), "It looks as if the two were compared unpaired (and without ddof=1): the luck of each seed is then part of the error."),
        (_with_error(lambda a, b: np.abs(np.std(a, ddof=1) - np.std(b, ddof=1)) / np.sqrt(len(a))), "It looks as if the standard deviations were subtracted; take that of the differences."),
        (lambda a, b: a - b, "These are the differences seed by seed; what are their mean, and its standard error?"),
        ("Verdict", "Its .mean and .standard_error are the two numbers."),
    ),
)  # fmt: skip


def _by_folds(strengths, errors):
    return strengths[np.argmin(np.mean(errors, axis=0))]


# One row per fold, one column per strength. The right choice is the middle; each way to go wrong leads elsewhere.
_FOLDS = np.array(
    [[0.9, 0.4, 0.5, 0.95, 1.2], [0.8, 0.9, 0.5, 0.3, 1.1], [0.35, 0.9, 0.5, 0.95, 1.5], [0.45, 0.9, 0.6, 0.9, 1.4]]
)
_FAR_FOLD = np.array([[0.3, 0.5, 0.6], [0.2, 0.5, 0.3], [0.9, 0.6, 0.7]])  # the worst fold would choose otherwise

_CHOOSE = Function(
    name="folds", title="Let the folds agree",
    level=2, minutes=6, objective=2,
    section="Choose by validation, or by cross-validation",
    hints=(
        "Each fold has measured every strength. Which average belongs to a strength?",
        "Average over the folds (axis=0), then take the strength with the smallest mean error.",
    ),
    cases=(([0, 0.01, 0.1, 1, 10], _FOLDS), ([10, 1, 0.1, 0.01, 0], _FOLDS[:, ::-1]), ([0.2, 2, 20], _FAR_FOLD)),
    right=(_by_folds,),
    mistakes=(
        (lambda s, e: np.mean([s[i] for i in e.argmin(axis=1)]), "It looks as if each fold had chosen and the choices were averaged: a strength that nobody measured."),
        (lambda s, e: s[e.min(axis=0).argmin()], "It looks as if the luckiest single fold had decided. Average over the folds first."),
        (lambda s, e: s[e.max(axis=0).argmin()], "It looks as if each strength were judged by its worst fold. Average over the folds first."),
        (lambda s, e: np.median([s[i] for i in e.argmin(axis=1)]), "It looks as if each fold had chosen and the median of the choices were taken; average the errors instead."),
        (lambda s, e: s[e[0].argmin()], "It looks as if the first fold alone had decided."),
        (lambda s, e: np.argmin(e.mean(axis=0)), "That is the place of the right column; which strength stands there?"),
        (lambda s, e: s[e.mean(axis=0).argmax()], "It looks as if the largest error were taken; less is better."),
        (lambda s, e: s[np.bincount(e.argmin(axis=1)).argmax()], "It looks as if the folds had voted. A narrow win and a heavy loss count alike then; average the errors."),
        (lambda s, e: s[e.mean(axis=1).argmin()], "It looks as if the average were over the strengths: then a fold is chosen, not a strength."),
        (lambda s, e: e.mean(axis=0), "These are the mean errors; which strength has the smallest?"),
        ("IndexError", "Was the place counted along the whole table, or along the folds? Average over the folds (axis=0) first."),
        (lambda s, e: e.mean(axis=0).min(), "That is the smallest error; the question is at which strength."),
    ),
)  # fmt: skip


def _stop(losses, patience, falls=lambda loss, best: loss < best, gives=lambda best, epoch: best):
    best = 0
    for epoch, loss in enumerate(losses):
        if falls(loss, losses[best]):
            best = epoch
        elif epoch - best >= patience:
            break
    return gives(best, epoch)


def _never_reset(losses, patience):
    best = waited = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            waited += 1
            if waited == patience:
                break
    return best


def _rises_in_a_row(losses, patience):
    rises = 0
    for epoch in range(1, len(losses)):
        rises = rises + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if rises == patience:
            break
    return int(np.argmin(losses[: epoch + 1]))


_STOP = Function(
    name="patience", title="Stop in time",
    level=3, minutes=12, objective=3,
    section="The rival that many comparisons forget",
    hints=(
        "Walk through the epochs and remember the best one so far.",
        "When the present epoch is `patience` epochs past the best one, and no better, it is over.",
        "Return the best epoch seen until then, counted from 0: its weights are the ones that are kept.",
    ),
    cases=(
        ([0.9, 0.7, 0.6, 0.65, 0.62, 0.58, 0.6, 0.61, 0.63, 0.5, 0.52, 0.53, 0.54, 0.55, 0.3], 3),
        ([1.0, 0.8, 0.81, 0.82, 0.7, 0.6], 2),
        ([0.9, 0.5, 0.6, 0.4, 0.45], 5),
        ([0.9, 0.95, 0.8, 0.85, 0.7, 0.75, 0.6, 0.65, 0.5], 3),
        ([0.9, 0.5, 0.5, 0.5, 0.5, 0.4], 3),
        ([0.5, 0.7, 0.6, 0.65, 0.62, 0.4], 3),
    ),
    right=(_stop,),
    mistakes=(
        (_never_reset, "It looks as if the count went on after an improvement: only epochs in a row count."),
        (_rises_in_a_row, "It looks as if each epoch were compared with the one before it; compare with the best one."),
        (lambda losses, patience: _stop(losses, patience, falls=lambda loss, best: loss <= best), "It looks as if an equal loss counted as an improvement; it has not fallen below the best."),
        (lambda losses, patience: _stop(losses, patience, gives=lambda best, epoch: epoch), "That is the epoch at which training stops; the weights that are kept are older."),
        (lambda losses, patience: int(np.argmin(losses)), "It looks as if all epochs were seen; training had stopped before some of them."),
        (lambda losses, patience: _stop(losses, 1), "It looks as if the first rise had ended it; patience allows some."),
        (lambda losses, patience: _stop(losses, patience) + 1, "It looks as if the epochs were counted from 1; count from 0."),
        (lambda losses, patience: _stop(losses, patience + 1), "It looks as if it waited one epoch too long."),
        (lambda losses, patience: _stop(losses, patience - 1), "It looks as if it stopped one epoch too early."),
        (lambda losses, patience: len(losses) - 1, "That is the last epoch; early stopping keeps the best one."),
        (lambda losses, patience: losses[_stop(losses, patience)], "That is the loss of the right epoch; give the epoch."),
    ),
)  # fmt: skip


def _blend(x, y, partner, share, of_x=True, of_y=True):
    s = share[:, None]
    return np.hstack([s * x + (1 - s) * x[partner] if of_x else x, s * y + (1 - s) * y[partner] if of_y else y])


def _batch(rows):
    y, share = np.eye(4)[_random.integers(0, 4, rows)], _random.beta(1, 1, rows)
    return _random.normal(size=(rows, 3)), y, np.roll(np.arange(rows), 1), share


_MIXUP = Function(
    name="mixup", title="Blend images and labels",
    level=2, minutes=8, objective=4,
    section="All methods in one table",
    hints=(
        "x[partner] holds, for each row, the row that it is blended with; y[partner] its label.",
        "share has one number per row; share[:, None] makes it a column that multiplies whole rows.",
        "The same share blends inputs and labels; np.hstack puts the two side by side.",
    ),
    cases=(_batch(6), _batch(5)),
    right=(_blend,),
    mistakes=(
        (lambda *case: _blend(*case, of_y=False), "It looks as if the labels were not blended: an image that is half a 3 is then called a whole one."),
        (lambda *case: _blend(*case, of_x=False), "It looks as if the inputs were not blended."),
        (lambda x, y, p, s: np.hstack([_blend(x, y, p, s)[:, :3], _blend(x, y, p, 1 - s)[:, 3:]]), "It looks as if inputs and labels were blended in opposite proportions."),
        (lambda x, y, p, s: _blend(x, y, p, 1 - s), "It looks as if the share were the partner's; it is the row's own."),
        (lambda x, y, p, s: _blend(x, y, p, np.full(len(s), s[0])), "It looks as if all rows had the same share; each has its own."),
        (lambda x, y, p, s: _blend(x, y, p, np.full(len(s), 0.5)), "It looks as if everything were blended half and half; where is the share?"),
        (lambda x, y, p, s: np.hstack([_blend(x, y, p, s)[:, :3], y[p]]), "It looks as if the partner's label were taken whole."),
        (lambda x, y, p, s: np.hstack([s[:, None] * x + x[p], s[:, None] * y + y[p]]), "It looks as if the partner's share were missing: the two shares should add up to 1."),
    ),
)  # fmt: skip


def _stacked(x, kernels, biases):
    return np.maximum(x @ kernels + biases[:, None], 0)


def _members(members, rows, inputs, units):
    shapes = (members, rows, inputs), (members, inputs, units), (members, units)
    return tuple(_random.normal(size=shape) for shape in shapes)


_STACKED = Function(
    name="members", title="One layer, many networks",
    level=3, minutes=10, objective=5,
    section="How hundreds of models fit at once",
    hints=(
        "For one network it would be np.maximum(x @ kernel + bias, 0). What changes with one more axis in front?",
        "x @ kernels already multiplies member by member, since both have the members in front.",
        "The biases lack the axis of the rows: biases[:, None].",
    ),
    cases=(_members(3, 4, 2, 3), _members(4, 5, 3, 5)),
    right=(_stacked,),
    mistakes=(
        ("could not be broadcast", "It looks as if the biases went to the wrong axis: their first axis is the member, that of x @ kernels too, and the rows stand in between."),
        (lambda x, k, b: x @ k + b[:, None], "It looks as if the ReLU were missing."),
        (lambda x, k, b: np.maximum(x @ k, 0), "It looks as if the biases were missing."),
        (lambda x, k, b: _stacked(x, k[:1], b), "It looks as if all members had the first one's kernel."),
        (lambda x, k, b: _stacked(x, k, b[:1]), "It looks as if all members had the first one's biases."),
        (lambda x, k, b: np.maximum(x @ k, 0) + b[:, None], "It looks as if the biases were added after the ReLU."),
        (lambda x, k, b: _stacked(x, k.mean(axis=0, keepdims=True), b), "It looks as if the kernels were averaged: the members are then no longer networks of their own."),
        (lambda x, k, b: _stacked(x[:1], k, b), "It looks as if all members saw the first one's rows."),
    ),
)  # fmt: skip


exercises = Exercises(
    "choosing",
    Value(
        name="wrong winner", title="One run against one run",
        level=1, minutes=5, objective=1,
        section="The coin that always lands on your side",
        hints=(
            "Nine comparisons are possible: each of three runs with each of three.",
            "Count those in which the new method's run is above the old one's, then divide by nine.",
        ),
        right=4 / 9,
        mistakes=(
            (4, "That is the right count; give it as a share of all comparisons."),
            (5 / 9, "That is how often the comparison names the right winner."),
            (2 / 3, "It looks as if first met first, second met second, third met third. The six runs have seeds of their own, so each may meet each."),
            (1 / 3, "It looks as if some comparisons were left out: each of three runs may meet each of three, nine in all."),
            (400 / 9, "That is a percentage; give a share of 1."),
            (0, "The old method is better on average; single runs of it are not all above those of the new one."),
        ),
    ),
    _PAIRED,
    _CHOOSE,
    _STOP,
    _MIXUP,
    _STACKED,
    Report(
        name="two metrics", title="One of two metrics", level=2, objective=4, section="All methods in one table",
        fault=("picked metric",), remedy=("report all metrics",), gain=("turns round",),
        hints=(ASK, "Two metrics were computed. Which of them makes it into the last sentence?"),
        look="The report gives both log losses. Who wins by them, if less is better?",
        shown="In the log loss L2 loses, by 0.070 ± 0.023: it is right more often, and its probabilities are worse.",
        mistakes=(
            ("weak rival", "The plain network is stopped in time. But what else was computed?"),
            ("choose on validation", "The fault is right. But a metric is not for any rows to choose: tell both."),
            ("stays", "In accuracy, yes. And in the other metric?"),
        )),
    Report(
        name="no gain", title="No gain", level=2, objective=3, section="The rival that many comparisons forget",
        fault=("none",), remedy=("none",), gain=("stays", "vanishes"),
        hints=(ASK, "Is a report wrong because it found nothing?"),
        look="Nothing was mended, and nothing had been gained: what does it do?",
        shown="A null result, and a sound one: 20 other seeds give +0.1 ± 0.1 points.",
        mistakes=(
            ("end of grid", "The grid ends at 0.1, true, but there is nothing below it except rate 0: the plain network, and it is in the table."),
            ("weak rival", "Plain is stopped in time, and a smaller network stands beside it. (A simple model would be welcome, too.)"),
            ("chosen on test", "Each seed chose on its own validation rows; the test set was opened once."),
        )),
)  # fmt: skip
