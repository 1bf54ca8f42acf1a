"""One pass over the data for all members at once: batches, gradients, penalties, steps and limits.

What is minimised is the sum of the members' losses. A member's weights appear in its own term only,
so its gradient is the one that it would have had alone; SGD and Adam work number by number, so
Keras's own optimiser takes the right steps.
"""

import numpy as np
import psutil
import tensorflow as tf
from keras.constraints import MaxNorm

from regbook.fitting.kinds import has_l1, numbers_of
from regbook.fitting.stack import ONE, WHOLE, compiled, cut, noise_shape, sizes_of

_COPIES = 12  # how often a step holds the weights, and what a layer makes of a batch, about
_MB_OF_WEIGHTS, _MB_OF_ROWS = 25, 50  # of all members that are trained at once


def members_at_once(stack, rows, batch_size):
    """How many members a small machine trains at once, in batches of these rows.

    Raises ValueError where the memory that is free would not do for one.
    """
    batch, weights = min(batch_size, rows), stack.model.count_params()
    noise = sum(int(np.prod(noise_shape(layer))) for layer in stack.noisy)  # drawn for an epoch
    of_weights = 8e-6 * _COPIES * weights
    of_rows = 8e-6 * _COPIES * batch * stack.widest + 4e-6 * rows * noise
    free = psutil.virtual_memory().available / 1e6
    if of_weights + of_rows > free:
        raise ValueError(
            f"one model × a batch of {batch} rows × {stack.widest} numbers in its widest layer, "
            "with "
            f"{weights} weights, needs about {of_weights + of_rows:.0f} MB, and {free:.0f} MB are "
            "free: take a smaller batch or model"
        )
    return max(1, int(min(_MB_OF_WEIGHTS / of_weights, _MB_OF_ROWS / of_rows)))


class Passes:
    """Training of any number of members: whatever differs between two fits is a variable."""

    def __init__(self, stack):
        self.stack, self._sizes = stack, sizes_of(stack.model.trainable_weights)
        # One row for each member, whose number may change from fit to fit.
        self.weights = self._rows(sum(self._sizes))
        self.states = self._rows(sum(sizes_of(stack.model.non_trainable_weights)))
        numbers = numbers_of(stack.model)
        self._numbers = {what: self._rows(len(values)) for what, values in numbers.items()}
        self._kept_by_optimiser = []
        self._optimiser = self._optimiser_of_rows(stack.model.optimizer)
        self._optimiser.build([self.weights])
        self.run = self._compile()

    def begin(self, weights, states, numbers):
        """Put every member at its start, with the numbers of `numbers_of`: (members, …) each."""
        self.weights.assign(weights)
        self.states.assign(states)
        for what, values in numbers.items():
            self._numbers[what].assign(values)
        for variable in self._kept_by_optimiser:
            variable.assign(np.zeros(weights.shape))
        self._optimiser.iterations.assign(0)

    # A variable of so many numbers for each of the members, however many there are.
    def _rows(self, count):
        zeros = np.zeros((0, count))
        return tf.Variable(zeros, dtype=self.stack.dtype, shape=[None, count])

    # Keras's optimiser, whose moments are rows of members, too.
    def _optimiser_of_rows(self, optimiser):
        class OfRows(type(optimiser)):
            def add_variable_from_reference(_, reference, name=None, initializer="zeros"):
                self._kept_by_optimiser.append(self._rows(reference.shape[1]))
                return self._kept_by_optimiser[-1]

        return OfRows.from_config(optimiser.get_config())

    def penalty(self):
        """λ₁ Σ|w| + λ₂ Σw² of each member as it stands: (members,)."""
        # reduceat adds up the numbers of each weight array, which begin at `starts`.
        starts, weights = np.cumsum([0, *self._sizes[:-1]]), self.weights.numpy()
        sums = {"l1": np.abs(weights), "l2": np.square(weights)}
        return sum(
            np.sum(self._numbers[what].numpy() * np.add.reduceat(sizes, starts, axis=1), axis=1)
            for what, sizes in sums.items()
        )

    # The function that makes one pass over the data. It moves the members' weights and states.
    def _compile(self):
        stack, weights, states, optimiser = self.stack, self.weights, self.states, self._optimiser
        noise_specs = [
            tf.TensorSpec([None, None, *noise_shape(layer)], "float32") for layer in stack.noisy
        ]
        # What no member of the kind has is not computed.
        limited = any(weight.constraint for weight in stack.model.trainable_weights)

        def gradient(member):
            """The slope of the data loss of one member in its batch, and its states after it."""
            row, state, x, y, noise, sizes = member
            with tf.GradientTape() as tape:
                tape.watch(row)
                outputs, state = stack.forward(row, state, x, noise, tf.unstack(sizes))
                # The mean over the rows of the batch; the penalty is added as a slope below.
                loss = tf.reduce_mean(stack.loss.call(y, outputs))
            return tape.gradient(loss, row), state

        @compiled(input_signature=[*stack.data_specs, WHOLE, noise_specs, WHOLE, ONE])
        def run(x, y, source, noises, stream, batch_size):
            count, numbers = tf.shape(x, "int64")[1], self._numbers
            # What a member has for a weight array is spread to all weights: products of arrays of
            # one shape are several times as fast as others.
            l1, l2, decay = (
                tf.repeat(numbers[what], self._sizes, axis=1) for what in ("l1", "l2", "decay")
            )
            step = tf.repeat(numbers["step"], sum(self._sizes), axis=1)

            # The last batch may be smaller than the others, as in `model.fit`.
            def one_batch(start):
                # Members share sources and streams: hand each its rows and its noise.
                part = slice(start, start + batch_size)
                noise = [tf.gather(drawn[:, part], stream) for drawn in noises]
                rows = (tf.gather(values[:, part], source) for values in (x, y))
                members = weights, states, *rows, noise, numbers["noise"]
                gradients, after = tf.vectorized_map(gradient, members)
                gradients += l2 * (2 * weights)  # the slope of λ₂w²
                if has_l1(stack.model):
                    gradients += l1 * tf.sign(weights)
                # What Keras's optimiser.apply does, which itself would keep every graph that it was
                # traced in alive.
                if optimiser.weight_decay:
                    weights.assign(weights - weights * (decay * step))
                optimiser.update_step(gradients, weights, step)
                optimiser.iterations.assign_add(1)
                states.assign(after)
                if limited:
                    limits = weights, numbers["limits"]
                    weights.assign(tf.vectorized_map(self._within, limits))
                return start + batch_size

            tf.while_loop(lambda start: start < count, one_batch, [tf.constant(0, tf.int64)])

        return run

    # The weights of one member within their limits, as Keras's MaxNorm brings them there.
    def _within(self, member):
        row, limits = member
        weights, limits, parts = self.stack.model.trainable_weights, iter(tf.unstack(limits)), []
        # Keras limits the columns of each kernel; other arrays stay as they are.
        for part, weight in zip(cut(row, weights), weights):
            if weight.constraint:
                part = MaxNorm(next(limits), weight.constraint.axis)(part)
            parts.append(tf.reshape(part, [-1]))
        return tf.concat(parts, 0)
