"""Exercises of chapter 3, dropout."""

import numpy as np

from regbook.data import diabetes
from regbook.evidence import compare
from regbook.exercises import Break, Exercises, Function, Value
from regbook.exercises.report import ASK, Report

_random = np.random.default_rng(3)


def _mask(h, rate, uniform):
    return np.where(uniform >= rate, h / (1 - rate), 0)


_MASK = Function(
    name="mask", title="Dropout in three lines",
    level=1, minutes=6, objective=1,
    section="The mask, from scratch",
    hints=(
        "A unit stays where its random number is at least the rate; so it is switched off with a probability of rate.",
        "Those that stay get louder, so that the sum is as before on average. How many stay, of ten, at a rate of 0.2?",
    ),
    cases=tuple((_random.normal(size=(4, 5)), rate, _random.random((4, 5))) for rate in (0.2, 0.7, 0.4)),
    right=(_mask, lambda h, rate, u: np.where(u < 1 - rate, h / (1 - rate), 0)),
    mistakes=(
        (lambda h, r, u: np.where(u >= r, h, 0), "It looks as if the units that stay were not made louder."),
        (lambda h, r, u: np.where(u >= r, h * (1 - r), 0), "It looks as if the units that stay were made softer: multiplied where they should be divided."),
        (lambda h, r, u: np.where(u >= r, h * r, 0), "It looks as if the units that stay were multiplied by the rate."),
        (lambda h, r, u: np.where(u >= r, h / r, 0), "It looks as if the division were by the rate, the share that goes; it is by the share that stays."),
        (lambda h, r, u: np.where(u < r, h / (1 - r), 0), "It looks as if the wrong units went: the rate is the fraction that is switched off."),
        (lambda h, r, u: np.where(u < r, h / r, 0), "It looks as if the rate were taken for the share that is kept. In Keras it is the fraction dropped."),
        (lambda h, r, u: np.where(u >= r, h + r * h, 0), "It looks as if a share were added; 1/(1 - rate) is more than 1 + rate."),
        (lambda h, r, u: np.where(u >= r, 1 / (1 - r), 0), "That is the mask, with its factor; the activations are missing."),
        (lambda h, r, u: u >= r, "That is the mask; the activations are missing, and what makes them louder."),
        (lambda h, r, u: h / (1 - r), "It looks as if no unit were switched off."),
        (lambda h, r, u: np.where(u[:1] >= r, h / (1 - r), 0), "It looks as if all rows had the same mask; each row has its own."),
    ),
)  # fmt: skip


def _right(hidden, weights, bias, y):
    return np.mean((hidden @ weights + bias > 0) == y)


def _silence(hidden, weights, bias, y, silent=np.equal):
    units = np.arange(len(weights))
    kept = [np.where(silent(units, unit), 0, weights) for unit in units]
    return _right(hidden, weights, bias, y) - np.array([_right(hidden, others, bias, y) for others in kept])


def _trained(rows, units, bias):
    hidden, weights = np.maximum(_random.normal(size=(rows, units)), 0), _random.normal(size=units)
    noise = _random.normal(size=rows)
    return hidden, weights, bias, (hidden @ weights + bias + noise > 0).astype(int)


_SILENCE = Function(
    name="silence", title="Silence one singer at a time",
    level=3, minutes=12, objective=3,
    section='Does it reduce "dependency on specific neurons"?',
    hints=(
        "First the accuracy of the whole choir: the share of rows in which (hidden @ weights + bias > 0) == y.",
        "For each unit: a copy of hidden with that column set to 0, and the accuracy again.",
        "The answer for each unit is the first accuracy minus the second.",
    ),
    cases=(_trained(40, 5, -0.5), _trained(30, 3, 0.7)),
    right=(_silence,),
    mistakes=(
        (lambda *case: -_silence(*case), "The sizes are right; what is lost should be positive: before minus after."),
        (lambda *case: _silence(*case, silent=np.less_equal), "It looks as if the units were not switched on again: each should be silent alone."),
        (lambda *case: _right(*case) - _silence(*case), "These are the accuracies with a unit silent; the question is how much is lost."),
        (lambda *case: _silence(*case, silent=np.not_equal), "It looks as if all units but one were silent; it should be one."),
        (lambda h, w, b, y: _silence(h, w, 0, y), "It looks as if the bias were missing."),
        (lambda h, w, b, y: len(y) * _silence(h, w, b, y), "These are numbers of rows; give shares of all rows."),
        (lambda h, w, b, y: np.zeros(len(w)), "Everything is zero. Is a row called class 1 where the sum is above 0 (> 0), before it is compared with y?"),
        (lambda h, w, b, y: np.mean(_silence(h, w, b, y)), "It looks as if the losses were averaged: give one for each unit."),
        (lambda *case: _silence(*case) / _right(*case), "It looks as if the loss were given as a share of the accuracy; give it in accuracy."),
        (lambda *case: 100 * _silence(*case), "These are percentages; give shares of 1."),
        (lambda *case: np.abs(_silence(*case)), "It looks as if the sign were dropped: a network may even be better without a unit."),
    ),
)  # fmt: skip


def _penalty(w, X, rate):
    return rate / (1 - rate) * np.sum(w**2 * np.mean(X**2, axis=0))


_PENALTY = Function(
    name="penalty in disguise", title="The price that dropout charges",
    level=2, minutes=8, objective=4,
    section="Dropout is a penalty in disguise",
    hints=(
        "It is a ridge penalty with a λ of its own for each input.",
        "The λ of an input: rate/(1 - rate) times the mean of that input's squares over the rows.",
        "Then the usual: λ times squared weight, summed over the inputs.",
    ),
    cases=tuple((_random.normal(size=4), _random.normal(size=(rows, 4)) * [1, 2, 0.5, 3], rate) for rows, rate in ((6, 0.2), (9, 0.6))),
    right=(_penalty,),
    mistakes=(
        (lambda w, X, r: _penalty(w, X, 1 - r), "It looks as if the factor were upside down: a higher rate should cost more."),
        (lambda w, X, r: r * np.sum(w**2 * np.mean(X**2, axis=0)), "It looks as if the factor were the rate alone. Remember that those who stay are made louder."),
        (lambda w, X, r: r * (1 - r) * np.sum(w**2 * np.mean(X**2, axis=0)), "It looks as if the factor were rate times (1 - rate), the variance of the mask before it is made louder."),
        (lambda w, X, r: r / (1 - r) * np.sum(w**2), "It looks as if the inputs were missing: that holds for standardised ones only."),
        (lambda w, X, r: r / (1 - r) * np.sum(w**2 * np.sum(X**2, axis=0)), "It looks as if the squares of the inputs were summed over the rows; take their mean."),
        (lambda w, X, r: r / (1 - r) * np.sum(w**2 * np.mean(X, axis=0) ** 2), "It looks as if the mean were squared; take the mean of the squares."),
        (lambda w, X, r: r / (1 - r) * np.sum(w**2 * np.var(X, axis=0)), "It looks as if the variance of the inputs were taken; without the mean taken away it is the mean of the squares."),
        (lambda w, X, r: r / (1 - r) * np.sum(np.abs(w) * np.mean(X**2, axis=0)), "It looks as if the weights were not squared."),
        (lambda w, X, r: r / (1 - r) * np.sum(w**2) * np.mean(X**2), "It looks as if all inputs had one mean square; each weight pays by that of its own input."),
        (lambda w, X, r: r / (1 - r) * np.mean((X @ w) ** 2), "It looks as if the prediction were squared as a whole; each input is switched off by itself."),
    ),
)  # fmt: skip


def _too_often(rate):
    """The mean validation error of linear regression with dropout on its inputs, and None if it is more than without.

    By the formula, no mask is drawn. The twenty seeds share patients, which `overlap` corrects for.
    """
    data = diabetes(seeds=range(20))

    def errors(rate):
        scores = []
        for X, y, X_val, y_val in zip(data.train.x, data.train.y, data.validation.x, data.validation.y):
            squares = X.T @ X
            w = np.linalg.solve(squares + rate / (1 - rate) * np.diag(np.diag(squares)), X.T @ y)
            scores.append(np.mean((X_val @ w - y_val) ** 2))
        return np.array(scores)

    dropped, why = errors(rate), None
    difference = compare(dropped, errors(0), metric="error", overlap=data.overlap)
    if difference.below(0):
        why = f"At {rate:g} dropout still helps, by more than two standard errors."
    elif not difference.above(0):
        why = f"At {rate:g} neither can be claimed: the difference is smaller than two standard errors, which are large here because the splits share patients."
    return dropped.mean(), why


exercises = Exercises(
    "dropout",
    _MASK,
    Value(
        name="mean and variance", title="Twice as loud?",
        level=2, minutes=5, objective=1,
        section="Why divide?",
        hints=(
            "What is sent on is either 0 or a louder 2. How loud, if four in five stay?",
            "The mean: each of the two values times its probability. The variance: the mean square minus the squared mean.",
        ),
        right=[2.5, 2, 1],
        mistakes=(
            ([2.5, 2, 5], "The first two are right. The third is the mean square; the variance is that minus the squared mean."),
            ([2.5, 2, 0.25], "The first two are right. The third is the variance of the factor; the activation is 2 times as large."),
            ([2.5, 2, 0.5], "The first two are right. A variance grows with the square of the activation."),
            ([1.6, 1.28, 0.4096], "It looks as if the unit were made softer; those that stay get louder."),
            ([2, 1.6, 0.64], "It looks as if the unit were not made louder."),
            ([10, 2, 16], "It looks as if 0.2 were the share that is kept. The rate is the fraction dropped."),
            ([2.4, 1.92, 0.9216], "It looks as if a fifth were added; 1/(1 - rate) is more than 1 + rate."),
            ([2.5, 2.5, 1], "The first is right. The mean counts the times when the unit is off, too."),
        ),
    ),
    Value(
        name="log", title="Read the log",
        kind="predict",
        level=1, minutes=3, objective=2,
        section="The training log misleads",
        hints=(
            "In which mode is the accuracy measured that model.fit prints for the training rows? And the one for the validation rows?",
            "While it trains, every third voice is missing. At evaluation all sing.",
        ),
        right=["training mode", "inference mode", "higher"],
        words=("training mode", "inference mode", "higher", "lower"),
        mistakes=(
            (lambda words: words[:2] == ["training mode", "inference mode"], "The modes are right. With all units on, is the network better or worse than with gaps?"),
            (lambda words: words[:2] == ["inference mode", "training mode"], "It is the other way round: dropout is on where the weights are being changed."),
            (lambda words: words[2].endswith("mode") or words[0].endswith("er"), "Answer in the order of the questions: two modes, then the change."),
            (lambda words: words[:2] == ["training mode", "training mode"], "The first is right. For the validation rows Keras switches dropout off, even during fit."),
            (lambda words: words[:2] == ["inference mode", "inference mode"], "The second is right. The first is measured along the way, in the steps that train."),
        ),
    ),
    _SILENCE,
    _PENALTY,
    Break(
        name="too often", title="A rate that costs",
        level=1, minutes=5, objective=4,
        section="Dropout is a penalty in disguise",
        hints=(
            "With standardised inputs dropout is ridge regression with λ = rate/(1 - rate). Which λ would be too high a price?",
            "At an endless λ all weights are 0, and so is every prediction. What is the mean square of targets with mean 0 and variance 1?",
            "Between 0.9 and 1 the error lies between 0.79 and 1.",
        ),
        lowest=0,
        highest=0.999999,
        quantity="the mean validation error",
        near=0.05,
        trial=_too_often,
    ),
    Report(
        name="more patience", title="Forty epochs, and ten", level=2, objective=4, section="When it does not help",
        fault=("unequal budgets",), remedy=("equal budgets",), gain=("turns round", "vanishes"),
        hints=(ASK, "What would the plain network have done with the other 30 epochs?"),
        look="There are no false labels here: what would the plain network learn in 30 more epochs?",
        shown="After 40 epochs plain has 98.0 %: dropout loses, by 2.2 ± 0.3 points.",
        mistakes=(
            ("weak rival", "Near: plain is made weak here. How?"),
            ("add the rival", "The fault is right. But stopping even earlier would not help a network that has not learned enough."),
            ("grows", "Fault and remedy are right. But it is the rival that gets more."),
        )),
    Report(
        name="best of ten", title="Masks and luck", level=1, objective=4, section="Where it helps: images with false labels",
        fault=("best run",), remedy=("report all runs", "more pairs"), gain=("shrinks", "vanishes"),
        hints=(ASK, "One of the two numbers is a maximum of ten, the other a mean of ten."),
        look="Subtract the mean of one from the mean of the other. What is left of 4.7 points?",
        shown="Over 20 pairs +1.3 ± 0.8 points: less than two standard errors from zero.",
        mistakes=(
            ("one run", "Each had ten. Which one of them was reported?"),
            ("chosen on test", "Near: the test rows chose the luckiest of ten runs. There is a word for just that."),
            ("turns round", "Fault and remedy are right. But compare the two means: which is larger?"),
        )),
)  # fmt: skip
