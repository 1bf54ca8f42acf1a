"""Epoch after epoch: draw the order of rows and the noise, train, measure, keep the best."""

import sys
from functools import partial

import numpy as np
import tensorflow as tf
from keras.layers import GaussianNoise
from tqdm import tqdm

from regbook.fitting.passes import Passes
from regbook.numerics import rng


class Job:
    """Members, (plan, place of a seed) each, all of one kind.

    rows: x and y of all seeds, (seeds, rows, …) each. ends: (members,), after how many epochs each
    is done. stream: (members,), whose random numbers it sees: a place in `seeds`.
    """

    def __init__(self, members, ends, seeds, rows):
        plans, places = zip(*members)
        self.stack, self.seeds, self.ends, self._data = plans[0].stack, seeds, ends, rows
        self.stream = np.array(places)
        self.names = [f"'{plan.name}', seed {seeds[place]}," for plan, place in members]
        self.numbers = {
            what: np.stack([plan.numbers[what] for plan in plans]) for what in plans[0].numbers
        }
        begun = {(plan.start.recipe, place): plan.start for plan, place in members}  # most share it
        begun = {key: start.weights(seeds[key[1]]) for key, start in begun.items()}
        starts = [begun[plan.start.recipe, place] for plan, place in members]
        self.start = [np.stack(part) for part in zip(*starts)]
        self._changes = [  # each with a stream of random numbers of its own
            plan.change and partial(plan.changed, random=rng(seeds[place], 0, 1))
            for plan, place in members
        ]
        self.changing = any(self._changes)

    def rows(self, epoch):
        """x and y of an epoch: (members, rows, …) each."""
        pairs = []
        for change, place in zip(self._changes, self.stream):
            x, y = (rows[place] for rows in self._data)
            pairs.append(change(epoch, x, y) if change else (x, y))
        return [np.stack(part) for part in zip(*pairs)]


def train(job, held_out, batch_size, training_curves):
    """Train the members of a job.

    held_out: x and y to validate on, (seeds, rows, …) each, or None.

    Returns curves in inference mode, {what: (members, epochs)}, where those of the training rows
    hold the last epoch alone unless `training_curves`; the weights and states after each member's
    last epoch; and those after its epoch of smallest validation loss, the first of equal ones.
    Raises FloatingPointError, naming the member, where a loss or a weight stops being a number.
    """
    stack, members, epochs = job.stack, len(job.ends), int(job.ends.max())
    if not stack.passes or stack.passes.members != members:
        stack.passes = Passes(stack, members, job.numbers)
    passes = stack.passes
    passes.begin(*job.start, job.numbers)
    stream, size = (tf.constant(number, tf.int64) for number in (job.stream, batch_size))
    held_out = held_out and [tf.constant(rows[job.stream]) for rows in held_out]
    # The order of rows has a random stream of its own, so that models with and without dropout see
    # the same; and so has each noisy layer, by its place among them, so that others come and go.
    shuffles = [rng(seed, 0) for seed in job.seeds]
    noises = [
        [rng(seed, 1, place) if normal else rng(seed, 2 + place) for seed in job.seeds]
        for place, normal in enumerate(isinstance(layer, GaussianNoise) for layer in stack.noisy)
    ]
    of_training, of_validation, smallest = [], [], np.full(members, np.inf)
    last, best = ([np.array(part) for part in job.start] for _ in range(2))
    # On stdout: on stderr, a notebook keeps the erased bar as an empty warning.
    bar = {"desc": f"fitting {members} models", "unit": "epoch", "file": sys.stdout}
    for epoch in tqdm(range(epochs), **bar, delay=3, leave=False):
        if epoch == 0 or job.changing:
            x, y = (tf.constant(values) for values in job.rows(epoch))
        rows = x.shape[1]
        orders = np.stack([random.permutation(rows) for random in shuffles])
        noise = [
            tf.constant(np.stack([stack.draw(place, random, rows) for random in streams]))
            for place, streams in enumerate(noises)
        ]
        passes.run(x, y, tf.constant(orders, tf.int64), noise, stream, size)

        now = [tf.identity(variable.value) for variable in (passes.weights, passes.states)]
        sound = np.isfinite(now[0]).all(axis=1)
        if training_curves or epoch == epochs - 1:
            of_training.append((*stack.measure(*now, x, y), passes.penalty()))
            sound &= np.isfinite(of_training[-1][0])
        if held_out:
            of_validation.append(stack.measure(*now, *held_out))
            loss = of_validation[-1][0]
            sound &= np.isfinite(loss)
            _keep(best, now, loss < smallest)
            smallest = np.fmin(smallest, loss)
        _keep(last, now, job.ends == epoch + 1)
        broken = np.flatnonzero(~sound & (job.ends > epoch))
        if len(broken):
            raise FloatingPointError(
                f"the loss of {job.names[broken[0]]} stopped being a number in epoch {epoch + 1} "
                f"of {epochs}: try a smaller learning rate"
            )
    curves = dict(zip(("loss", "accuracy", "penalty"), np.stack(of_training, axis=-1)))
    if held_out:
        curves |= zip(("val_loss", "val_accuracy"), np.stack(of_validation, axis=-1))
    return curves, last, best


# Take over the rows of `now`, one of each member, for the members `which`.
def _keep(kept, now, which):
    for rows, new in zip(kept, now):
        rows[which] = np.asarray(new)[which]
