"""What readers might hand in for the code exercises of chapter 3: right, each written in another way, and wrong, with a
part of the diagnosis that they should get."""

import numpy as np
import tensorflow as tf


def mask_one_by_one(h, rate, uniform):
    return [[value / (1 - rate) if u >= rate else 0.0 for value, u in zip(*row)] for row in zip(h, uniform)]


def silence_by_copies(hidden, weights, bias, y):
    def accuracy(hidden):
        return np.mean((hidden @ weights + bias > 0) == y)

    lost = []
    for unit in range(hidden.shape[1]):
        silent = hidden.copy()
        silent[:, unit] = 0
        lost.append(accuracy(hidden) - accuracy(silent))
    return lost


def silence_by_weights(hidden, weights, bias, y):
    others = weights[:, None] * (1 - np.eye(len(weights)))
    whole = np.mean((hidden @ weights + bias > 0) == (y == 1))
    return whole - np.mean((hidden @ others + bias > 0) == (y[:, None] == 1), axis=0)


def silence_in_tensorflow(hidden, weights, bias, y):
    def accuracy(weights):
        said = tf.linalg.matvec(hidden, weights) + bias > 0
        return tf.reduce_mean(tf.cast(said == tf.cast(y, tf.bool), tf.float64))

    return tf.stack(
        [accuracy(weights) - accuracy(weights * (np.arange(len(weights)) != j)) for j in range(len(weights))]
    )


def penalty_from_the_variance(w, X, rate):
    """Each input is multiplied by a factor of variance rate/(1 - rate): add up what that does to the prediction."""
    return sum(np.mean(rate / (1 - rate) * (X[:, j] * w[j]) ** 2) for j in range(len(w)))


RIGHT = {
    "mask": [
        lambda h, rate, uniform: h * (uniform > rate) / (1 - rate),
        mask_one_by_one,
        lambda h, rate, uniform: tf.where(uniform < 1 - rate, tf.constant(h, tf.float32), 0.0) / (1 - rate),
    ],
    "silence": [silence_by_copies, silence_by_weights, silence_in_tensorflow],
    "penalty in disguise": [
        penalty_from_the_variance,
        lambda w, X, rate: w @ np.diag(np.diag(X.T @ X)) @ w / len(X) * rate / (1 - rate),
        lambda w, X, rate: tf.reduce_sum(w**2 * tf.reduce_mean(X**2, axis=0)) * (1 / (1 - rate) - 1),
    ],
}


def accuracy(hidden, weights, bias, y):
    return np.mean((hidden @ weights + bias > 0) == y)


def accuracies(hidden, weights, bias, y):
    """With each unit silent."""
    return np.array([accuracy(np.delete(hidden, j, 1), np.delete(weights, j), bias, y) for j in range(len(weights))])


def silence_spoiling(hidden, weights, bias, y):
    before, lost = accuracy(hidden, weights, bias, y), []
    for j in range(len(weights)):
        hidden[:, j] = 0
        lost.append(before - accuracy(hidden, weights, bias, y))
    return lost


WRONG = {
    "mask": [
        (lambda h, rate, u: h * (u >= rate), "not made louder"),
        (lambda h, rate, u: h * (u >= rate) * (1 - rate), "softer"),
        (lambda h, rate, u: h * (u >= rate) * rate, "multiplied by the rate"),
        (lambda h, rate, u: h * (u >= rate) / rate, "share that goes"),
        (lambda h, rate, u: h * (u < rate) / (1 - rate), "wrong units went"),
        (lambda h, rate, u: h * (u < rate) / rate, "share that is kept"),
        (lambda h, rate, u: (u >= rate) / (1 - rate), "activations are missing"),
        (lambda h, rate, u: h / (1 - rate), "no unit were switched off"),
        (lambda h, rate, u: h * (u[0] >= rate) / (1 - rate), "same mask"),
        (lambda h, rate, u: (h * (u >= rate) / (1 - rate)).sum(), "a sum too many"),
        (lambda h, rate, u: h * np.where(u >= rate, 1 / (1 - rate), np.nan), "NaN"),
    ],
    "silence": [
        (lambda *case: accuracies(*case) - accuracy(*case), "before minus after"),
        (silence_spoiling, "switched on again"),
        (accuracies, "how much is lost"),
        (lambda h, w, b, y: accuracy(h, w, b, y) - [np.mean((h[:, j] * w[j] + b > 0) == y) for j in range(len(w))],
         "all units but one"),
        (lambda *case: (accuracy(*case) - accuracies(*case)) / accuracy(*case), "as a share of the accuracy"),
        (lambda *case: 100 * (accuracy(*case) - accuracies(*case)), "percentages"),
        (lambda *case: abs(accuracy(*case) - accuracies(*case)), "sign were dropped"),
        (lambda *case: accuracy(*case) - accuracies(*case).mean(), "a sum too many"),
    ],
    "penalty in disguise": [
        (lambda w, X, rate: (1 - rate) / rate * (w**2 * (X**2).mean(0)).sum(), "upside down"),
        (lambda w, X, rate: rate * (w**2 * (X**2).mean(0)).sum(), "rate alone"),
        (lambda w, X, rate: rate * (1 - rate) * (w**2 * (X**2).mean(0)).sum(), "before it is made louder"),
        (lambda w, X, rate: rate / (1 - rate) * w @ w, "standardised ones only"),
        (lambda w, X, rate: rate / (1 - rate) * ((X * w) ** 2).sum(), "summed over the rows"),
        (lambda w, X, rate: rate / (1 - rate) * (w**2 * X.mean(0) ** 2).sum(), "mean of the squares"),
        (lambda w, X, rate: rate / (1 - rate) * w**2 @ X.var(0), "variance of the inputs"),
        (lambda w, X, rate: rate / (1 - rate) * ((X @ w) ** 2).mean(), "each input is switched off by itself"),
        (lambda w, X, rate: rate / (1 - rate) * w**2 * (X**2).mean(0), "Is a sum missing"),
    ],
}  # fmt: skip
