"""The four shapes that the chapters are made of, fitted for a few epochs: what must give the same bits for ever."""

import hashlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.regularizers import L2

from regbook import fit_together, seed_weights

SEEDS = list(range(20))


def _model(seed, inputs, *stack, optimiser, loss):
    model = keras.Sequential([keras.Input((inputs,)), *stack])
    model.compile(optimiser, loss)
    return model


def original(seed, strength):
    """The model of the original tutorial."""
    seed_weights(seed)
    stack = (
        layers.Dense(8, "relu", kernel_regularizer=L2(strength)),
        layers.Dense(1, "sigmoid", kernel_regularizer=L2(strength)),
    )
    return _model(seed, 2, *stack, optimiser="adam", loss="binary_crossentropy")


def wide(seed, strength):
    """64 units on ten inputs: label noise and irrelevant inputs."""
    seed_weights(seed)
    stack = (
        layers.Dense(64, "relu", kernel_regularizer=L2(strength)),
        layers.Dense(1, "sigmoid", kernel_regularizer=L2(strength)),
    )
    return _model(seed, 10, *stack, optimiser=keras.optimizers.Adam(0.01), loss="binary_crossentropy")


def images(seed, rate):
    """Ten classes, with dropout, L2 and max-norm."""
    seed_weights(seed)
    limit = keras.constraints.MaxNorm(1 + rate)
    stack = (
        layers.Dense(64, "relu", kernel_regularizer=L2(0.003), kernel_constraint=limit),
        layers.Dropout(rate, seed=seed),
        layers.Dense(10, "softmax", kernel_regularizer=L2(0.003)),
    )
    return _model(seed, 64, *stack, optimiser=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy")


def table(seed, noise, rate):
    """A regression with noise on the inputs and dropout."""
    seed_weights(seed)
    stack = (
        layers.GaussianNoise(noise, seed=seed),
        layers.Dense(64, "relu", kernel_regularizer=L2(0.01)),
        layers.Dropout(rate, seed=seed),
        layers.Dense(1, kernel_regularizer=L2(0.01)),
    )
    return _model(seed, 10, *stack, optimiser=keras.optimizers.Adam(0.005), loss="mean_squared_error")


def hashes():
    """SHA-256 of the trained weights of each shape, its first 16 letters."""
    rng = np.random.default_rng(0)
    x = {inputs: rng.standard_normal((20, 200, inputs)) for inputs in (2, 10, 64)}
    label = {inputs: (rows[..., 0] * rows[..., 1] > 0).astype(int) for inputs, rows in x.items()}
    models = {
        "original": [original(seed, strength) for strength in np.linspace(0, 0.05, 9) for seed in SEEDS],
        "wide": [wide(seed, strength) for strength in (0.0, 0.01) for seed in SEEDS],
        "images": [images(seed, rate) for rate in (0.0, 0.3, 0.7) for seed in SEEDS],
        "table": [table(seed, *noise) for noise in ((0.0, 0.0), (0.4, 0.5)) for seed in SEEDS],
    }
    data = {
        "original": (x[2][0], label[2][0]),
        "wide": (x[10], label[10]),
        "images": (x[64], rng.integers(0, 10, (20, 200))),
        "table": (x[10], x[10][..., 0] * x[10][..., 1]),
    }
    found = {}
    for name, group in models.items():
        copies = 1 if name == "original" else len(group) // 20
        rows = data[name] if name == "original" else [np.concatenate([array] * copies) for array in data[name]]
        fit_together(group, *rows, epochs=5, seeds=SEEDS * (len(group) // 20))
        weights = b"".join(array.tobytes() for model in group for array in model.get_weights())
        found[name] = hashlib.sha256(weights).hexdigest()[:16]
    return found


def arithmetic():
    """How this processor rounds: SHA-256 of a few sums and exponentials."""
    numbers = tf.constant(np.random.default_rng(1).standard_normal((20, 32, 64)))
    parts = (
        tf.matmul(numbers, numbers, transpose_b=True),
        tf.exp(numbers),
        tf.nn.softmax(numbers),
        tf.reduce_sum(numbers, 1),
    )
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()[:16]
