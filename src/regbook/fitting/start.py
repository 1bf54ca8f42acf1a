"""What a network begins with: drawn from a seed by each weight's initialiser, or set by `build`."""

import random
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from regbook.fitting.stack import sizes_of
from regbook.numerics import moved


class Start:
    """Calls `build`, and remembers how each weight came to be, so that any seed can begin anew.

    sample: a few rows, which make the weights of a model that knows no shapes before it sees some.
    model: what `build` returned. kept: names of the weights that `build` set to something else than
    was drawn; they stay as they are, for every seed. recipe: as text, how the weights come to be;
    models with the same recipe begin alike.
    """

    def __init__(self, build, arguments, sample=None):
        with _watched() as drawn:
            self.model = build(**arguments)
            if not isinstance(self.model, keras.Model):
                name = type(self.model).__name__
                raise TypeError(f"build must return a compiled Keras model, not {name}")
            # Some models know their shapes only when they have seen rows.
            if not self.model.built:
                self.model(sample)
        self._weights, self.kept = self.model.weights, []
        # A weight is drawn by its initialiser, or else has the value that `build` gave it.
        self._initialisers, self._values, recipe = {}, {}, []
        for weight in self._weights:
            initialiser, value, _ = drawn.get(id(weight), (None, np.nan, None))
            value = value(weight.shape, weight.dtype) if callable(value) else value
            if np.array_equal(value, weight.numpy()):
                self._initialisers[id(weight)] = initialiser
                recipe.append(_configuration(initialiser) or id(initialiser))
            else:
                self._values[id(weight)] = weight.numpy()
                self.kept.append(weight.path)
                recipe.append(weight.numpy().tobytes())
        shapes = [
            (place[:2], weight.shape) for weight, place in zip(self._weights, self._places(0))
        ]
        self.recipe = repr((shapes, recipe))

    def arrays(self, seed):
        """The weights in the order of `model.weights`, as they begin with this seed.

        They are those of `seed_weights(seed)` where no layer but Dense and convolutions draws
        random numbers: other layers have a stream of their own, so that they may come and go.
        """
        arrays = []
        for weight, (_, place, number) in zip(self._weights, self._places(moved(seed))):
            # Set by `build`: as it is. Drawn: anew, by its own initialiser.
            value, initialiser = self._values.get(id(weight)), self._initialisers.get(id(weight))
            arrays.append(_draw(initialiser, weight, number + place) if value is None else value)
        return [np.asarray(array) for array in arrays]

    def rows(self, seed):
        """The weights as two rows: (numbers,) that are trained, and (others,) that are not."""
        rows = {True: [np.empty(0)], False: [np.empty(0)]}
        for weight, array in zip(self._weights, self.arrays(seed)):
            rows[weight.trainable].append(array.ravel())
        return np.concatenate(rows[True]), np.concatenate(rows[False])

    # For each weight: has its layer a kernel, its place in the layer, the layer's random number.
    def _places(self, seed):
        draws = {True: random.Random(seed), False: random.Random(-1 - seed)}
        places = {}
        for layer in (*self.model.layers, self.model):  # the model, for weights that are its own
            # A shared layer, or one in a model in the model, counts once.
            new = [weight for weight in layer.weights if id(weight) not in places]
            draw = draws[hasattr(layer, "kernel")]
            number = draw.randint(1, 10**9) if new else 0  # as Keras draws it
            for place, weight in enumerate(new):
                places[id(weight)] = hasattr(layer, "kernel"), place, number
        return [places[id(weight)] for weight in self._weights]


def write_weights(model, trained, others):
    """Give `model` the two rows of weights that `Start.rows` returns."""
    for weights, row in ((model.trainable_weights, trained), (model.non_trainable_weights, others)):
        for weight, values in zip(weights, np.split(row, np.cumsum(sizes_of(weights)))):
            weight.assign(values.reshape(weight.shape))


# Meanwhile, each weight that a layer adds is noted: {id: (its initialiser, its first value, it)}.
@contextmanager
def _watched():
    add_weight, drawn = keras.Layer.add_weight, {}

    def noting(layer, *arguments, **options):
        weight = add_weight(layer, *arguments, **options)
        initialiser = keras.initializers.get(options.get("initializer"))
        # While Keras only works out shapes there is no value; its initialisers repeat themselves.
        value = weight.numpy() if tf.executing_eagerly() else initialiser
        drawn[id(weight)] = initialiser, value, weight
        return weight

    keras.Layer.add_weight = noting
    try:
        yield drawn
    finally:
        keras.Layer.add_weight = add_weight


# (class, configuration) of one of Keras's initialisers; None for a function.
def _configuration(initialiser):
    return hasattr(initialiser, "get_config") and (type(initialiser), initialiser.get_config())


# The first value of a weight, drawn with this seed.
def _draw(initialiser, weight, seed):
    if not _configuration(initialiser):  # a function, which may draw from any of the global streams
        keras.utils.set_random_seed(seed)
    elif "seed" in initialiser.get_config():
        initialiser = type(initialiser).from_config(initialiser.get_config() | {"seed": seed})
    return initialiser(weight.shape, weight.dtype)
