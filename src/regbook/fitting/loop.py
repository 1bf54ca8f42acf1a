"""Epoch after epoch: draw the order of rows and the noise, train, measure, keep the best."""

import numpy as np
import tensorflow as tf
from keras.layers import GaussianNoise

from regbook.fitting.passes import Passes
from regbook.fitting.progress import progress
from regbook.numerics import rng


class Job:
    """Members, (plan, place of a seed) each, all of one kind.

    rows: x and y of all seeds, (seeds, rows, …) each. ends: (members,), after how many epochs each
    is done. stream, source: (members,), whose random numbers and which rows each member sees.
    """

    def __init__(self, members, ends, seeds, rows):
        plans, places = zip(*members)
        self.stack, self.seeds, self.ends, self._data = plans[0].stack, seeds, ends, rows
        self.members, self.stream = members, np.array(places)
        # Strengths, rates, limits and steps of all members: (members, numbers) each.
        self.numbers = {
            what: np.stack([plan.numbers[what] for plan in plans]) for what in plans[0].numbers
        }
        begun = {(plan.start.recipe, place): plan.start for plan, place in members}  # most share it
        begun = {key: start.rows(seeds[key[1]]) for key, start in begun.items()}
        # Members of one seed and one recipe begin alike, so the weights are drawn once.
        starts = [begun[plan.start.recipe, place] for plan, place in members]
        self.start = [np.stack(part) for part in zip(*starts)]
        # The order of rows has a random stream of its own, so that models with and without dropout
        # see the same. A setting that changes its rows has its own; the others share the data's.
        self._orders = [rng(seed, 0) for seed in seeds]
        sources = [(plan if plan.change else None, place) for plan, place in members]
        self._sources = {(plan, place): rng(seeds[place], 0, 1) for plan, place in sources}
        self.source = np.array([list(self._sources).index(source) for source in sources])

    def rows(self, epoch):
        """x and y of an epoch, shuffled: (sources, rows, …) each."""
        # One order for each seed and epoch, whatever the settings do with their rows.
        orders = [random.permutation(self._data[0].shape[1]) for random in self._orders]
        filled = [
            np.empty((len(self._sources), *rows.shape[1:]), rows.dtype) for rows in self._data
        ]
        for number, ((plan, place), random) in enumerate(self._sources.items()):
            pair = [rows[place] for rows in self._data]
            pair = plan.changed(epoch, *pair, random) if plan else pair
            for rows, new in zip(filled, pair):
                rows[number] = new[orders[place]]
        return filled


def train(job, held_out, batch_size, training_curves):
    """Train the members of a job.

    held_out: x and y to validate on, (seeds, rows, …) each, or None.

    Returns curves in inference mode, {what: (members, epochs)}, where those of the training rows
    hold the last epoch alone unless `training_curves`; the weights and states after each member's
    last epoch; and those after its epoch of smallest validation loss, the first of equal ones.
    Raises FloatingPointError, naming the member, where a loss or a weight stops being a number.
    """
    stack, members, epochs = job.stack, len(job.ends), int(job.ends.max())
    # Compiled at the first fit of the kind, and kept with it.
    passes = stack.passes = stack.passes or Passes(stack)
    passes.begin(*job.start, job.numbers)
    stream, source, size = (tf.constant(n, tf.int64) for n in (job.stream, job.source, batch_size))
    held_out = held_out and [tf.constant(rows) for rows in held_out]
    # Each noisy layer has random streams of its own, by its place among them, so that others may
    # come and go.
    noises = [
        [rng(seed, 1, place) if normal else rng(seed, 2 + place) for seed in job.seeds]
        for place, normal in enumerate(isinstance(layer, GaussianNoise) for layer in stack.noisy)
    ]
    of_training, of_validation, smallest = [], [], np.full(members, np.inf)
    # What is kept of each member: its weights and states at two epochs.
    last, best = ([np.array(part) for part in job.start] for _ in range(2))
    for epoch in progress(range(epochs), desc=f"fitting {members} models", unit="epoch"):
        x, y = (tf.constant(values) for values in job.rows(epoch))
        # Random numbers for the whole epoch, so that each layer draws from its own stream in order.
        noise = [
            tf.constant(np.stack([stack.draw(place, random, x.shape[1]) for random in streams]))
            for place, streams in enumerate(noises)
        ]
        passes.run(x, y, source, noise, stream, size)

        now = [tf.identity(variable) for variable in (passes.weights, passes.states)]
        # A weight that is no number is seen in its epoch, measured or not.
        sound = np.isfinite(now[0]).all(axis=1)
        if training_curves or epoch == epochs - 1:
            of_training.append((*stack.measure(*now, x, y, source), passes.penalty()))
            sound &= np.isfinite(of_training[-1][0])
        if held_out:
            of_validation.append(stack.measure(*now, *held_out, stream))
            loss = of_validation[-1][0]
            sound &= np.isfinite(loss)
            _keep(best, now, loss < smallest)
            smallest = np.fmin(smallest, loss)
        _keep(last, now, job.ends == epoch + 1)
        del x, y, noise  # before the next epoch's are made beside them
        # Members that are done may do as they like.
        broken = np.flatnonzero(~sound & (job.ends > epoch))
        if len(broken):
            plan, place = job.members[broken[0]]
            raise FloatingPointError(
                f"the loss of '{plan.name}', seed {job.seeds[place]}, stopped being a number in "
                f"epoch {epoch + 1} of {epochs}: try a smaller learning rate"
            )
    curves = dict(zip(("loss", "accuracy", "penalty"), np.stack(of_training, axis=-1)))
    if held_out:
        curves |= zip(("val_loss", "val_accuracy"), np.stack(of_validation, axis=-1))
    return curves, last, best


# Take over the rows of `now`, one of each member, for the members `which`.
def _keep(kept, now, which):
    for rows, new in zip(kept, now):
        rows[which] = np.asarray(new)[which]
