"""What readers might hand in for the code exercises, beyond what the exercises themselves list.

RIGHT: answers written in a really different way: in loops, in TensorFlow or Keras, in closed form.
WRONG: answers that no row of a module lists, each with a part of what should be said to it.

An exercise needs no entry here.
"""

import statistics

import keras
import numpy as np
import tensorflow as tf
from scipy import stats

from regbook import compare


def price_in_a_loop(w, b, X, y, strength):
    total = 0.0
    for row, target in zip(X, y):
        total += (target - sum(weight * value for weight, value in zip(w, row)) - b) ** 2
    return total / len(y) + strength * sum(weight**2 for weight in w)


def price_in_tensorflow(w, b, X, y, strength):
    w = tf.constant(w, tf.float32)
    predicted = tf.linalg.matvec(tf.constant(X, tf.float32), w) + b
    error = tf.reduce_mean(tf.square(tf.constant(y, tf.float32) - predicted))
    return error + strength * tf.reduce_sum(w**2)


def gradient_from_tensorflow(w, X, y, strength):
    w = tf.Variable(w)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.linalg.matvec(X, w) - y) ** 2) + strength * tf.reduce_sum(w**2)
    return tape.gradient(loss, w)


def shrink_one_by_one(w, amount):
    new = []
    for weight in w:
        if weight > amount:
            new.append(weight - amount)
        elif weight < -amount:
            new.append(weight + amount)
        else:
            new.append(0)
    return new


def shrink_there_and_back(w, amount):
    w[w > 0] -= amount
    w[w < 0] += amount
    return w


def shrink_in_place(w, amount):
    w -= np.clip(w, -amount, amount)
    return w


def accuracy(hidden, weights, bias, y):
    return np.mean((hidden @ weights + bias > 0) == y)


def accuracies(hidden, weights, bias, y):
    """With each unit silent."""
    silent = range(len(weights))
    cases = [(np.delete(hidden, unit, 1), np.delete(weights, unit)) for unit in silent]
    return np.array([accuracy(*case, bias, y) for case in cases])


def silence_by_weights(hidden, weights, bias, y):
    others = weights[:, None] * (1 - np.eye(len(weights)))
    right = (hidden @ others + bias > 0) == (y[:, None] == 1)
    return accuracy(hidden, weights, bias, y) - right.mean(axis=0)


def silence_spoiling(hidden, weights, bias, y):
    before, lost = accuracy(hidden, weights, bias, y), []
    for j in range(len(weights)):
        hidden[:, j] = 0
        lost.append(before - accuracy(hidden, weights, bias, y))
    return lost


def paired_by_hand(new, baseline):
    differences = [a - b for a, b in zip(new, baseline)]
    return [statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5]


def paired_by_compare(new, baseline):
    verdict = compare(new, baseline)  # in points
    return verdict.mean, verdict.standard_error


def least_in_an_array_of_one(strengths, errors):
    total = errors.sum(0)
    return np.array(strengths)[total == total.min()]


def patience_by_counting(losses, patience):
    best, lowest, waited = 0, float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
            if waited == patience:
                return best
    return best


def patience_by_minima(losses, patience):
    lows = [int(np.argmin(losses[: epoch + 1])) for epoch in range(len(losses))]
    return next((low for epoch, low in enumerate(lows) if epoch - low >= patience), lows[-1])


def mixup_row_by_row(x, y, partner, share):
    rows = []
    for i, (j, s) in enumerate(zip(partner, share)):
        rows.append([s * a + (1 - s) * b for a, b in zip([*x[i], *y[i]], [*x[j], *y[j]])])
    return rows


def mixup_in_tensorflow(x, y, partner, share):
    share = share[:, None]
    return tf.concat([share * a + (1 - share) * tf.gather(a, partner) for a in (x, y)], axis=1)


RIGHT = {
    "penalty: price": [price_in_a_loop, price_in_tensorflow],
    "penalty: gradient": [
        gradient_from_tensorflow,
        lambda w, X, y, s: [
            2 * np.mean((X @ w - y) * column) + 2 * s * weight for column, weight in zip(X.T, w)
        ],
    ],
    "penalty: shrink": [
        shrink_one_by_one,
        lambda w, amount: np.float32(w - np.clip(w, -amount, amount)),
        lambda w, amount: keras.ops.relu(w - amount) - keras.ops.relu(-w - amount),
    ],
    "l2-keras: bill": [
        lambda kernels, biases, s: (
            s * sum(weight**2 for kernel in kernels for row in kernel for weight in row)
        ),
        lambda kernels, biases, s: sum(keras.regularizers.L2(s)(kernel) for kernel in kernels),
    ],
    "l2-keras: choose": [
        lambda strengths, training, validation, test: [
            min(zip(column, strengths))[1] for column in validation.T
        ],
        lambda strengths, training, validation, test: tf.gather(
            strengths, tf.argmin(validation, axis=0)
        ),
    ],
    "dropout: mask": [
        lambda h, rate, u: [
            [a / (1 - rate) if v >= rate else 0.0 for a, v in zip(*row)] for row in zip(h, u)
        ],
        lambda h, rate, u: tf.where(u < 1 - rate, tf.constant(h, tf.float32), 0.0) / (1 - rate),
    ],
    "dropout: silence": [silence_by_weights, lambda *case: accuracy(*case) - accuracies(*case)],
    "dropout: penalty in disguise": [
        lambda w, X, rate: sum(
            np.mean(rate / (1 - rate) * (X[:, j] * w[j]) ** 2) for j in range(len(w))
        ),
        lambda w, X, rate: w @ np.diag(np.diag(X.T @ X)) @ w / len(X) * rate / (1 - rate),
        lambda w, X, rate: (
            tf.reduce_sum(w**2 * tf.reduce_mean(X**2, axis=0)) * (1 / (1 - rate) - 1)
        ),
    ],
    "choosing: paired": [
        paired_by_hand,
        lambda new, baseline: (np.mean(new) - np.mean(baseline), stats.sem(new - baseline)),
        paired_by_compare,
    ],
    "choosing: folds": [
        lambda strengths, errors: min(
            (sum(column), s) for column, s in zip(zip(*errors), strengths)
        )[1],
        least_in_an_array_of_one,
        lambda strengths, errors: tf.gather(strengths, tf.argmin(tf.reduce_mean(errors, 0))),
    ],
    "choosing: patience": [patience_by_counting, patience_by_minima],
    "choosing: mixup": [mixup_row_by_row, mixup_in_tensorflow],
    "choosing: members": [
        lambda x, kernels, biases: [
            np.maximum(one @ k + b, 0) for one, k, b in zip(x, kernels, biases)
        ],
        lambda x, kernels, biases: keras.ops.relu(
            np.einsum("mri,mio->mro", x, kernels) + biases[:, None]
        ),
        lambda x, kernels, biases: tf.nn.relu(tf.matmul(x, kernels) + biases[:, tf.newaxis]),
    ],
}

WRONG = {
    "penalty: price": [
        (lambda w, b, X, y, s: (y - X @ w - b) ** 2 + s * w @ w, "the mean of the 4"),
        (lambda w, b, X, y, s: print(w), "Did you forget return?"),
        (lambda *case: 1.005 * price_in_a_loop(*case), "it should be smaller"),
    ],
    "penalty: gradient": [
        (lambda w, X, y, s: -X.T @ (y - X @ w) / len(y) + s * w, "half as large"),
        (lambda w, X, y, s: np.sum(-2 * X.T @ (y - X @ w) / len(y) + 2 * s * w), "a sum too many"),
        (
            lambda w, X, y, s: (-2 * X.T @ (y - X @ w) / len(y) + 2 * s * w)[::-1],
            "in the wrong order",
        ),
    ],
    "penalty: shrink": [
        (shrink_there_and_back, "had crossed zero were moved back"),
        (shrink_in_place, "numbers are right, but the function changes what it is given"),
    ],
    "l2-keras: bill": [
        (
            lambda kernels, biases, s: s * sum(k.mean() ** 2 * k.size for k in kernels),
            "In trial 1 of 3 it gives",
        ),
        (lambda kernels, biases, s: -s * sum((kernel**2).sum() for kernel in kernels), "sign"),
        (lambda kernels, biases, s: s * kernels[0] ** 2, "Is a sum missing"),
    ],
    "l2-keras: choose": [
        (
            lambda strengths, training, validation, test: strengths[validation.argmin()],
            "Each column has a smallest",
        ),
        (
            lambda strengths, training, validation, test: np.array([0.01, 0.1, 0.01, 0.03, 0.03]),
            "(4,)",
        ),
    ],
    "dropout: mask": [
        (lambda h, rate, u: (h * (u >= rate) / (1 - rate)).sum(), "a sum too many"),
        (lambda h, rate, u: h * np.where(u >= rate, 1 / (1 - rate), np.nan), "NaN"),
        (
            lambda h, rate, u: h * (np.random.random(h.shape) >= rate) / (1 - rate),
            "random numbers of its own",
        ),
    ],
    "dropout: silence": [
        (silence_spoiling, "switched on again: each should be silent alone. (It also changes"),
        (
            lambda *case: np.round(accuracy(*case) - accuracies(*case), 1),
            "(4 of 5 entries are not right yet.)",
        ),
    ],
    "dropout: penalty in disguise": [
        (lambda w, X, r: r / (1 - r) * w**2 * (X**2).mean(0), "the sum of the 4"),
        (
            lambda w, X, r: r / (1 - r) * np.mean(w**2 * np.mean(X**2, axis=0)),
            "averaged where it should be summed",
        ),
    ],
    "choosing: paired": [(compare, "Its .mean and .standard_error")],
    "choosing: folds": [
        (lambda s, errors: s[errors.argmin()], "Average over the folds (axis=0) first")
    ],
    "choosing: patience": [
        (lambda losses, n: patience_by_counting(losses, 3), "The first trial is right. With ([1.0,")
    ],
    "choosing: mixup": [
        (lambda x, y, partner, s: s[:, None] * x + (1 - s[:, None]) * x[partner], "shape"),
        (lambda x, y, partner, s: (x, y), "a tuple of arrays. Should they be one"),
        (lambda *case: np.transpose(mixup_row_by_row(*case)), "transposed"),
    ],
    "choosing: members": [
        (lambda x, kernels, biases: np.maximum(x[0] @ kernels[0] + biases[0], 0), "shape"),
        (lambda x, kernels, biases: np.maximum(x @ kernels + biases, 0), "in line"),
        (
            lambda x, kernels, biases: np.maximum(x @ kernels + biases, 0),
            "biases went to the wrong axis",
        ),
    ],
}
