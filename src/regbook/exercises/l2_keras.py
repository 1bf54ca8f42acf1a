"""Exercises of chapter 2, L2 in Keras."""

import numpy as np

from regbook.exercises import Break, Exercises, Function, Value

_random = np.random.default_rng(2)


def _layers(*sizes):
    """Kernels and biases of a network with layers of these sizes."""
    kernels = [_random.normal(size=size) for size in zip(sizes, sizes[1:])]
    return kernels, [_random.normal(size=size) for size in sizes[1:]]


def _bill(kernels, biases, strength, price=lambda w: np.sum(w**2)):
    return strength * sum(price(kernel) for kernel in kernels)


def _priced(price):
    return lambda *case: _bill(*case, price=price)


_BILL = Function(
    name="bill",
    title="What l2(λ) adds",
    kind="code",
    level=1,
    minutes=5,
    objective=1,
    section="What `l2(0.01)` adds",
    hints=(
        "Each layer with a kernel_regularizer adds one number; the penalty is their sum.",
        "For one kernel it is strength times the sum of all its squared entries. The biases are there to be ignored.",
    ),
    cases=((*_layers(2, 3, 1), 0.01), (*_layers(4, 2), 0.5), (*_layers(3, 2, 2, 1), 0.1)),
    right=(_bill,),
    mistakes=(
        (_priced(lambda w: np.sum(w**2) / 2), "It looks as if there were a factor ½. Keras has none."),
        (lambda k, b, s: _bill(k + b, b, s), "It looks as if the biases were charged too; kernel_regularizer leaves them free."),
        (_priced(lambda w: np.mean(w**2)), "It looks as if the squared weights were averaged; Keras sums them."),
        (_priced(np.linalg.norm), "It looks as if there were a root: Keras adds the squared length, not the length."),
        (lambda k, b, s: s * np.sqrt(_bill(k, b, 1)), "It looks as if there were a root over the whole sum: Keras adds the squared length, not the length."),
        (_priced(lambda w: np.sum(w) ** 2), "It looks as if each sum were squared; first square every weight, then sum."),
        (_priced(lambda w: np.sum(np.abs(w))), "It looks as if the weights were not squared: that is what l1 adds."),
        (_priced(np.sum), "It looks as if the weights were not squared."),
        (lambda k, b, s: _bill(k, b, 1), "It looks as if the strength were missing."),
        (lambda k, b, s: _bill(k[:1], b, s), "It looks as if only the first layer paid; each layer with a regulariser does."),
        (lambda k, b, s: _bill(k[-1:], b, s), "It looks as if only the last layer paid; each layer with a regulariser does."),
        (lambda k, b, s: _bill(k, b, s) / len(k), "It looks as if the layers were averaged; their penalties are summed."),
        (lambda k, b, s: s**2 * _bill(k, b, 1), "It looks as if the strength were squared; only the weights are."),
    ),
)  # fmt: skip


def _chosen(strengths, training, validation, test):
    return strengths[np.argmax(np.mean(validation, axis=1))]


def _accuracies(strengths, best):
    """Invented training, validation and test accuracies: the first fall with the strength, the others peak at best."""
    far = np.abs(np.arange(len(strengths)) - best)[:, None]
    training = 0.95 - 0.05 * np.argsort(np.argsort(strengths))[:, None] + _accuracy.normal(0, 0.01, (len(strengths), 5))
    held_out = [0.82 - 0.03 * far + _accuracy.normal(0, 0.07, (len(strengths), 5)) for _ in range(2)]
    return strengths, training, *held_out


def _vote(strengths, validation):
    counts = np.bincount(validation.argmax(axis=0), minlength=len(strengths))
    return strengths[counts.argmax()]


# Three tables, of a seed at which every way to go wrong below answers otherwise than every other, and mean and median
# agree.
_accuracy = np.random.default_rng(3699)
_TABLES = (
    _accuracies([0, 0.001, 0.01, 0.03, 0.1, 0.3], 2),
    _accuracies([1, 0.5, 0.2, 0.05, 0.005, 0.0], 3),
    _accuracies([0.002, 0.02, 0.2, 2], 1),
)

_CHOOSE = Function(
    name="choose",
    title="Choose a λ",
    kind="code",
    level=2,
    minutes=6,
    objective=3,
    section="Where it helps: eight inputs to ignore",
    hints=(
        "Which of the three arrays may be looked at before the choice, and tells of rows that were not fitted?",
        "Average the validation accuracies over the seeds (axis=1), and find the place of the largest with np.argmax.",
        "The place is not the answer yet: strengths has the λ that stands there.",
    ),
    cases=_TABLES,
    right=(_chosen,),
    mistakes=(
        (lambda s, a, b, c: _chosen(s, a, c, b), "It looks as if λ were chosen on the test set. Then no set is left that was not used to choose."),
        (lambda s, a, b, c: _chosen(s, a, b + c, c), "It looks as if the test set had a say beside the validation set. A set that helped to choose is no longer sealed."),
        (lambda s, a, b, c: _chosen(s, b, a, c), "It looks as if λ were chosen on the training set, where the lowest price always looks best."),
        (lambda s, a, b, c: _chosen(s, a, a + b, c), "It looks as if the training set had a say beside the validation set. It speaks for the lowest price."),
        (lambda s, a, b, c: np.argmax(b.mean(axis=1)), "That is the place of the right row; which λ stands there?"),
        (lambda s, a, b, c: s[np.argmax(b.max(axis=1))], "It looks as if the luckiest single run had decided. Average over the seeds first."),
        (lambda s, a, b, c: s[np.argmax(b.min(axis=1))], "It looks as if the unluckiest run of each row had decided. Average over the seeds first."),
        (lambda s, a, b, c: s[np.argmax(b[:, 0])], "It looks as if the first seed alone had decided."),
        (lambda s, a, b, c: _vote(s, b), "It looks as if the seeds had voted: a narrow win then counts as much as a clear one. Average over the seeds first."),
        (lambda s, a, b, c: s[np.argmin(b.mean(axis=1))], "It looks as if the smallest accuracy were taken; more is better."),
        (lambda s, a, b, c: s[np.argmin((a - b).mean(axis=1))], "It looks as if the gap between training and validation had decided. It is also small where both are bad."),
        (lambda s, a, b, c: s[np.argmin(abs((a - b).mean(axis=1)))], "It looks as if the size of the gap between training and validation had decided. It is also small where both are bad."),
        (lambda s, a, b, c: np.mean([s[i] for i in b.argmax(axis=0)]), "It looks as if each seed had chosen and the choices were averaged: a λ that nobody tried."),
        (lambda s, a, b, c: b.mean(axis=1).max(), "That is the best accuracy; the question is at which λ."),
    ),
)  # fmt: skip


def _too_dear(strength):
    """Does l2(strength) cost accuracy on the noisy problem, by more than two standard errors? Ten validation parts."""
    if not 0 < strength <= 10:
        return "The strength should be greater than 0 and at most 10."
    import keras

    from regbook.data import noisy_xor
    from regbook.evidence import compare
    from regbook.numerics import seed_weights
    from regbook.together import fit_together

    seeds = list(range(10))
    noisy = noisy_xor(rows=500, irrelevant=8, label_noise=0.1, seeds=seeds)

    def network(seed, price):
        seed_weights(seed)
        model = keras.Sequential(
            [
                keras.Input(shape=(10,)),
                keras.layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(price)),
                keras.layers.Dense(1, activation="sigmoid", kernel_regularizer=keras.regularizers.L2(price)),
            ]
        )
        model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
        return model

    def twice(array):
        return np.concatenate([array, array])

    models = [network(seed, price) for price in (0.0, strength) for seed in seeds]
    history = fit_together(
        models,
        twice(noisy.train.x),
        twice(noisy.train.y),
        epochs=60,
        seeds=seeds * 2,
        validation_data=(twice(noisy.validation.x), twice(noisy.validation.y)),
    )
    plain, priced = np.split(history.val_accuracy[:, -1], 2)
    difference = compare(priced, plain)
    if difference.below(0):
        return None
    if difference.above(0):
        return f"At {strength:g} the penalty still helps, by more than two standard errors."
    return f"At {strength:g} neither can be claimed: the difference is smaller than two standard errors."


exercises = Exercises(
    "l2-keras",
    _BILL,
    Value(
        name="two losses",
        title="Which model fits better?",
        kind="compute",
        level=1,
        minutes=4,
        objective=2,
        section="What Keras reports",
        hints=(
            "Keras's val_loss has two parts. Which of them does model B not have?",
            "The penalty of model A is λ times the sum of its squared weights; take it away.",
        ),
        right=[0.38, 0.45],
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
        name="exchange",
        title="Three currencies",
        kind="compute",
        level=2,
        minutes=6,
        objective=4,
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
            ([5, 0.04, 0.04], "The last two are right. Ridge has no factor ½ either."),
            ([20, 0.04, 0.04], "The last two are right. Ridge has no factor ½ either."),
            ([10, 0.02, 0.04], "Ridge and the text are right. What is the slope of λw²?"),
            ([10, 0.04, 0.02], "Ridge and weight_decay are right. With α = λ the text's penalty would be half as large."),
            ([10, 0.04, 0.01], "Ridge and weight_decay are right. The text's factor is the other way round."),
            ([10, 0.02, 0.01], "Ridge is right. What is the slope of λw², and which α makes (α/2) equal to λ?"),
            ([0.02, 0.02, 0.02], "The same number three times: each of them counts otherwise."),
        ),
    ),
    Value(
        name="first step",
        title="A weight that the data ignore",
        kind="compute",
        level=3,
        minutes=8,
        objective=4,
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
            (lambda answer: np.all(np.asarray(answer, float) < 0), "These are the steps; give their sizes, without a sign."),
        ),
    ),
    Break(
        name="too dear",
        title="A price that costs accuracy",
        kind="break it",
        level=2,
        minutes=6,
        objective=3,
        section="Where it helps: eight inputs to ignore",
        hints=(
            "Look at the right arm of the U-curve: where does it cross the accuracy at λ = 0?",
            "With a price so high that no weight is worth having, every prediction is the same.",
        ),
        verdict=_too_dear,
    ),
)  # fmt: skip
