"""Many Keras models of one kind as one, computed by Keras's own layers.

The weights of a member, as each of the models is called here, stand in a row, so those of all are
one matrix, (members, numbers). Each layer is called as Keras calls it, for one member, by
`layer.stateless_call`; `tf.vectorized_map` turns that into one call for all. Ours is only what
differs between members where Keras wants a Python number (noise), and a shortcut for convolutions.
"""

import gc
import math
from collections import OrderedDict
from functools import partial

import keras
import numpy as np
import psutil
import tensorflow as tf
from keras import layers

from regbook.fitting.judge import Judge
from regbook.fitting.kinds import NOISY, SPATIAL, loss_of, noisy_layers

KEPT = 16  # kinds that stay compiled, some 10 MB each; no notebook of the course has more than 8
_CROWDED, _FEWEST = 650e6, 3  # bytes of the process, from which on only so many kinds stay
# Numbers of one layer held at once when members are measured: 2 MB, what a processor's cache holds.
_BLOCK = 2**18

WHOLE, ONE = tf.TensorSpec([None], "int64"), tf.TensorSpec([], "int64")

# Without AutoGraph: to rewrite Python code takes it longer than all tracing.
compiled = partial(tf.function, autograph=False)

_stacks = OrderedDict()


def stack_for(kind, model):
    """The Stack for models of a kind, which is `kind_of(model)`; a known one is not made again."""
    if kind not in _stacks:
        # A session on Binder has a gigabyte: where it fills up, those used last have to do.
        crowded = psutil.Process().memory_info().rss > _CROWDED
        while len(_stacks) >= (min(KEPT, _FEWEST) if crowded else KEPT):
            _stacks.popitem(last=False)
            gc.collect()  # compiled functions refer to themselves in circles
        _stacks[kind] = Stack(model)
    _stacks.move_to_end(kind)
    return _stacks[kind]


class Stack:
    """Models of one kind as one: what they make of their inputs, and how far off that is."""

    def __init__(self, model):
        self.model, self.loss = model, loss_of(model)
        self.dtype, self.noisy = model.trainable_weights[0].dtype, noisy_layers(model)
        self.inputs, self.outputs = model.input_shape[1:], model.output_shape[1:]
        self.widest = max(math.prod(layer.output.shape[1:]) for layer in model.layers)
        self.judge = Judge(self.loss, self.outputs, self.dtype)
        classes = self.judge.takes_classes
        # Class numbers have one axis less than the outputs that they are compared with.
        y = (self.outputs[:-1], "int64") if classes else (self.outputs, self.dtype)
        self.data_specs = [  # (members, rows, …) each
            tf.TensorSpec([None, None, *shape], dtype)
            for shape, dtype in ((self.inputs, self.dtype), y)
        ]
        self.passes = None  # training, where it was asked for
        self._scores, self._outputs = self._compile()

    def measure(self, weights, states, x, y, source=None):
        """Loss and accuracy in inference mode, (members,) each; NaN for that of a regression.

        The loss is that of the data, without penalty and smoothing. weights, states: (members, …).
        x, y: (sources, rows, …). source: (members,), the one that each sees; its own unless given.
        """
        source = np.arange(len(weights)) if source is None else source
        block = tf.constant(self._block(weights), tf.int64)
        return self._scores(weights, states, x, y, source, block).numpy().T

    def predict(self, weights, states, x):
        """(members, rows, …): the outputs in inference mode. Arguments: (members, …) each."""
        block = 4 * self._block(weights)
        # A few rows of all members at a time, so that memory does not grow with the rows.
        parts = [x[:, start : start + block] for start in range(0, x.shape[1], block)]
        return np.concatenate([self._outputs(weights, states, part) for part in parts], axis=1)

    # How many rows all members are shown at a time.
    def _block(self, weights):
        return max(1, _BLOCK // (len(weights) * self.widest))

    def forward(self, weights, states, x, noise=None, sizes=None):
        """What one member makes of x, (rows, …), and its new states; with noise, in training."""
        trained = iter(cut(weights, self.model.trainable_weights))
        kept = iter(cut(states, self.model.non_trainable_weights))
        # Each layer takes its own arrays off the two rows, in the order in which Keras lists them.
        place, after = 0, []
        for layer in self.model.layers:
            arrays = [next(trained) for _ in layer.trainable_weights]
            if isinstance(layer, NOISY):
                if noise is not None:
                    x = _noisy(layer, x, noise[place], sizes[place])
                place += 1
            elif isinstance(layer, layers.Conv2D) and x.shape[-1] == 1:
                x = _convolve_one_channel(layer, x, *arrays)
            elif isinstance(layer, (layers.Conv1D, layers.Conv2D)):
                x = _convolve(layer, x, *arrays)
            else:
                # Only batch normalisation differs in training; its new averages are handed on.
                normal = isinstance(layer, layers.BatchNormalization)
                mode = {"training": noise is not None} if normal else {}
                unmoved = [next(kept) for _ in layer.non_trainable_weights]
                x, new = layer.stateless_call(arrays, unmoved, x, **mode)
                after += [tf.reshape(state, [-1]) for state in new]
        return x, tf.concat([*after, tf.zeros(0, self.dtype)], 0)

    def draw(self, place, random, rows):
        """Random numbers for an epoch of the noisy layer at `place`, for one seed: (rows, …)."""
        normal = isinstance(self.noisy[place], layers.GaussianNoise)
        draw = random.standard_normal if normal else random.random
        return draw((rows, *noise_shape(self.noisy[place])), np.float32)

    # Two functions in inference mode: one for loss and accuracy, and one for the outputs.
    def _compile(self):
        numbers = tf.TensorSpec([None, None], self.dtype)

        @compiled(input_signature=[numbers, numbers, *self.data_specs, WHOLE, ONE])
        def scores(weights, states, x, y, source, block):
            def score(member):
                *arrays, x, y = member
                return self.judge.sums(y, self.forward(*arrays, x)[0])

            # Sums over blocks of rows, for all members at once.
            def one_block(start, total):
                some = (tf.gather(rows[:, start : start + block], source) for rows in (x, y))
                return start + block, total + tf.vectorized_map(score, (weights, states, *some))

            rows = tf.shape(x, "int64")[1]
            start = tf.constant(0, tf.int64), tf.zeros([tf.shape(weights)[0], 2], weights.dtype)
            _, total = tf.while_loop(lambda start, _: start < rows, one_block, start)
            return total / tf.cast(rows, total.dtype)  # divided last, so that shares are exact

        @compiled(input_signature=[numbers, numbers, self.data_specs[0]])
        def outputs(*members):
            return tf.vectorized_map(lambda member: self.forward(*member)[0], members)

        return scores, outputs


def sizes_of(weights):
    """How many numbers each weight array holds."""
    return [math.prod(weight.shape) for weight in weights]


def cut(row, weights):
    """The row of one member as tensors of the shapes of `weights`."""
    parts = tf.split(row, sizes_of(weights)) if weights else []
    return [tf.reshape(part, weight.shape) for part, weight in zip(parts, weights)]


def noise_shape(layer):
    """Shape of the random numbers for one row: a SpatialDropout draws one for each map."""
    shape = layer.input.shape[1:]
    return (*[1] * (len(shape) - 1), shape[-1]) if isinstance(layer, SPATIAL) else shape


def _noisy(layer, x, noise, size):
    if isinstance(layer, layers.GaussianNoise):
        return x + size * tf.cast(noise, x.dtype)
    return tf.where(noise >= tf.cast(size, noise.dtype), x * (1 / (1 - size)), 0)


# A convolution as Keras computes it, but for the bias: for that, Keras drops axes of length 1, of
# which a single member would be one.
def _convolve(layer, x, kernel, bias=0.0):
    strides, gaps, padding = layer.strides, layer.dilation_rate, layer.padding
    if padding == "causal":
        x, padding = tf.pad(x, [(0, 0), (gaps[0] * (kernel.shape[0] - 1), 0), (0, 0)]), "valid"
    return layer.activation(keras.ops.conv(x, kernel, strides, padding, None, gaps) + bias)


# Conv2D on images of one channel, (rows, height, width, 1), as a product of patches and kernel.
# For many members this is two to three times as fast as TensorFlow's own, whose gradient is a loop
# over members.
def _convolve_one_channel(layer, x, kernel, bias=None):
    sizes, steps, gaps = kernel.shape[:2], layer.strides, layer.dilation_rate
    # A kernel of 3 with gaps of 2 spans 5 pixels.
    x, spans = x[..., 0], [(size - 1) * gap + 1 for size, gap in zip(sizes, gaps)]
    if layer.padding == "same":
        # As many zeros as the last step needs, the odd one behind, as TensorFlow does it.
        triples = zip(x.shape[1:], steps, spans)
        missing = [max(0, (-(-n // step) - 1) * step + span - n) for n, step, span in triples]
        x = tf.pad(x, [(0, 0), *((m // 2, m - m // 2) for m in missing)])
    ends = [n - span + 1 for n, span in zip(x.shape[1:], spans)]  # where the last patch begins
    # One patch is made of what one place in the kernel sees, for all places of the kernel.
    rows, columns = (
        [slice(place * gap, place * gap + end, step) for place in range(size)]
        for size, gap, end, step in zip(sizes, gaps, ends, steps)
    )
    patches = [x[:, row, column] for row in rows for column in columns]
    kernel = tf.reshape(kernel, [-1, kernel.shape[-1]])
    if bias is not None:  # the weight of one more input that is always 1
        patches.append(tf.ones_like(patches[0]))
        kernel = tf.concat([kernel, bias[None]], 0)
    # (places in the kernel, places in the image) against (places in the kernel, filters).
    seen = tf.reshape(tf.stack(patches), [len(patches), -1])
    products = tf.matmul(seen, kernel, transpose_a=True)
    return layer.activation(tf.reshape(products, [-1, *patches[0].shape[1:], kernel.shape[-1]]))
