"""What readers might hand in for the code exercises of chapter 1: right, each written in another way, and wrong, with a
part of the diagnosis that they should get."""

import keras
import numpy as np
import tensorflow as tf


def price_in_a_loop(w, b, X, y, strength):
    total = 0.0
    for row, target in zip(X, y):
        total += (target - sum(weight * value for weight, value in zip(w, row)) - b) ** 2
    return total / len(y) + strength * sum(weight**2 for weight in w)


def price_in_tensorflow(w, b, X, y, strength):
    w = tf.constant(w, tf.float32)
    predicted = tf.linalg.matvec(tf.constant(X, tf.float32), w) + b
    return tf.reduce_mean(tf.square(tf.constant(y, tf.float32) - predicted)) + strength * tf.reduce_sum(w**2)


def gradient_from_tensorflow(w, X, y, strength):
    w = tf.Variable(w)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.linalg.matvec(X, w) - y) ** 2) + strength * tf.reduce_sum(w**2)
    return tape.gradient(loss, w)


def gradient_weight_by_weight(w, X, y, strength):
    errors = X @ w - y
    return [2 * np.mean(errors * column) + 2 * strength * weight for column, weight in zip(X.T, w)]


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


RIGHT = {
    "price": [
        lambda w, b, X, y, strength: ((X @ w + b - y) ** 2).mean() + strength * w @ w,
        price_in_a_loop,
        price_in_tensorflow,
    ],
    "gradient": [
        lambda w, X, y, strength: 2 * (X.T @ (X @ w) - X.T @ y) / X.shape[0] + 2 * strength * w,
        gradient_from_tensorflow,
        gradient_weight_by_weight,
    ],
    "shrink": [
        shrink_one_by_one,
        lambda w, amount: np.float32(w - np.clip(w, -amount, amount)),
        lambda w, amount: keras.ops.relu(w - amount) - keras.ops.relu(-w - amount),
    ],
}


def mean_squared_error(w, b, X, y):
    return ((y - (X @ w + b)) ** 2).mean()


WRONG = {
    "price": [
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y) + s * np.linalg.norm(w, 1), "price list of L1"),
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y) + s * w.sum(), "negative weight would"),
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y) + s * np.sqrt(w @ w), "root"),
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y) + 0.5 * s * w @ w, "factor ½"),
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y) + s * (w**2).mean(), "averaged"),
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y) + s * (np.r_[w, b] ** 2).sum(), "bias were charged"),
        (lambda w, b, X, y, s: ((y - X @ w - b) ** 2).sum() + s * w @ w, "errors were summed"),
        (lambda w, b, X, y, s: mean_squared_error(w, 0, X, y) + s * w @ w, "bias were missing"),
        (lambda w, b, X, y, s: mean_squared_error(w, b, X, y), "penalty were missing"),
        (lambda w, b, X, y, s: (y - X @ w - b) ** 2 + s * w @ w, "Is a sum missing"),
    ],
    "gradient": [
        (lambda w, X, y, s: -2 * X.T @ (y - X @ w) / len(y) + s * w, "2 of the penalty's slope"),
        (lambda w, X, y, s: -X.T @ (y - X @ w) / len(y) + 2 * s * w, "2 of the data loss's slope"),
        (lambda w, X, y, s: -2 * X.T @ (y - X @ w) + 2 * s * w, "where is N"),
        (lambda w, X, y, s: 2 * X.T @ (y - X @ w) / len(y) + 2 * s * w, "data loss had the wrong sign"),
        (lambda w, X, y, s: -2 * X.T @ (y - X @ w) / len(y) - 2 * s * w, "penalty had the wrong sign"),
        (lambda w, X, y, s: -2 * X.T @ (y - X @ w) / len(y) + s * w**2, "penalty itself"),
        (lambda w, X, y, s: -X.T @ (y - X @ w) / len(y) + s * w, "half as large"),
        (lambda w, X, y, s: np.sum(-2 * X.T @ (y - X @ w) / len(y) + 2 * s * w), "a sum too many"),
    ],
    "shrink": [
        (lambda w, amount: w - amount, "negative ones then grow"),
        (lambda w, amount: np.where(w > 0, w - amount, np.where(w < 0, w + amount, 0)), "jumped over zero"),
        (lambda w, amount: w * (abs(w) > amount), "cut off"),
        (lambda w, amount: np.maximum(abs(w) - amount, 0), "signs were lost"),
        (lambda w, amount: [max(weight - amount, 0) for weight in w], "negative weights became zero"),
        (lambda w, amount: (1 - amount) * w, "by a share"),
        (lambda w, amount: np.minimum(np.maximum(w, -amount), amount), "limited to the amount"),
    ],
}
