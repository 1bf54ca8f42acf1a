"""What a network begins with: drawn from a seed by each weight's initialiser, or set by `build`."""

import random
from contextlib import contextmanager

import keras
import numpy as np

from regbook.fitting.stack import sizes_of
from regbook.numerics import moved


class Start:
    """Calls `build`, and remembers how each weight came to be, so that any seed can begin anew.

    model: what `build` returned. kept: names of the weights that `build` set to something else than
    was drawn; they stay as they are, for every seed. recipe: as text, how the weights come to be;
    models with the same recipe begin alike.
    """

    def __init__(self, build, arguments):
        with _watched() as drawn:
            self.model = build(**arguments)
        self._initialisers, self.kept, recipe = {}, [], []
        layers = getattr(self.model, "layers", ())  # whatever `build` returned is looked at later
        pairs = [(layer, weight) for layer in layers for weight in layer.weights]
        for layer, weight in pairs:
            initialiser, value, _ = drawn.get(id(weight), (None, np.nan, None))
            if np.array_equal(value, weight.numpy()):
                self._initialisers[id(weight)] = initialiser
                recipe.append(_configuration(initialiser) or id(initialiser))
            else:
                self.kept.append(f"{layer.name}/{weight.name}")
                recipe.append(weight.numpy().tobytes())
        shapes = [(hasattr(layer, "kernel"), weight.shape) for layer, weight in pairs]
        self.recipe = repr((shapes, recipe))

    def weights(self, seed):
        """The weights as two rows: (numbers,) that are trained, and (others,) that are not.

        They are those of `seed_weights(seed)` where no layer but Dense and convolutions draws
        random numbers: other layers have a stream of their own, so that they may come and go.
        """
        seed, rows = moved(seed), {True: [np.empty(0)], False: [np.empty(0)]}
        draws = {True: random.Random(seed), False: random.Random(-1 - seed)}
        for layer in (layer for layer in self.model.layers if layer.weights):
            number = draws[hasattr(layer, "kernel")].randint(1, 10**9)  # as Keras draws it
            for place, weight in enumerate(layer.weights):
                initialiser = self._initialisers.get(id(weight))
                values = _draw(initialiser, weight, number + place) if initialiser else weight
                rows[weight.trainable].append(np.ravel(values))
        return np.concatenate(rows[True]), np.concatenate(rows[False])


def write_weights(model, trained, others):
    """Give `model` the two rows of weights that `Start.weights` returns."""
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
        drawn[id(weight)] = initialiser, weight.numpy(), weight
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
