"""One job: many Keras models of one shape as one, computed by Keras's own layers.

The weights of a member stand in one row, so those of all members are one matrix, (members, numbers), and Keras's
optimiser moves them all in one step. Each layer is called as Keras calls it, for one member, by
`layer.stateless_call`; `tf.vectorized_map` turns that into one call for all members. Ours are only what differs
between members where Keras wants a Python number (penalties, noise, limits), and one shortcut for convolutions.
"""

import gc
import math
from collections import OrderedDict

import keras
import numpy as np
import tensorflow as tf
from keras import constraints, layers

from regbook.checks import NOISY, SPATIAL, common_shape, loss_name

_ACCURACY = {
    "binary_crossentropy": keras.metrics.binary_accuracy,
    "categorical_crossentropy": keras.metrics.categorical_accuracy,
    "sparse_categorical_crossentropy": keras.metrics.sparse_categorical_accuracy,
}

_WHOLE, _ONE = tf.TensorSpec([None], "int64"), tf.TensorSpec([], "int64")
_BLOCK = 2**18  # numbers of one layer held at once when members are measured: 2 MB, what a processor's cache holds
_KEPT = 2  # compiled architectures

_compiled = OrderedDict()


def stack_of(models):
    """The Stack for models such as `models`. One for a known shape compiles nothing again.

    Raises TypeError or ValueError, naming the member and the layer, where the models can't be stacked.
    """
    shape = common_shape(models)
    if shape not in _compiled or common_shape([_compiled[shape].model]) != shape:  # its model was changed since
        _compiled[shape] = Stack(models[0])
    _compiled.move_to_end(shape)
    while len(_compiled) > _KEPT:
        _compiled.popitem(last=False)
        gc.collect()  # compiled functions are circles of objects, some 10 MB each
    return _compiled[shape]


class Stack:
    """Models of one shape as one. What differs between members, and between two fits, is a variable."""

    def __init__(self, model):
        self.model, self.loss, self.dtype = model, loss_name(model), model.trainable_weights[0].dtype
        self.inputs, self.outputs = model.input_shape[1:], model.output_shape[1:]
        self.noisy = [layer for layer in model.layers if isinstance(layer, NOISY)]
        self._widest = max(math.prod(layer.output.shape[1:]) for layer in model.layers)
        self._measure, self._predict = self._compile_inference()
        self._ready_for = None

    def begin(self, models, *rows):
        """Take in members with regularisers and an optimiser as `models` have them; the optimiser begins afresh.

        rows: what `weights_of` and `settings_of` give of each member, stacked: (members, …) each.
        """
        regularisers = [weight.regularizer for model in models for weight in model.trainable_weights]
        l1, l2 = (any(hasattr(regulariser, kind) for regulariser in regularisers) for kind in ("l1", "l2"))
        if self._ready_for != (len(rows[0]), l1, l2):
            if self._ready_for:
                self.train = None
                gc.collect()
            self._allocate(*(row.shape for row in rows))
            self.train, self._ready_for = self._compile_training(l1, l2), (len(rows[0]), l1, l2)
        for variable, values in zip(self._variables, rows, strict=True):
            variable.assign(values)
        optimiser = models[0].optimizer
        settings = optimiser.get_config()
        for variable in self._optimiser.variables:
            variable.assign(np.zeros(variable.shape))
        if not isinstance(settings["learning_rate"], dict):  # a schedule is compiled in
            self._optimiser.learning_rate = settings["learning_rate"]
        decayed = [np.full(v.shape, optimiser._use_weight_decay(v)).ravel() for v in self.model.trainable_weights]
        self._decay.assign(float(np.float32(settings["weight_decay"] or 0)) * np.concatenate(decayed))

    def _allocate(self, *shapes):
        self._variables = [keras.Variable(np.zeros(shape), dtype=self.dtype) for shape in shapes]
        self.weights, self.states, self.l1, self.l2, self.noise, self.limits = self._variables
        self._decay = keras.Variable(np.zeros(self.weights.shape[1]), dtype=self.dtype)
        self._optimiser = type(self.model.optimizer).from_config(self.model.optimizer.get_config())
        self._optimiser.build([self.weights])

    def draw(self, place, random, rows):
        """Random numbers for one epoch of the noisy layer at `place`, for one seed: (rows, …), 32 bits each."""
        layer, shape = self.noisy[place], _noise_shape(self.noisy[place])
        if isinstance(layer, layers.GaussianNoise):
            return random.standard_normal((rows, *shape), np.float32)
        return random.random((rows, *shape), np.float32)

    def penalty(self, weights):
        """λ₁ Σ|w| + λ₂ Σw² of each member: (members,)."""
        starts = np.cumsum([0, *_sizes(self.model.trainable_weights)[:-1]])
        return sum(
            np.sum(strength.numpy() * np.add.reduceat(size(weights), starts, axis=1), axis=1)
            for strength, size in ((self.l1, np.abs), (self.l2, np.square))
        )

    def measure(self, weights, states, x, y, source):
        """Data loss and accuracy of each member, (members,) each, in inference mode.

        weights, states: (members, …). x, y: (sources, rows, …). source: (members,), which of them a member sees.
        """
        block = max(1, _BLOCK // (len(weights) * self._widest))
        return self._measure(weights, states, x, y, source, tf.constant(block, tf.int64)).numpy()

    def predict(self, weights, states, x, source):
        """(members, rows, …): the outputs of each member in inference mode. The arguments are those of `measure`."""
        block = max(1, 4 * _BLOCK // (len(weights) * self._widest))
        parts = [x[:, start : start + block] for start in range(0, x.shape[1], block)]
        return np.concatenate([self._predict(weights, states, part, source).numpy() for part in parts], axis=1)

    def _forward(self, weights, states, x, noise=None, strengths=None):
        """The model of one member, on (rows, …): its outputs, and its states after it. In training mode with noise."""
        trained = iter(_cut(weights, self.model.trainable_weights))
        states = iter(_cut(states, self.model.non_trainable_weights))
        place, after = 0, []
        for layer in self.model.layers:
            own = [next(trained) for _ in layer.trainable_weights]
            if isinstance(layer, NOISY):
                if noise is not None:
                    x = _noisy(layer, x, noise[place], strengths[place])
                place += 1
                continue
            if isinstance(layer, layers.Conv2D) and x.shape[-1] == 1:
                x = _convolve_one_channel(layer, x, *own)
                continue
            mode = {"training": noise is not None} if isinstance(layer, layers.BatchNormalization) else {}
            x, moved = layer.stateless_call(own, [next(states) for _ in layer.non_trainable_weights], x, **mode)
            after += [tf.reshape(state, [-1]) for state in moved]
        return x, tf.concat([*after, tf.zeros(0, self.dtype)], 0)

    def _row_loss(self, y, outputs):
        """One number per row, not yet averaged."""
        loss = keras.losses.get(self.model.loss)
        return getattr(loss, "call", loss)(y, outputs)

    def _compile_training(self, l1, l2):
        """A function that makes one pass over the data, with the gradients of L1 and L2 penalties where asked."""
        optimiser, weights, states = self._optimiser, self.weights, self.states
        noise_specs = [tf.TensorSpec([None, None, *_noise_shape(layer)], "float32") for layer in self.noisy]

        def step(member):
            own, state, x, y, noise, strengths = member
            with tf.GradientTape() as tape:
                tape.watch(own)
                outputs, state = self._forward(own, state, x, noise, tf.unstack(strengths))
                loss = tf.reduce_mean(self._row_loss(y, outputs))
            return tape.gradient(loss, own), state

        @_compiled_function(
            *self._data_specs(), _WHOLE, tf.TensorSpec([None, None], "int64"), noise_specs, _WHOLE, _ONE
        )
        def train(x, y, source, orders, noises, stream, batch_size):
            rows, sizes = tf.shape(x, "int64")[1], _sizes(self.model.trainable_weights)
            strength1, strength2 = (tf.repeat(strength.value, sizes, axis=1) for strength in (self.l1, self.l2))
            x, y = tf.reshape(x, [-1, *x.shape[2:]]), tf.reshape(y, [-1, *y.shape[2:]])

            def one_batch(start):
                # orders and noises hold one stream of random numbers per seed: hand each member its own.
                batch = tf.gather(orders[:, start : start + batch_size], stream) + source[:, None] * rows
                noise = [tf.gather(numbers[:, start : start + batch_size], stream) for numbers in noises]
                members = weights.value, states.value, tf.gather(x, batch), tf.gather(y, batch), noise, self.noise.value
                gradients, after = tf.vectorized_map(step, members)
                if l1:
                    gradients += strength1 * tf.sign(weights.value)
                if l2:
                    gradients += strength2 * (2 * weights.value)
                # What Keras's optimiser.apply does, which itself would keep every graph that it was traced in alive.
                if optimiser.weight_decay:
                    weights.assign(weights - weights * (self._decay * optimiser.learning_rate))
                optimiser.update_step(gradients, weights, optimiser.learning_rate)
                optimiser.iterations.assign_add(1)
                states.assign(after)
                if any(weight.constraint for weight in self.model.trainable_weights):
                    weights.assign(tf.vectorized_map(self._constrain, (weights.value, self.limits.value)))
                return start + batch_size

            tf.while_loop(lambda start: start < rows, one_batch, [tf.constant(0, tf.int64)])

        return train

    def _compile_inference(self):
        """Two functions in inference mode: one that measures loss and accuracy, and one that predicts."""
        accuracy, numbers = _ACCURACY.get(self.loss), tf.TensorSpec([None, None], self.dtype)
        x_spec, y_spec = self._data_specs()

        @_compiled_function(numbers, numbers, x_spec, y_spec, _WHOLE, _ONE)
        def measure(weights, states, x, y, source, block):
            def score(member):
                own, state, x, y = member
                outputs, _ = self._forward(own, state, x)
                loss = self._row_loss(y, outputs)
                hits = accuracy(y, outputs) if accuracy else tf.fill(tf.shape(loss), np.nan)
                per_row = [tf.reshape(tf.cast(scores, loss.dtype), [tf.shape(x)[0], -1]) for scores in (loss, hits)]
                return tf.stack([tf.reduce_sum(tf.reduce_mean(scores, axis=1)) for scores in per_row])

            def one_block(start, total):
                some = (tf.gather(array[:, start : start + block], source) for array in (x, y))
                return start + block, total + tf.vectorized_map(score, (weights, states, *some))

            rows = tf.shape(x, "int64")[1]
            start = tf.constant(0, tf.int64), tf.zeros([tf.shape(weights)[0], 2], weights.dtype)
            _, total = tf.while_loop(lambda start, _: start < rows, one_block, start)
            return tf.transpose(total / tf.cast(rows, total.dtype))  # divided last, so that shares are exact

        @_compiled_function(numbers, numbers, x_spec, _WHOLE)
        def predict(weights, states, x, source):
            return tf.vectorized_map(lambda member: self._forward(*member)[0], (weights, states, tf.gather(x, source)))

        return measure, predict

    def _data_specs(self):
        """What x and y are to a compiled function: (sources, rows, …)."""
        sparse = self.loss.startswith("sparse")
        return (
            tf.TensorSpec([None, None, *self.inputs], self.dtype),
            tf.TensorSpec(
                [None, None, *(self.outputs[:-1] if sparse else self.outputs)], "int64" if sparse else self.dtype
            ),
        )

    def _constrain(self, member):
        """The weights of one member within their limits, as Keras's constraints bring them there."""
        own, limits = member
        limits, parts = iter(tf.unstack(limits)), []
        for part, weight in zip(_cut(own, self.model.trainable_weights), self.model.trainable_weights):
            if isinstance(weight.constraint, constraints.MaxNorm):
                part = constraints.MaxNorm(next(limits), weight.constraint.axis)(part)
            elif weight.constraint:
                part = weight.constraint(part)
            parts.append(tf.reshape(part, [-1]))
        return tf.concat(parts, 0)


def weights_of(model):
    """The weights of `model` in two rows: (numbers,) that it trains, and (others,) that it does not."""
    return tuple(
        np.concatenate([*(weight.numpy().ravel() for weight in weights), np.empty(0, np.float32)])
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )


def write_weights(model, trained, others):
    """Give `model` the two rows of weights that `weights_of` reads."""
    for weights, row in ((model.trainable_weights, trained), (model.non_trainable_weights, others)):
        for weight, values in zip(weights, np.split(row, np.cumsum(_sizes(weights)))):
            weight.value.assign(values.reshape(weight.shape))


def settings_of(model):
    """What `model` may have for itself: λ₁ and λ₂ of each weight array, rates and sizes of noise, max-norms.

    λ is rounded through 32 bits, as Keras rounds it where it uses it.
    """
    weights = model.trainable_weights
    l1, l2 = ([float(np.float32(getattr(w.regularizer, kind, 0))) for w in weights] for kind in ("l1", "l2"))
    noise = [getattr(layer, "rate", getattr(layer, "stddev", 0)) for layer in model.layers if isinstance(layer, NOISY)]
    limits = [w.constraint.max_value for w in weights if isinstance(w.constraint, constraints.MaxNorm)]
    return tuple(np.array(numbers, float) for numbers in (l1, l2, noise, limits))


def _compiled_function(*signature):
    """tf.function for these arguments, without AutoGraph: to rewrite Python code takes it longer than all tracing."""
    return tf.function(input_signature=signature, autograph=False)


def _sizes(weights):
    return [math.prod(weight.shape) for weight in weights]


def _cut(row, weights):
    """The row of one member as tensors of the shapes of `weights`."""
    parts = tf.split(row, _sizes(weights)) if weights else []
    return [tf.reshape(part, weight.shape) for part, weight in zip(parts, weights)]


def _noise_shape(layer):
    """Shape of the random numbers for one row: a SpatialDropout draws one for each map."""
    shape = layer.input.shape[1:]
    if isinstance(layer, SPATIAL):
        return (*[1] * (len(shape) - 1), shape[-1])
    asked = (getattr(layer, "noise_shape", None) or (None,) * (len(shape) + 1))[1:]
    return tuple(size if own is None else own for size, own in zip(shape, asked))


def _noisy(layer, x, noise, strength):
    if isinstance(layer, layers.GaussianNoise):
        return x + strength * tf.cast(noise, x.dtype)
    return tf.where(noise >= tf.cast(strength, noise.dtype), x * (1 / (1 - strength)), 0)


def _convolve_one_channel(layer, x, kernel, bias=None):
    """Conv2D on images of one channel, (rows, height, width, 1), as one matrix product of patches and kernel.

    For many members this is two to three times as fast as TensorFlow's own, whose gradient is a loop over members.
    """
    sizes, steps, gaps = kernel.shape[:2], layer.strides, layer.dilation_rate
    x = x[..., 0]
    if layer.padding == "same":
        missing = [max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
                   for n, k, s, d in zip(x.shape[1:], sizes, steps, gaps)]  # fmt: skip
        x = tf.pad(x, [(0, 0), *((m // 2, m - m // 2) for m in missing)])
    reach = [n - (k - 1) * d for n, k, d in zip(x.shape[1:], sizes, gaps)]  # where a patch can begin
    patches = [
        x[:, i * gaps[0] : i * gaps[0] + reach[0] : steps[0], j * gaps[1] : j * gaps[1] + reach[1] : steps[1]]
        for i, j in np.ndindex(*sizes)
    ]
    kernel = tf.reshape(kernel, [-1, kernel.shape[-1]])
    if bias is not None:  # the weight of one more input that is always 1
        patches.append(tf.ones_like(patches[0]))
        kernel = tf.concat([kernel, bias[None]], 0)
    products = tf.matmul(tf.reshape(tf.stack(patches), [len(patches), -1]), kernel, transpose_a=True)
    return layer.activation(tf.reshape(products, [-1, *patches[0].shape[1:], kernel.shape[-1]]))
