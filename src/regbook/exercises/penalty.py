"""Exercises of chapter 1, the penalty idea."""

from functools import partial

import numpy as np

from regbook.data import wave
from regbook.evidence import compare
from regbook.exercises import Break, Exercises, Function, Value
from regbook.exercises.report import ASK, Report

_random = np.random.default_rng(1)
_CASES = tuple(
    (_random.normal(size=3), offset, _random.normal(size=(rows, 3)), _random.normal(size=rows), strength)
    for rows, offset, strength in ((4, 0.5, 0.1), (7, -2.0, 3.0), (5, 1.0, 0.0))
)


def _loss(w, b, X, y, strength, price=lambda w: np.sum(w**2), size=lambda e: np.mean(e**2)):
    return size(y - X @ w - b) + strength * price(w)


_PRICE = Function(
    name="price", title="Write the bill",
    level=1, minutes=5, objective=2,
    section="The idea: a weight must be worth its price",
    hints=(
        "There are two terms: how wrong the predictions are on average, and what the weights cost together.",
        "The predictions are X @ w + b. Of them, the first term needs the mean of something squared.",
        "np.mean((y - X @ w - b) ** 2) is the first term. The second has strength, a sum and a square, and no b.",
    ),
    cases=_CASES,
    right=(_loss,),
    mistakes=(
        (partial(_loss, price=lambda w: np.sum(np.abs(w))), "It looks as if the weights were not squared: that is an L1 penalty."),
        (partial(_loss, price=np.linalg.norm), "It looks as if there were a root: the penalty has the squared length, Σ w², not the length."),
        (partial(_loss, price=lambda w: np.sum(w**2) / 2), "It looks as if the penalty had a factor ½. Many texts have it; this course has not."),
        (partial(_loss, price=lambda w: np.mean(w**2)), "It looks as if the squared weights were averaged; the penalty is their sum."),
        (partial(_loss, price=np.sum), "It looks as if the weights were not squared: a negative weight would then be paid for."),
        (partial(_loss, price=lambda w: np.sum(w) ** 2), "It looks as if the sum of the weights were squared: square every weight first, then sum."),
        (lambda w, b, *rest: _loss(w, b, *rest) + rest[-1] * b**2, "It looks as if the bias were charged too; it is free."),
        (partial(_loss, size=lambda e: np.sum(e**2)), "It looks as if the squared errors were summed; the data loss is their mean."),
        (partial(_loss, size=lambda e: np.mean(e) ** 2), "It looks as if the mean error were squared: square every error first, then average. (** binds to what stands just before it.)"),
        (partial(_loss, size=lambda e: np.sum(e) ** 2), "It looks as if the sum of the errors were squared: square every error first, then average."),
        (partial(_loss, size=lambda e: np.sqrt(np.mean(e**2))), "It looks as if a root were taken of the mean squared error; the data loss has none."),
        (partial(_loss, size=lambda e: np.mean(np.abs(e))), "It looks as if the errors were not squared."),
        (lambda w, b, *rest: _loss(w, -b, *rest), "It looks as if the bias were added to the error: the prediction is X @ w + b, so write y - (X @ w + b)."),
        (lambda w, b, *rest: _loss(w, 0, *rest), "It looks as if the bias were missing from the prediction."),
        ("matmul", "X has a row per point and a column per weight: X @ w."),
        (lambda *case: _loss(*case[:-1], 0), "It looks as if the penalty were missing."),
        (lambda w, b, X, y, strength: _loss(w, b, X, y, strength / len(y)), "It looks as if the penalty were divided by the number of rows; only the errors are averaged."),
        (lambda *case: _loss(*case[:-1], case[-1] ** 2), "It looks as if the strength were squared; only the weights are."),
    ),
)  # fmt: skip


def _gradient(w, X, y, strength, data=2.0, penalty=2.0, sign=1.0):
    return sign * data / len(y) * X.T @ (X @ w - y) + penalty * strength * w


_GRADIENT = Function(
    name="gradient", title="The slope of the bill",
    level=2, minutes=8, objective=2,
    section="The idea: a weight must be worth its price",
    hints=(
        "The slope of a sum is the sum of the slopes: one for the data loss, one for the penalty.",
        "One weight alone: the slope of strength · w² is 2 · strength · w.",
        "The data loss gives -2/N · Xᵀ(y - Xw); in NumPy Xᵀ is X.T, and N is len(y).",
    ),
    cases=tuple((w, X, y, strength) for w, _, X, y, strength in _CASES),
    right=(_gradient,),
    mistakes=(
        (lambda *case: _gradient(*case, penalty=1), "It looks as if the 2 of the penalty's slope were missing: the slope of w² is 2w."),
        (lambda *case: _gradient(*case, data=1), "It looks as if the 2 of the data loss's slope were missing."),
        (lambda *case: _gradient(*case, data=2 * len(case[2])), "It looks as if the data loss were a sum; it is a mean: where is N?"),
        (lambda *case: _gradient(*case, sign=-1), "It looks as if the data loss had the wrong sign: which of prediction and target is taken from which?"),
        (lambda *case: _gradient(*case, penalty=-2), "It looks as if the penalty had the wrong sign: downhill must lead to smaller weights."),
        (lambda *case: _gradient(*case, penalty=0), "It looks as if the penalty were missing."),
        (lambda *case: _gradient(*case, penalty=2 * len(case[2])), "It looks as if the penalty were multiplied by N. Only Ridge(alpha) wants that."),
        (lambda w, X, y, strength: _gradient(w, X, y, 0) + strength * w**2, "It looks as if the penalty itself were added; we want its slope."),
        (lambda w, X, y, strength: _gradient(w, X, y, 0) + strength * np.sign(w), "It looks as if the slope were that of λ Σ|w|, an L1 penalty."),
        ("matmul", "X @ w has a number per row, X.T @ (y - X @ w) one per weight."),
        (lambda w, X, y, strength: _gradient(w, X, y, strength) * len(y) / 2, "It looks like the equation after it was multiplied by N/2. That has the same solution, but it is not the gradient."),
        (lambda w, X, y, strength: 2 * np.mean(X @ w - y) + 2 * strength * w, "It looks as if the X in front were missing: by the chain rule each error counts with the input of its weight."),
        (lambda w, X, y, strength: _gradient(w, X, y, strength * len(w) / len(y)) * len(y) / len(w), "It looks as if N were the number of weights; it is the number of rows, len(y)."),
    ),
)  # fmt: skip


def _shrink(w, amount):
    return np.sign(w) * np.maximum(np.abs(w) - amount, 0)


_SHRINK = Function(
    name="shrink", title="Towards zero, and not beyond",
    level=2, minutes=8, objective=4,
    section="Charge the absolute weights: L1",
    hints=(
        "Forget the signs at first: what should become of the sizes, np.abs(w)?",
        "A size loses the amount. Where it was smaller than the amount, it becomes 0; np.maximum helps.",
        "np.sign(w) gives the signs back.",
    ),
    cases=((np.array([3.0, -2.0, 0.5, -0.25, 0.0]), 1.0), (np.array([-0.3, 0.2, -4.0]), 0.25), (np.array([1.0, -1.0]), 0.0)),
    right=(_shrink,),
    mistakes=(
        (lambda w, a: w - a, "It looks as if the amount were taken from each weight: negative ones then grow in size."),
        (lambda w, a: w - a * np.sign(w), "It looks as if small weights jumped over zero to the other side. They should stop there."),
        (lambda w, a: np.where(np.abs(w) > a, w, 0), "It looks as if the small weights were cut off and the large ones did not pay. All pay."),
        (lambda w, a: np.maximum(np.abs(w) - a, 0), "It looks as if the signs were lost."),
        (lambda w, a: np.maximum(w - a, 0), "It looks as if negative weights became zero: compare sizes, not the weights themselves."),
        (lambda w, a: w * (1 - a), "It looks as if each weight were multiplied: so L2 shrinks, by a share. L1 takes the same amount from each."),
        (lambda w, a: np.where(w >= a, w - a, np.where(w < 0, w + a, w)), "It looks as if a weight that had crossed zero were moved back: the second line finds what the first has changed."),
        (lambda w, a: np.maximum(w - a * np.sign(w), 0), "It looks as if np.maximum were taken of the weights: it makes negative ones 0. Take it of their sizes."),
        (lambda w, a: np.where(np.abs(w - a * np.sign(w)) < a, 0, w - a * np.sign(w)), "It looks as if a weight became 0 because it is small after the move; it does where the move would carry it beyond zero."),
        (lambda w, a: np.clip(w, -a, a), "It looks as if the weights were limited to the amount: that keeps the small and cuts the large."),
        (lambda w, a: w / (1 + 2 * a), "It looks like the proximal step of L2. L1 takes the same amount from each weight."),
    ),
)  # fmt: skip


def _too_close_to_call(strength):
    """Ridge's mean validation error over the chapter's hundred draws; None where it can't be told from least squares.

    By the singular values of X, which stay exact at prices so low that the normal equations are lost in rounding.
    """
    points = wave(rows=30, seeds=range(1000, 1100))
    powers, others = (part.x[0] ** np.arange(1, 16) for part in (points.train, points.validation))
    X, X_val = ((p - powers.mean(axis=0)) / powers.std(axis=0) for p in (powers, others))
    U, size, V = np.linalg.svd(X, full_matrices=False)
    b = points.train.y.mean(axis=1)
    found = U.T @ (points.train.y.T - b)

    def errors(price):
        w = V.T @ ((size / (size**2 + len(X) * price))[:, None] * found)
        return np.mean((X_val @ w + b - points.validation.y.T) ** 2, axis=0)

    priced, difference = errors(strength), compare(errors(strength), errors(0), metric="error")
    why = None
    if difference.below(0):
        why = f"At {strength:g} ridge still wins, by more than two standard errors."
    elif difference.above(0):
        why = f"At {strength:g} ridge already loses, by more than two standard errors."
    return priced.mean(), why


exercises = Exercises(
    "penalty",
    Value(
        name="more points", title="More points, same freedom",
        kind="predict",
        level=1, minutes=3, objective=1,
        section="Failure first",
        hints=(
            "Thirty answers can be learned by heart with fifteen weights and a bias, almost. Three hundred?",
            "Both errors come closer to that of the noise, 0.09: one from below, the other from above.",
        ),
        right=["up", "down"],
        words=("up", "down"),
        mistakes=(
            (["down", "down"], "The second is right. But can fifteen weights follow the noise of 300 points as closely as that of 30?"),
            (["up", "up"], "The first is right. But with more points each one's noise has less of a say in the curve elsewhere."),
            (["down", "up"], "It is the other way round: more points are harder to learn by heart, and easier to learn from."),
        ),
    ),
    _PRICE,
    _GRADIENT,
    Value(
        name="filter", title="What is kept",
        level=1, minutes=4, objective=4,
        section="What shrinks first",
        hints=("The factor stands in the equation with h and λ.", "For the first direction: h = 0.18, and h + λ = 0.2."),
        right=[0.9, 0.5, 1 / 11],
        mistakes=(
            ([0.1, 0.5, 10 / 11], "These are the shares that are taken away; the question is what is kept."),
            ([0.18 / 0.22, 1 / 3, 1 / 21], "It looks as if λ were counted twice."),
            ([0.18 / 0.19, 2 / 3, 1 / 6], "It looks as if λ had a factor ½; this course has none."),
            ([90, 50, 100 / 11], "These are percentages; give shares between 0 and 1."),
            ([0.16, 0, -0.018], "It looks as if λ were taken away from h. The factor is a fraction."),
            ([9, 1, 0.1], "It looks like h/λ. The factor is h/(h + λ), which is never above 1."),
        ),
    ),
    _SHRINK,
    Break(
        name="too close to call", title="A price at which nobody can tell",
        level=2, minutes=8, objective=3,
        section="How high a price? The U-curve",
        hints=(
            "Where nobody can tell, the two errors are nearly equal. So what will the error of ridge be?",
            "Between which two prices of the table does the validation error pass that of λ = 0?",
            "Between 0.01 and 0.1, where it passes 0.148. Try one in the middle.",
        ),
        lowest=1e-9,
        highest=1000,
        quantity="the mean validation error",
        near=0.01,
        trial=_too_close_to_call,
    ),
    Report(
        name="half the error", title="Half the error", level=1, objective=1, section="Failure first",
        fault=("training rows",), remedy=("score other rows",), gain=("turns round",),
        hints=(ASK, "Which of the two is made to have the smallest error on these 25 points?"),
        look="On the fitted points least squares can't lose. What did this chapter find on others?",
        shown="On points that neither had seen, least squares loses, by 0.072 ± 0.009.",
        mistakes=(
            ("chosen on test", "Nothing was chosen, λ was fixed. But were these 25 points a test at all?"),
            ("choose on validation", "The fault is right. But there is nothing to choose: which points should report?"),
            ("more test rows", "The fault is right. But points of which kind?"),
        )),
    Report(
        name="one scale", title="One scale for all", level=3, objective=4, section="Scale the inputs, and leave the bias free",
        fault=("leak",), remedy=("split first", "scale the inputs"), gain=("stays",),
        hints=(ASK, "With which rows were the inputs scaled? And what can those rows have told about their targets?"),
        look="What do the mean and the spread of the test rows' inputs tell about their targets?",
        shown="Scaled with the training rows alone, ridge gains as much: 2.828 ± 0.616. Not every leak does harm, but mend it and nobody has to ask.",
        mistakes=(
            ("inputs not scaled", "They were scaled, all 80 rows at once. Which rows should have had a say?"),
            ("training rows", "The 60 rows that report were not trained on. But were they used before?"),
            ("none", "Nearly. But which rows had a say in the scale?"),
            ("vanishes", "A leak can do that. But what does this one tell about the targets?"),
        )),
)  # fmt: skip
