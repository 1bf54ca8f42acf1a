"""What readers might hand in for the code exercises of chapter 2: right, each written in another way, and wrong, with a
part of the diagnosis that they should get."""

import keras
import numpy as np
import tensorflow as tf


def bill_in_a_loop(kernels, biases, strength):
    total = 0
    for kernel in kernels:
        for row in kernel:
            for weight in row:
                total += weight**2
    return strength * total


def choose_in_a_loop(strengths, training, validation, test):
    best, best_mean = None, -1
    for strength, accuracies in zip(strengths, validation):
        mean = sum(accuracies) / len(accuracies)
        if mean > best_mean:
            best, best_mean = strength, mean
    return best


RIGHT = {
    "bill": [
        bill_in_a_loop,
        lambda kernels, biases, strength: sum(keras.regularizers.L2(strength)(kernel) for kernel in kernels),
        lambda kernels, biases, strength: tf.constant(strength) * np.float32(sum(np.square(k).sum() for k in kernels)),
    ],
    "choose": [
        choose_in_a_loop,
        lambda strengths, training, validation, test: np.array(strengths)[validation.mean(1).argmax()],
        lambda strengths, training, validation, test: strengths[np.median(validation, axis=1).argmax()],
        lambda strengths, training, validation, test: max(zip(tf.reduce_mean(validation, 1), strengths))[1],
    ],
}


def squares(kernels):
    return sum((kernel**2).sum() for kernel in kernels)


def most_frequent(places):
    values, counts = np.unique(places, return_counts=True)
    return values[counts.argmax()]


WRONG = {
    "bill": [
        (lambda kernels, biases, s: s / 2 * squares(kernels), "factor ½"),
        (lambda kernels, biases, s: s * (squares(kernels) + squares(biases)), "biases were charged"),
        (lambda kernels, biases, s: s * sum(k.mean() ** 2 * k.size for k in kernels), "which is not it"),
        (lambda kernels, biases, s: s * sum((k**2).mean() for k in kernels), "averaged"),
        (lambda kernels, biases, s: s * sum(np.sqrt((k**2).sum()) for k in kernels), "root"),
        (lambda kernels, biases, s: s * squares(kernels) ** 0.5, "root over the whole sum"),
        (lambda kernels, biases, s: s * sum(k.sum() ** 2 for k in kernels), "each sum were squared"),
        (lambda kernels, biases, s: s * squares(kernels[-1:]), "only the last layer"),
        (lambda kernels, biases, s: s * sum(abs(k).sum() for k in kernels), "what l1 adds"),
        (lambda kernels, biases, s: squares(kernels), "strength were missing"),
        (lambda kernels, biases, s: s * (kernels[0] ** 2).sum(), "first layer"),
        (lambda kernels, biases, s: -s * squares(kernels), "sign"),
        (lambda kernels, biases, s: s * kernels[0] ** 2, "Is a sum missing"),
    ],
    "choose": [
        (lambda s, training, validation, test: s[test.mean(1).argmax()], "test set"),
        (lambda s, training, validation, test: s[training.mean(1).argmax()], "training set"),
        (lambda s, training, validation, test: s[np.hstack([validation, test]).mean(1).argmax()], "test set had a say"),
        (lambda s, training, validation, test: s[(training + validation).mean(1).argmax()], "training set had a say"),
        (lambda s, training, validation, test: s[np.sort(validation)[:, 0].argmax()], "unluckiest"),
        (lambda s, training, validation, test: s[most_frequent(validation.argmax(0))], "voted"),
        (lambda s, training, validation, test: s[(training.mean(1) - validation.mean(1)).argmin()], "the gap between"),
        (
            lambda s, training, validation, test: s[abs(training.mean(1) - validation.mean(1)).argmin()],
            "size of the gap",
        ),
        (lambda s, training, validation, test: 0.01, "which is not it"),
        (lambda s, training, validation, test: validation.mean(1).argmax(), "place"),
        (lambda s, training, validation, test: s[validation.argmax() // validation.shape[1]], "luckiest"),
        (lambda s, training, validation, test: s[list(validation[:, 0]).index(max(validation[:, 0]))], "first seed"),
        (lambda s, training, validation, test: s[validation.mean(1).argmin()], "smallest accuracy"),
        (
            lambda s, training, validation, test: sum(s[i] for i in validation.argmax(0)) / validation.shape[1],
            "nobody tried",
        ),
        (lambda s, training, validation, test: max(validation.mean(1)), "best accuracy"),
    ],
}
