"""Exercises of chapter 2, L2 in Keras."""

from functools import partial

import numpy as np

from regbook.exercises import Break, Exercises, Function, Value
from regbook.exercises.report import ASK, Report

_random = np.random.default_rng(2)


def _layers(*sizes):
    """Kernels and biases of a network with layers of these sizes."""
    kernels = [_random.normal(size=size) for size in zip(sizes, sizes[1:])]
    return kernels, [_random.normal(size=size) for size in sizes[1:]]


def _bill(kernels, biases, strength, price=lambda w: np.sum(w**2)):
    return strength * sum(price(kernel) for kernel in kernels)


_BILL = Function(
    name="bill", title="What l2(λ) adds",
    level=1, minutes=5, objective=1,
    section="What `l2(0.01)` adds",
    hints=(
        "Each layer with a kernel_regularizer adds one number; the penalty is their sum.",
        "For one kernel it is strength times the sum of all its squared entries. The biases are there to be ignored.",
    ),
    cases=((*_layers(2, 1, 7), 0.01), (*_layers(4, 2), 0.5), (*_layers(3, 2, 2, 1), 0.1)),
    right=(_bill,),
    mistakes=(
        (partial(_bill, price=lambda w: np.sum(w**2) / 2), "It looks as if there were a factor ½. Keras has none."),
        (lambda k, b, s: _bill(k + b, b, s), "It looks as if the biases were charged too; kernel_regularizer leaves them free."),
        (partial(_bill, price=lambda w: np.mean(w**2)), "It looks as if the squared weights were averaged; Keras sums them."),
        (partial(_bill, price=np.linalg.norm), "It looks as if there were a root: Keras adds the squared length, not the length."),
        (lambda k, b, s: s * np.sqrt(_bill(k, b, 1)), "It looks as if there were a root over the whole sum: Keras adds the squared length, not the length."),
        (partial(_bill, price=lambda w: np.sum(w) ** 2), "It looks as if each sum were squared; first square every weight, then sum."),
        (partial(_bill, price=lambda w: np.sum(np.abs(w))), "It looks as if the weights were not squared: that is what l1 adds."),
        (partial(_bill, price=np.sum), "It looks as if the weights were not squared."),
        (lambda k, b, s: _bill(k, b, 1), "It looks as if the strength were missing."),
        (lambda k, b, s: _bill(k[:1], b, s), "It looks as if only the first layer paid; each layer with a regulariser does."),
        (lambda k, b, s: _bill(k[-1:], b, s), "It looks as if only the last layer paid; each layer with a regulariser does."),
        (lambda k, b, s: _bill(k, b, s) / len(k), "It looks as if the layers were averaged; their penalties are summed."),
        (lambda k, b, s: s**2 * _bill(k, b, 1), "It looks as if the strength were squared; only the weights are."),
    ),
)  # fmt: skip


def _chosen(strengths, training, validation, test):
    return strengths[np.argmin(validation, axis=0)]


def _losses(strengths, seeds):
    """Invented data losses: those of the training rows rise with the strength, the others have a minimum inside."""
    shape = (len(strengths), seeds)
    training = 0.3 + 0.1 * np.argsort(np.argsort(strengths))[:, None] + _random.normal(0, 0.05, shape)
    far = np.abs(np.arange(len(strengths)) - len(strengths) // 2)[:, None]
    held_out = [0.5 + 0.04 * far + _random.normal(0, 0.1, shape) for _ in range(2)]
    return np.array(strengths), training, *held_out


_CHOOSE = Function(
    name="choose", title="Each seed chooses its λ",
    level=2, minutes=6, objective=3,
    section="Where it helps: eight inputs to ignore",
    hints=(
        "Which of the three arrays may be looked at before the choice, and tells of rows that were not fitted?",
        "Find the place of the smallest validation loss in each column: np.argmin with axis=0.",
        "The places are not the answer yet: strengths[places] has the λ that stand there.",
    ),
    cases=(_losses([0, 0.001, 0.01, 0.03, 0.1, 0.3], 5), _losses([1, 0.5, 0.2, 0.05, 0.005, 0], 4)),
    right=(_chosen,),
    mistakes=(
        (lambda s, a, b, c: _chosen(s, a, c, b), "It looks as if λ were chosen on the test set. Then no set is left that was not used to choose."),
        (lambda s, a, b, c: _chosen(s, a, b + c, c), "It looks as if the test set had a say beside the validation set. A set that helped to choose is no longer sealed."),
        (lambda s, a, b, c: _chosen(s, b, a, c), "It looks as if λ were chosen on the training set, where the lowest price always looks best."),
        (lambda s, a, b, c: _chosen(s, a, a + b, c), "It looks as if the training set had a say beside the validation set. It speaks for the lowest price."),
        (lambda s, a, b, c: _chosen(s, a, b - a, c), "It looks as if the gap between training and validation had decided. It is also small where both are bad."),
        (lambda s, a, b, c: _chosen(s, a, abs(b - a), c), "It looks as if the size of the gap between training and validation had decided. It is also small where both are bad."),
        (lambda s, a, b, c: _chosen(s, a, -b, c), "It looks as if the largest loss were taken; less is better."),
        (lambda s, a, b, c: b.argmin(axis=0), "These are the places of the right rows; which λ stand there?"),
        (lambda s, a, b, c: b.min(axis=0), "These are the smallest losses; the question is at which λ."),
        (lambda s, a, b, c: np.full(b.shape[1], s[b.mean(axis=1).argmin()]), "It looks as if all seeds together had chosen one λ. Each has only its own validation rows."),
        (lambda s, a, b, c: s[b.mean(axis=1).argmin()], "It looks as if all seeds together had chosen one λ. Each has only its own validation rows."),
        (lambda s, a, b, c: s[b.argmin(axis=1)], "It looks as if each strength had chosen its best seed: a column is a seed, so go down the columns (axis=0)."),
        (lambda s, a, b, c: np.mean(_chosen(s, a, b, c)), "The choices are right, and need not be averaged: each seed keeps its own."),
        ("IndexError", "Was the place counted along the whole table? Each column has a smallest loss of its own (axis=0)."),
    ),
)  # fmt: skip


def _too_dear(strength):
    """The mean validation accuracy with l2(strength) on the noisy problem, and None if it is less than without."""
    import keras

    from regbook.data import noisy_xor
    from regbook.evidence import compare
    from regbook.experiments import experiment

    def network(price):
        layers = [(64, "relu"), (1, "sigmoid")]
        layers = [keras.layers.Dense(*layer, kernel_regularizer=keras.regularizers.L2(price)) for layer in layers]
        model = keras.Sequential([keras.Input((10,)), *layers])
        model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
        return model

    noisy = noisy_xor(rows=500, irrelevant=8, label_noise=0.1, seeds=range(20))
    runs = experiment(network, {"plain": {"price": 0.0}, "priced": {"price": strength}}, noisy, epochs=60)
    plain, priced = (runs.curve(name, "val_accuracy")[:, -1] for name in ("plain", "priced"))
    difference, why = compare(priced, plain), None
    if difference.above(0):
        why = f"At {strength:g} the penalty still helps, by more than two standard errors."
    elif not difference.below(0):
        why = f"At {strength:g} neither can be claimed: the difference is smaller than two standard errors."
    return priced.mean(), why


exercises = Exercises(
    "l2-keras",
    _BILL,
    Value(
        name="two losses", title="Which model fits better?",
        level=1, minutes=4, objective=2,
        section="What Keras reports",
        hints=(
            "Keras's val_loss has two parts. Which of them does model B not have?",
            "The penalty of model A is λ times the sum of its squared weights; take it away.",
        ),
        right=[0.38, 0.45], within=0.001,
        mistakes=(
            ([0.52, 0.45], "These are the reported losses; that of model A contains its penalty."),
            ([0.66, 0.45], "It looks as if the penalty were added once more; it is already in there."),
            ([0.45, 0.45], "It looks as if there were a factor ½; Keras has none."),
            ([0.38, 0.31], "It looks as if both had paid; model B has no penalty."),
            ([0.52 - 0.01 * 14**0.5, 0.45], "It looks as if a root were taken; the squares are already summed, and Keras takes no root."),
            ([0.45, 0.38], "The numbers are right; which of the two models comes first?"),
            ([0.14, 0], "These are the penalties; the question is what remains without them."),
        ),
    ),
    _CHOOSE,
    Value(
        name="exchange", title="One penalty, three numbers",
        level=2, minutes=6, objective=4,
        section="λ in other libraries and optimisers",
        hints=(
            "One number has N in it, because scikit-learn's Ridge sums the squared errors and Keras averages them.",
            "The slope of λw² is 2λw; weight decay takes away the weight itself, without the 2.",
            "A text that writes (α/2) Σ w² needs an α that is larger than λ to mean the same.",
        ),
        right=[10, 0.04, 0.04],
        mistakes=(
            ([0.02, 0.04, 0.04], "The last two are right. Ridge sums the squared errors over the rows, Keras averages them: where is N?"),
            ([0.02 / 500, 0.04, 0.04], "The last two are right. For Ridge N is in the right formula, at the wrong place: more rows make its data loss larger."),
            ([5, 0.04, 0.04], "The last two are right. There is no factor ½ between Keras and Ridge."),
            ([20, 0.04, 0.04], "The last two are right. There is no factor 2 between Keras and Ridge."),
            ([10, 0.02, 0.04], "Ridge and the text are right. What is the slope of λw²?"),
            ([10, 0.04, 0.02], "Ridge and weight_decay are right. With α = λ the text's penalty would be half as large."),
            ([10, 0.04, 0.01], "Ridge and weight_decay are right. The text's factor is the other way round."),
            ([10, 0.02, 0.01], "Ridge is right. What is the slope of λw², and which α makes (α/2) equal to λ?"),
            ([0.02, 0.02, 0.02], "Three times the same number: but each of the three counts differently."),
        ),
    ),
    Value(
        name="first step", title="A weight that the data ignore",
        level=3, minutes=8, objective=4,
        section="λ in other libraries and optimisers",
        hints=(
            "With l2 the slope of the penalty is part of the gradient, and Adam divides the gradient by its recent size.",
            "In its first step Adam divides the gradient by its own size: what is left is a sign, times the learning rate.",
            "AdamW's decay is not divided by anything: learning rate times weight_decay times the weight.",
        ),
        right=[0.001, 0.00002],
        mistakes=(
            ([0.00002, 0.00002], "AdamW is right, and plain SGD would do the same with l2(0.01). Adam divides the slope by its size."),
            ([0.00002, 0.001], "It looks as if the two were swapped: which of them passes through Adam's division?"),
            ([0.001, 0.001], "The first is right. AdamW's decay is not divided by the size of anything."),
            ([0.001, 0.02], "The first is right. In the second the learning rate is missing."),
            ([0.001, 0.00001], "The first is right. Take weight_decay as it is given."),
            ([0.00001, 0.00002], "AdamW is right. The slope of λw² has a 2; and then Adam divides it by its size."),
            ([0.999, 0.99998], "These are the weights after the step; by how much did each shrink?"),
            (lambda answer: np.all(np.asarray(answer, float) < 0), "These are the steps; give their sizes, without a sign."),
        ),
    ),
    Break(
        name="too dear", title="A price that costs accuracy",
        level=2, minutes=6, objective=3,
        section="Where it helps: eight inputs to ignore",
        hints=(
            "Look at the right arm of the U-curve: where does its error pass that of λ = 0?",
            "At a price so high that no weight is worth having, every row gets the same prediction. How often is that right?",
        ),
        lowest=1e-9,
        highest=10,
        quantity="the mean validation accuracy (a share of 1)",
        near=0.03,
        trial=_too_dear,
    ),
    Report(
        name="evaluate", title="The loss that evaluate gives", level=2, objective=2, section="What Keras reports",
        fault=("penalty in the loss",), remedy=("take the penalty out",), gain=("grows",),
        hints=(ASK, "What does Keras count into the loss of the one network, and not of the other?"),
        look="Subtract the penalty from the one loss; the other has none. How far apart are they then?",
        shown="Without the penalty, l2(0.01) lowers the loss by 0.292 ± 0.022: it was ahead in spite of being charged.",
        mistakes=(
            ("weak rival", "True as well: plain should be stopped in time. But first: are these two numbers the same quantity?"),
            ("report all metrics", "The fault is right. But what has to be done with these two numbers?"),
            ("turns round", "Fault and remedy are right. But the network that was charged is ahead already. What if it is not?"),
            ("shrinks", "Fault and remedy are right. But the penalty was added to the loss of the network that wins."),
        )),
    Report(
        name="same number", title="The same number", level=2, objective=4, section="λ in other libraries and optimisers",
        fault=("another scale",), remedy=("tune each",), gain=("vanishes", "shrinks"),
        hints=(ASK, "How much does each of the two take from a weight in a single step, at 0.01?"),
        look="At 0.01 weight decay does next to nothing. What might it do at a strength of its own?",
        shown="Where each chooses its own strength, L2 gains +0.2 ± 0.4 points over weight decay.",
        mistakes=(
            ("weak rival", "Weight decay at 0.01 is weak, true. Why? Is it weight decay, or the number?"),
            ("unequal budgets", "Both had 40 epochs and one number, the same one. Does it mean the same to both?"),
            ("equal budgets", "The fault is right. They had the same budget: one number each. Was it a good one for both?"),
        )),
)  # fmt: skip
