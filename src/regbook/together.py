"""One job: fit many Keras models at the same time.

`model.fit` on a small model is nearly all overhead: the arithmetic of one step takes microseconds, starting it
takes a millisecond. So we stack the weights of all models (stack.py) and train all of them in one go.

The loss is the sum over the members. A member's weights appear in its own term only, so its gradient is the one
it would have had alone; SGD and Adam work weight by weight, so Keras's own optimiser takes the right steps.
"""

import sys
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from keras import layers
from tqdm import tqdm

from regbook.checks import check_count, check_data, check_inputs, check_seeds
from regbook.numerics import rng
from regbook.stack import settings_of, stack_of, weights_of, write_weights


@dataclass(frozen=True)
class History:
    """What a fit saw at the end of every epoch, in inference mode: arrays of shape (members, epochs).

    loss: the data loss on the training set, without the penalty. penalty: what the regularisers add to it.
    accuracy: on the training set; NaN for a regression. val_loss, val_accuracy: the same on validation data, without
    the penalty too; NaN without validation data.

    last: the weights after the last epoch. best: those after the epoch of smallest val_loss, or None without
    validation data. Each two arrays, (members, numbers).
    """

    loss: np.ndarray
    penalty: np.ndarray
    accuracy: np.ndarray
    val_loss: np.ndarray
    val_accuracy: np.ndarray
    last: tuple = field(repr=False)
    best: tuple = field(repr=False)

    @property
    def best_epoch(self) -> np.ndarray:
        """(members,): the epoch, counted from 0, of the smallest validation loss; the first of equal ones."""
        if self.best is None:
            raise ValueError("best_epoch needs validation data: pass validation_data=(x, y) to fit_together")
        return self.val_loss.argmin(axis=1)


def fit_together(
    models, x, y, *, epochs, batch_size=32, seeds=None, shuffle=True, validation_data=None, restore_best_weights=False
):
    """Fit all `models` at once, each as `model.fit(x, y, epochs=epochs, batch_size=batch_size)` would.

    models: compiled Keras Sequential models of one shape, made of the layers that `regbook.checks` lists. Each may
        have its own weights, L1/L2 regularisers, MaxNorm limits, dropout rates and noise; loss, optimiser and all
        else are the same for all.
    x, y: one data set for all, x of shape (rows, …) and y of (rows,) or (rows, …), a row as the models take it; or
        one per member, both with a leading axis, (members, rows, …). Or, for data that change while training goes
        on, functions of the epoch, counted from 0, that return such arrays.
    seeds: one whole number per member, from which its shuffling, dropout masks and noise are drawn; 0, 1, 2, …
        unless given. Members with the same seed see the same rows in the same order: pair what you compare.
    validation_data: (x, y), shaped as the training data.
    restore_best_weights: leave each model with its weights of the epoch of smallest validation loss (early stopping).

    Returns a History; afterwards every model predicts, evaluates and saves as if it had been fitted alone. Each
    call starts a fresh optimiser.

    Raises TypeError or ValueError before any training where the models or the data do not fit, and
    FloatingPointError, with all models as they were, where a loss stops being a number.

    Example: fit_together([build(seed) for seed in range(20)], x, y, epochs=30).accuracy[:, -1].mean()

    Source: the layers, losses and update rules are Keras's own, https://keras.io/api.
    """
    stack = stack_of(models)
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    if validation_data is not None and not (isinstance(validation_data, (tuple, list)) and len(validation_data) == 2):
        raise TypeError("validation_data must be a pair (x, y)")
    if restore_best_weights and validation_data is None:
        raise ValueError("restore_best_weights chooses the epoch on validation data: pass validation_data=(x, y)")
    seeds, stream = np.unique(check_seeds(seeds, len(models)), return_inverse=True)

    def checked(x, y, name=""):
        x, y = check_data(stack, len(models), x, y, name)
        return x, y, sources(x, len(models))

    def training_data(epoch):
        return first if epoch == 0 else checked(x(epoch) if callable(x) else x, y(epoch) if callable(y) else y)

    first = checked(x(0) if callable(x) else x, y(0) if callable(y) else y)
    data = training_data if callable(x) or callable(y) else first
    held_out = validation_data and checked(*validation_data, "validation ")
    rows = map(np.stack, zip(*((*weights_of(model), *settings_of(model)) for model in models)))
    stack.begin(models, *rows)
    history = train(stack, data, held_out, seeds, stream, epochs, batch_size, shuffle)
    for model, *weights in zip(models, *(history.best if restore_best_weights else history.last)):
        write_weights(model, *weights)
    return history


def predict_together(models, x):
    """What `model.predict(x)` gives for each of `models`: one array of shape (members, rows, …).

    models and x are as in `fit_together`. (`model.predict` takes about a third of a second per model to get started.)

    Example: (predict_together(models, x)[..., 0] > 0.5).mean(axis=1)
    """
    stack = stack_of(models)
    x = check_inputs(stack, len(models), x)
    weights, states = map(np.stack, zip(*(weights_of(model) for model in models)))
    return stack.predict(weights, states, x, sources(x, len(models)))


def train(stack, data, held_out, seeds, stream, epochs, batch_size=32, shuffle=True, names=None):
    """Train the members that `stack` began with, and return a History.

    data: (x, y, source), or a function of the epoch that returns them: x and y of shape (sources, rows, …), and which
    of the sources each member sees, (members,). held_out: likewise, or None. seeds: (streams,), whole numbers.
    stream: (members,), the place in `seeds` of each member's. names: of the members, for what is raised.
    """

    def tensors(x, y, source):
        return tf.constant(x), tf.constant(y), tf.constant(source, tf.int64)

    members, rows = stack.weights.shape[0], None
    held_out, stream = held_out and tensors(*held_out), tf.constant(stream, tf.int64)
    # Shuffling has its own random stream, so that models with and without dropout see the rows in the same order; and
    # so has each noisy layer, by its place among them, so that other layers may come and go.
    shuffles = [rng(seed, 0) for seed in seeds]
    noises = [
        [rng(seed, 1, place) if isinstance(layer, layers.GaussianNoise) else rng(seed, 2 + place) for seed in seeds]
        for place, layer in enumerate(stack.noisy)
    ]
    seen, best, smallest = [], None, np.full(members, np.inf)
    # On stdout: on stderr, a notebook keeps the erased bar as an empty warning.
    bar = {"desc": f"fitting {members} models", "unit": "epoch", "delay": 3, "leave": False, "file": sys.stdout}
    for epoch in tqdm(range(epochs), **bar):
        if epoch == 0 or callable(data):
            train_set = tensors(*(data(epoch) if callable(data) else data))
            rows = rows or train_set[0].shape[1]
            if train_set[0].shape[1] != rows:
                raise ValueError(f"x had {rows} rows at first, and has {train_set[0].shape[1]} in epoch {epoch + 1}")
        orders = np.stack([random.permutation(rows) if shuffle else np.arange(rows) for random in shuffles])
        noise = [np.stack([stack.draw(i, random, rows) for random in noises[i]]) for i in range(len(noises))]
        orders, noise = tf.constant(orders, tf.int64), [tf.constant(numbers) for numbers in noise]
        stack.train(*train_set, orders, noise, stream, tf.constant(batch_size, tf.int64))

        now = [tf.identity(variable.value) for variable in (stack.weights, stack.states)]
        loss, accuracy = stack.measure(*now, *train_set)
        if not np.isfinite(loss).all():
            member = int(np.argmin(np.isfinite(loss)))
            raise FloatingPointError(
                f"the loss of {names[member] if names else f'member {member}'} became {loss[member]} in epoch "
                f"{epoch + 1} of {epochs}: try a smaller learning rate. No model was changed."
            )
        val_loss, val_accuracy = stack.measure(*now, *held_out) if held_out else np.full((2, members), np.nan)
        seen.append((loss, stack.penalty(np.asarray(now[0])), accuracy, val_loss, val_accuracy))
        if held_out:
            best = best or tuple(np.array(weights) for weights in now)
            for kept, weights in zip(best, now):
                kept[val_loss < smallest] = np.asarray(weights)[val_loss < smallest]
            smallest = np.fmin(smallest, val_loss)
    return History(*np.stack(seen, axis=-1), last=tuple(weights.numpy() for weights in now), best=best)


def sources(x, members):
    """Which of the sources x, (sources, …), each member sees: the only one, or its own."""
    return np.zeros(members, int) if len(x) == 1 else np.arange(members)
