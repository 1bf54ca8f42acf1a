"""One pass over the data for all members at once: batches, gradients, penalties, steps and limits.

What is minimised is the sum of the members' losses. A member's weights appear in its own term only,
so its gradient is the one that it would have had alone; SGD and Adam work number by number, so
Keras's own optimiser takes the right steps.
"""

import keras
import numpy as np
import psutil
import tensorflow as tf
from keras.constraints import MaxNorm

from regbook.fitting.kinds import has_l1
from regbook.fitting.stack import ONE, WHOLE, compiled, cut, noise_shape, sizes_of

_COPIES = 12  # how often a step holds the weights, and what a layer makes of a batch, about
_MB_OF_WEIGHTS, _MB_OF_ROWS = 25, 250  # of all members that are trained at once


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
    """Training of so many members. What differs between two fits is a variable: both compile
    once."""

    def __init__(self, stack, members, numbers):
        weights, optimiser = stack.model.trainable_weights, stack.model.optimizer
        self.stack, self.members, self._sizes = stack, members, sizes_of(weights)
        self.weights, self.states, *rows = (
            keras.Variable(np.zeros((members, count)), dtype=stack.dtype)
            for count in (
                sum(self._sizes),
                sum(sizes_of(stack.model.non_trainable_weights)),
                *(values.shape[1] for values in numbers.values()),
            )
        )
        self._numbers = dict(zip(numbers, rows))
        self._optimiser = type(optimiser).from_config(optimiser.get_config())
        self._optimiser.build([self.weights])
        self.run = self._compile()

    def begin(self, weights, states, numbers):
        """Put every member at its start, with the numbers of `numbers_of`: (members, …) each."""
        self.weights.assign(weights)
        self.states.assign(states)
        for what, values in numbers.items():
            self._numbers[what].assign(values)
        for variable in self._optimiser.variables:
            variable.assign(np.zeros(variable.shape))

    def penalty(self):
        """λ₁ Σ|w| + λ₂ Σw² of each member as it stands: (members,)."""
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
        limited = any(weight.constraint for weight in stack.model.trainable_weights)
        orders_spec = tf.TensorSpec([None, None], "int64")

        def gradient(member):
            """The slope of the data loss of one member in its batch, and its states after it."""
            row, state, x, y, noise, sizes = member
            with tf.GradientTape() as tape:
                tape.watch(row)
                outputs, state = stack.forward(row, state, x, noise, tf.unstack(sizes))
                loss = tf.reduce_mean(stack.loss.call(y, outputs))
            return tape.gradient(loss, row), state

        @compiled(*stack.data_specs, orders_spec, noise_specs, WHOLE, ONE)
        def run(x, y, orders, noises, stream, batch_size):
            rows, numbers = tf.shape(x, "int64")[1], self._numbers
            first = rows * tf.range(tf.shape(x, "int64")[0])[:, None]  # row of each member
            # A strength for each weight array becomes one for each number in it.
            l1, l2, decay = (
                tf.repeat(numbers[what].value, self._sizes, axis=1)
                for what in ("l1", "l2", "decay")
            )
            x, y = tf.reshape(x, [-1, *x.shape[2:]]), tf.reshape(y, [-1, *y.shape[2:]])

            def one_batch(start):
                # orders and noises hold a stream of random numbers per seed: each member gets its
                # own.
                part = slice(start, start + batch_size)
                batch = first + tf.gather(orders[:, part], stream)
                noise = [tf.gather(drawn[:, part], stream) for drawn in noises]
                seen = tf.gather(x, batch), tf.gather(y, batch), noise, numbers["noise"].value
                gradients, after = tf.vectorized_map(gradient, (weights.value, states.value, *seen))
                gradients += l2 * (2 * weights.value)  # the slope of λ₂w²
                if has_l1(stack.model):
                    gradients += l1 * tf.sign(weights.value)
                # What Keras's optimiser.apply does, which itself would keep every graph that it was
                # traced in alive.
                step = numbers["step"].value
                if optimiser.weight_decay:
                    weights.assign(weights - weights * (decay * step))
                optimiser.update_step(gradients, weights, step)
                optimiser.iterations.assign_add(1)
                states.assign(after)
                if limited:
                    limits = weights.value, numbers["limits"].value
                    weights.assign(tf.vectorized_map(self._within, limits))
                return start + batch_size

            tf.while_loop(lambda start: start < rows, one_batch, [tf.constant(0, tf.int64)])

        return run

    # The weights of one member within their limits, as Keras's MaxNorm brings them there.
    def _within(self, member):
        row, limits = member
        weights, limits, parts = self.stack.model.trainable_weights, iter(tf.unstack(limits)), []
        for part, weight in zip(cut(row, weights), weights):
            if weight.constraint:
                part = MaxNorm(next(limits), weight.constraint.axis)(part)
            parts.append(tf.reshape(part, [-1]))
        return tf.concat(parts, 0)
