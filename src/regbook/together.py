"""One job: fit many Keras models at the same time.

`model.fit` on a small model is nearly all overhead: the arithmetic of one step takes microseconds, starting it
takes a millisecond. So we stack the weights of all models (stacked.py) and train all of them in one go.

The loss is the sum over the members. A member's weights appear in its own term only, so its gradient is the one
it would have had alone; SGD and Adam work weight by weight, so Keras's own optimiser takes the right steps.
"""

import sys
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tqdm import tqdm

from regbook.members import check_count, check_data, check_inputs, check_members, check_seeds, loss_name
from regbook.stacked import STACKED


@dataclass(frozen=True)
class History:
    """What `fit_together` saw at the end of every epoch, in inference mode: arrays of shape (epochs, members).

    loss: the data loss on the training set, without the penalty. penalty: what the regularisers add to it.
    accuracy: on the training set; NaN for a regression. validation_…: the same on validation data; NaN without.
    """

    loss: np.ndarray
    penalty: np.ndarray
    accuracy: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray

    @property
    def best_epoch(self) -> np.ndarray:
        """(members,): the epoch, counted from 0, of the smallest validation loss."""
        if np.isnan(self.validation_loss).any():
            raise ValueError("best_epoch needs validation data: pass validation_data=(x, y) to fit_together")
        return self.validation_loss.argmin(axis=0)


def fit_together(
    models, x, y, *, epochs, batch_size=32, seeds=None, shuffle=True, validation_data=None, keep_best=False
):
    """Fit all `models` at once, each as `model.fit(x, y, epochs=epochs, batch_size=batch_size)` would.

    models: compiled Keras Sequential models of one shape, made of Input, Dense, Dropout, GaussianNoise and
        BatchNormalization. Each may have its own weights, L1/L2 regularisers, MaxNorm limits, dropout rates and
        noise; loss and optimiser are the same for all.
    x, y: one data set for all, x of shape (rows, inputs), y of (rows,) or (rows, outputs); or one a member,
        both with a leading axis: (members, rows, inputs). Or, for data that change while training goes on,
        functions of the epoch, counted from 0, that return such arrays.
    seeds: one whole number a member, from which its shuffling, dropout masks and noise are drawn; 0, 1, 2, …
        unless given. Members with the same seed see the same rows in the same order: pair what you compare.
    validation_data: (x, y), shaped as the training data.
    keep_best: leave each model with its weights of the epoch of smallest validation loss (early stopping).

    Returns a History; afterwards every model predicts, evaluates and saves as if it had been fitted alone. Each
    call starts a fresh optimiser.

    Raises TypeError or ValueError before any training where the models or the data do not fit, and
    FloatingPointError, with all models as they were, where a loss stops being a number.

    Source: the layers, losses and update rules are Keras's own, https://keras.io/api.
    """
    check_members(models)
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    if validation_data is not None and not (isinstance(validation_data, (tuple, list)) and len(validation_data) == 2):
        raise TypeError("validation_data must be a pair (x, y)")
    if keep_best and validation_data is None:
        raise ValueError("keep_best chooses the epoch on validation data: pass validation_data=(x, y)")
    seeds, stream = np.unique(check_seeds(seeds, len(models)), return_inverse=True)

    def tensors(x, y, name=""):
        return [tf.constant(a) for a in check_data(models[0], len(models), x, y, name)]

    def training_data(epoch):
        return tensors(x(epoch) if callable(x) else x, y(epoch) if callable(y) else y)

    train_set = training_data(0)
    held_out = tensors(*validation_data, "validation ") if validation_data is not None else None
    rows = train_set[0].shape[-2]
    stack = _Stack(models)
    train, measure = stack.compile(batch_size, stream)

    # Shuffling has its own random stream, so that models with and without dropout see the rows in the same order.
    shuffles = [np.random.default_rng([seed, 0]) for seed in seeds]
    noises = [[np.random.default_rng([seed, 1 + number]) for seed in seeds] for number, _ in enumerate(stack.layers)]
    seen, kept, best = [], None, np.full(len(models), np.inf)
    # On stdout: on stderr, a notebook keeps the erased bar as an empty warning.
    bar = {"desc": f"fitting {len(models)} models", "unit": "epoch", "delay": 3, "leave": False, "file": sys.stdout}
    for epoch in tqdm(range(epochs), **bar):
        if epoch and (callable(x) or callable(y)):
            train_set = training_data(epoch)
            if train_set[0].shape[-2] != rows:
                raise ValueError(f"x had {rows} rows at first, and has {train_set[0].shape[-2]} in epoch {epoch + 1}")
        orders = np.stack([random.permutation(rows) if shuffle else np.arange(rows) for random in shuffles])
        noise = [np.stack([layer.draw(random, rows) for random in noises[i]]) for i, layer in enumerate(stack.layers)]
        train(*train_set, tf.constant(orders), [tf.constant(numbers) for numbers in noise])

        loss, penalty, accuracy = measure(*train_set)
        if not np.isfinite(loss).all():
            member = int(np.argmin(np.isfinite(loss)))
            raise FloatingPointError(
                f"the loss of member {member} became {loss[member]} in epoch {epoch + 1} of {epochs}: "
                "try a smaller learning rate. No model was changed."
            )
        held_loss, _, held_accuracy = measure(*held_out) if held_out else np.full((3, len(models)), np.nan)
        seen.append((loss, penalty, accuracy, held_loss, held_accuracy))
        if keep_best:
            now = stack.read()
            kept = kept or now
            for old, new in zip(kept, now):
                old[held_loss < best] = new[held_loss < best]
            best = np.minimum(best, held_loss)
    stack.write_back(kept or stack.read())
    # TensorFlow caches a kernel for every variable that it ever saw: 25 MB for 100 models, freed by nothing else.
    context.context().clear_kernel_cache()
    return History(*(np.stack(column) for column in zip(*seen)))


def predict_together(models, x):
    """What `model.predict(x)` gives for each of `models`: one array of shape (members, rows, outputs).

    models and x are as in `fit_together`. (`model.predict` takes about a third of a second a model to get started.)
    """
    check_members(models)
    x = check_inputs(models[0], len(models), x)
    stack = _Stack(models)
    blocks = range(0, x.shape[-2], 500)  # the hidden units of all members and rows at once would fill the memory
    return np.concatenate([stack.forward(tf.constant(x[..., b : b + 500, :])).numpy() for b in blocks], axis=1)


class _Stack:
    """Models of one shape as one: stacked layers, and a loss a member."""

    def __init__(self, models):
        self.models = models
        self.layers = [STACKED[type(same[0]).__name__](same) for same in zip(*(m.layers for m in models))]
        self.weights = [weight for layer in self.layers for weight in layer.weights]

    def forward(self, x, training=False, noises=None):
        for number, layer in enumerate(self.layers):
            x = layer(x, training, noises and noises[number])
        return x

    def penalty(self):
        return sum(layer.penalty() for layer in self.layers) + tf.zeros(len(self.models), self.weights[0].dtype)

    def compile(self, batch_size, stream):
        """Two functions. train: one pass over the data. measure: data loss, penalty and accuracy, (members,) each."""
        first = self.models[0]
        row_loss = keras.losses.get(first.loss)
        row_loss = getattr(row_loss, "call", row_loss)  # one number a row, not yet averaged
        accuracy = _ACCURACY[loss_name(first)]
        trainable = [weight for weight in self.weights if weight.trainable]
        optimiser = type(first.optimizer).from_config(first.optimizer.get_config())
        decays = [optimiser.weight_decay and first.optimizer._use_weight_decay(w) for w in first.trainable_weights]
        optimiser.build(trainable)

        @tf.function
        def train(x, y, orders, noises):
            for start in tf.range(0, x.shape[-2], batch_size):
                # orders and noises hold one stream of random numbers a seed: hand each member its own.
                batch = tf.gather(orders[:, start : start + batch_size], stream)
                batch_noises = [tf.gather(noise[:, start : start + batch_size], stream) for noise in noises]
                batch_x = tf.gather(x, batch, batch_dims=x.shape.rank - 2)
                batch_y = tf.gather(y, batch, batch_dims=1)
                with tf.GradientTape() as tape:
                    outputs = self.forward(batch_x, True, batch_noises)
                    loss = tf.reduce_mean(row_loss(batch_y, outputs), axis=1) + self.penalty()
                    total = tf.reduce_sum(loss)
                gradients = tape.gradient(total, [w.value for w in trainable])
                # What Keras's optimiser.apply does, which itself would keep every graph that it was traced in alive.
                for weight, gradient, decay in zip(trainable, gradients, decays):
                    if decay:
                        shrinks_by = keras.ops.cast(optimiser.weight_decay, weight.dtype) * optimiser.learning_rate
                        weight.assign(weight - weight * shrinks_by)
                    optimiser.update_step(gradient, weight, optimiser.learning_rate)
                    if weight.constraint:
                        weight.assign(weight.constraint(weight.value))
                optimiser.iterations.assign_add(1)

        @tf.function
        def measure(x, y):
            outputs = self.forward(x)
            hits = accuracy(y, outputs) if accuracy else tf.fill(outputs.shape, np.nan)
            hits = tf.reshape(hits, (len(self.models), -1))
            return tf.reduce_mean(row_loss(y, outputs), axis=1), self.penalty(), tf.reduce_mean(hits, axis=1)

        return train, lambda x, y: [number.numpy() for number in measure(x, y)]

    def read(self):
        return [np.array(w.numpy()) for w in self.weights]

    def write_back(self, stacked):
        for number, model in enumerate(self.models):
            weights = (weight for layer in model.layers for weight in layer.weights)
            for weight, values in zip(weights, stacked):
                weight.assign(values[number])


_ACCURACY = {
    "binary_crossentropy": keras.metrics.binary_accuracy,
    "categorical_crossentropy": keras.metrics.categorical_accuracy,
    "sparse_categorical_crossentropy": keras.metrics.sparse_categorical_accuracy,
    "mean_squared_error": None,
}
