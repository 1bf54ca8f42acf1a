"""One job: each Keras layer that `fit_together` knows, with the weights of all members in one array.

A stacked layer is made from `same`, the same layer of every member. Every weight gets one more axis in front:

    one model:     h = activation(x @ kernel  + bias)       kernel:          (inputs, units)
    all members:   h = activation(x @ kernels + biases)     kernels: (members, inputs, units)

Calling it does what Keras's layer does, for h of shape (members, rows, inputs), or (rows, inputs) where all
members still see the same. `noise` is the random numbers of a noisy layer; without them it is in inference mode.
"""

import keras
import numpy as np
import tensorflow as tf

from regbook.members import price


class _Layer:
    weights = ()

    def draw(self, random, rows):
        """Random numbers for one epoch of one seed, (rows, …): none, but for noisy layers."""
        return np.empty((rows, 0))

    def penalty(self):
        return 0.0


class Dense(_Layer):
    def __init__(self, same):
        self.activation, self.use_bias = same[0].activation, same[0].use_bias
        self.weights = [_stack([layer.kernel for layer in same], same[0].kernel_constraint and _max_norm(same))]
        self.prices = [np.array([price(layer.kernel_regularizer) for layer in same]).T]
        if self.use_bias:
            self.weights.append(_stack([layer.bias for layer in same]))
            self.prices.append(np.array([price(layer.bias_regularizer) for layer in same]).T)

    def __call__(self, h, training=False, noise=None):
        h = tf.matmul(h, self.weights[0].value)
        return self.activation(h + self.weights[1].value[:, None] if self.use_bias else h)

    def penalty(self):
        """λ₁ Σ|w| + λ₂ Σw² of each member: (members,)."""
        total = 0.0
        for (l1, l2), weight in zip(self.prices, self.weights):
            axes = range(1, len(weight.shape))
            if l1.any():
                total += l1 * tf.reduce_sum(tf.abs(weight.value), axes)
            if l2.any():
                total += l2 * tf.reduce_sum(tf.square(weight.value), axes)
        return total


class Dropout(_Layer):
    def __init__(self, same):
        self.rate = _one_a_member(layer.rate for layer in same)
        self.width = same[0].output.shape[-1]

    def draw(self, random, rows):
        return random.random((rows, self.width), np.float32)

    def __call__(self, h, training=False, noise=None):
        return tf.where(noise >= self.rate, h / (1 - self.rate), 0) if training else h


class GaussianNoise(_Layer):
    def __init__(self, same):
        self.stddev = _one_a_member(layer.stddev for layer in same)
        self.width = same[0].output.shape[-1]

    def draw(self, random, rows):
        return random.standard_normal((rows, self.width), np.float32)

    def __call__(self, h, training=False, noise=None):
        return h + self.stddev * tf.cast(noise, h.dtype) if training else h


class BatchNormalization(_Layer):
    def __init__(self, same):
        self.momentum, self.epsilon = same[0].momentum, same[0].epsilon
        self.weights = [_stack(weights) for weights in zip(*(layer.weights for layer in same))]
        for moving in self.weights[2:]:
            moving.trainable = False

    def __call__(self, h, training=False, noise=None):
        gamma, beta, moving_mean, moving_variance = self.weights
        mean, variance = moving_mean.value, moving_variance.value
        if training:
            mean, variance = tf.nn.moments(h, axes=1)
            for moving, now in ((moving_mean, mean), (moving_variance, variance)):
                moving.assign(moving * self.momentum + now * (1 - self.momentum))
        scale = gamma.value / tf.sqrt(variance + self.epsilon)
        return (h - mean[:, None]) * scale[:, None] + beta.value[:, None]


STACKED = {layer.__name__: layer for layer in (Dense, Dropout, GaussianNoise, BatchNormalization)}


def _stack(weights, constraint=None):
    stacked = keras.Variable(np.stack([w.numpy() for w in weights]), dtype=weights[0].dtype, name=weights[0].name)
    stacked.constraint = constraint
    return stacked


def _one_a_member(numbers):
    return np.array(list(numbers))[:, None, None]


def _max_norm(same):
    """Keras's MaxNorm on (members, inputs, units): no unit's incoming weights are longer than the member's limit."""
    limit = _one_a_member(layer.kernel_constraint.max_value for layer in same)

    def shorten(kernels):
        norms = tf.sqrt(tf.reduce_sum(tf.square(kernels), axis=1, keepdims=True))
        return kernels * (tf.clip_by_value(norms, 0, limit) / (keras.config.epsilon() + norms))

    return shorten
