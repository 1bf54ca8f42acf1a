"""Does `fit_together` train every architecture that it takes as `model.fit` does? The reference is always Keras."""

import math
from collections import Counter

import keras
import numpy as np
import pytest
from keras import constraints, layers
from keras.optimizers import SGD, Adam, AdamW
from keras.regularizers import L1, L1L2, L2
from numpy.testing import assert_allclose
from shapes import flat

from regbook import checks, fit_together, reproducible, stack

reproducible(0)


def decay_without_biases():
    optimiser = AdamW(0.003, weight_decay=0.2)
    optimiser.exclude_from_weight_decay(var_names=["bias"])
    return optimiser


WAYS = [{}, {"padding": "same"}, {"strides": 2, "padding": "same"}, {"strides": 2}]  # how a convolution walks
# What the draws are made of. What depends on the member is a function of its strength.
CHOICES = {
    "optimiser": [
        lambda: SGD(0.05), lambda: SGD(0.02, momentum=0.9), lambda: SGD(0.02, momentum=0.9, nesterov=True),
        lambda: SGD(0.05, weight_decay=0.1), lambda: SGD(keras.optimizers.schedules.ExponentialDecay(0.05, 5, 0.9)),
        lambda: Adam(0.003), lambda: Adam(0.003, amsgrad=True), lambda: AdamW(0.003, weight_decay=0.2),
        decay_without_biases,
    ],
    "loss": [*checks._LOSSES, keras.losses.BinaryCrossentropy(label_smoothing=0.2, name="binary_crossentropy")],
    "activation": [
        "relu", "sigmoid", "tanh", "elu", "selu", "gelu", "softplus", "softsign", "silu", "leaky_relu", "exponential",
        "linear", "mish", "hard_sigmoid", "relu6", "softmax", "log_sigmoid", "hard_silu", "celu",
    ],
    "regulariser": [None, L1, L2, lambda strength: L1L2(strength, 2 * strength)],
    "constraint": [
        None, None, lambda strength: constraints.MaxNorm(0.5 + strength), lambda strength: constraints.NonNeg(),
        lambda strength: constraints.UnitNorm(), lambda strength: constraints.MinMaxNorm(0.1, 0.9),
    ],
    "bias": [{}, {"use_bias": False}, {"bias_regularizer": L2}],
    "normalisation": [(kind, options) for options in ({}, {"center": False}, {"scale": False})
                      for kind in (layers.BatchNormalization, layers.LayerNormalization)],
    "noise 0D": [layers.Dropout, layers.GaussianNoise],
    "noise 1D": [layers.SpatialDropout1D],
    "noise 2D": [layers.SpatialDropout2D],
    "pool 1D": [layers.MaxPooling1D, layers.AveragePooling1D],
    "pool 2D": [layers.MaxPooling2D, layers.AveragePooling2D],
    "padding": ["valid", "same"],
    "end 1D": [layers.GlobalMaxPooling1D, layers.GlobalAveragePooling1D, layers.Flatten],
    "end 2D": [layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D, layers.Flatten, lambda: layers.Reshape((-1,))],
    "convolution (16, 2)": [*WAYS, {"dilation_rate": 2}, {"padding": "causal"}],
    "convolution (14, 13, 1)": [*WAYS, {"dilation_rate": 2}, {"kernel_size": (3, 2)}],
    "convolution (14, 13, 2)": WAYS,  # Keras can't train a dilated one of several channels on every processor
}  # fmt: skip
SHAPES = [(4,), (16, 2), (14, 13, 1), (14, 13, 2)] * 3  # one draw each


def deal(random, choices):
    """Without end: all choices in some order, then all in another. So each occurs where as many as there are do."""
    while True:
        yield from (choices[place] for place in random.permutation(len(choices)))


class Draw:
    """A random architecture with its data: `layers` are functions of the strength of a member."""

    def __init__(self, number, shape, turn):
        self.number, self.shape, self.layers, rank = number, shape, [], f"{len(shape) - 1}D"
        self.optimiser, self.loss = turn("optimiser"), turn("loss")

        def add(kind, weights=None, **options):
            options |= weights or {}
            self.layers.append(lambda s: kind(**{k: v(s) if callable(v) else v for k, v in options.items()}))

        def weights():
            limit = {"kernel_constraint": turn("constraint")}
            return {"activation": turn("activation"), "kernel_regularizer": turn("regulariser")} | limit | turn("bias")

        def convolve(filters):
            add(layers.Conv1D if rank == "1D" else layers.Conv2D, weights(), filters=filters,
                **{"kernel_size": 2} | turn(f"convolution {shape}"))  # fmt: skip

        if len(shape) == 1:
            add(layers.Dense, weights(), units=5)
        else:
            convolve(shape[-1])  # on one channel, both are computed in a way of our own
            convolve(3)
        kind, options = turn("normalisation")
        add(kind, **options, **{} if "scale" in options else {"gamma_regularizer": turn("regulariser")})
        kind = turn(f"noise {rank}")
        add(kind, **{"stddev" if kind is layers.GaussianNoise else "rate": 0.0})
        add(layers.Activation, activation=turn("activation"))
        if len(shape) > 1:
            add(turn(f"pool {rank}"), pool_size=2, padding=turn("padding"))
            add(turn(f"end {rank}"))
        add(layers.Dense, weights(), units=4)
        name = getattr(self.loss, "name", self.loss)
        last = {"binary_crossentropy": "sigmoid", "mean_squared_error": "linear"}.get(name, "softmax")
        outputs = 3 if last == "softmax" else 1
        add(layers.Dense, units=outputs, activation=last, kernel_regularizer=turn("regulariser"))

        random = np.random.default_rng(number)
        self.x, labels = random.standard_normal((2, 43, *shape)), random.integers(0, max(2, outputs), (2, 43))
        means = self.x.reshape(2, 43, -1).mean(axis=-1)
        self.y = {"categorical_crossentropy": np.eye(3)[labels % 3], "mean_squared_error": means}.get(name, labels)

    def build(self, member):
        """The model of one member: its own initial weights, strengths and limits."""
        keras.utils.set_random_seed(100 * self.number + member)
        model = keras.Sequential([keras.Input(self.shape), *(layer(0.01 * member) for layer in self.layers)])
        metrics = [] if self.loss == "mean_squared_error" else ["accuracy"]
        model.compile(self.optimiser(), self.loss, metrics=metrics, run_eagerly=True)  # a graph costs more than 8 steps
        return model


DEALT, RANDOM = Counter(), np.random.default_rng(0)
DECKS = {name: deal(RANDOM, choices) for name, choices in CHOICES.items()}
DRAWS = [Draw(n, shape, lambda name: DEALT.update([name]) or next(DECKS[name])) for n, shape in enumerate(SHAPES)]


def test_every_choice_is_drawn_and_all_that_is_taken_is_among_them():
    assert {name for name, choices in CHOICES.items() if DEALT[name] < len(choices)} == set()
    models = [draw.build(1) for draw in DRAWS]
    weights = [weight for model in models for weight in model.trainable_weights]
    found = {type(thing) for model in models for thing in (model.optimizer, *model.layers)}
    found |= {type(thing) for weight in weights for thing in (weight.regularizer, weight.constraint)}
    taken = {*checks._LAYERS, *checks._OPTIMISERS, *checks._REGULARISERS, *checks._CONSTRAINTS}
    assert taken - found == set() and {checks.loss_name(model) for model in models} == set(checks._LOSSES)


@pytest.fixture(scope="module")
def chaotic():
    """The draws left out, since they magnify the last bit of their weights; they must stay few."""
    found = []
    yield found
    assert len(found) <= 0.3 * len(DRAWS), found


@pytest.mark.parametrize("draw", DRAWS, ids=[f"draw {n}" for n in range(len(DRAWS))])
def test_every_architecture_agrees_with_model_fit(draw, chaotic, monkeypatch):
    monkeypatch.setattr(stack, "_BLOCK", 4000)  # so that members are measured on a few rows at a time
    together, alone, nudged = ([draw.build(member) for member in range(2)] for _ in range(3))
    shared = draw.number % 2  # the same data for both members, or data of its own for each
    data, held = ([array[1, rows] if shared else array[:, rows] for array in (draw.x, draw.y)]
                  for rows in (slice(27), slice(27, 43)))  # fmt: skip
    options = dict(epochs=4, batch_size=16, shuffle=False)  # batches of 16 and 11
    history = fit_together(together, *data, **options, validation_data=held)

    mine, alone, nudged, options = together[1], alone[1], nudged[1], options | {"verbose": 0}
    x, y, held = draw.x[1, :27], draw.y[1, :27], (draw.x[1, 27:], draw.y[1, 27:])
    log = alone.fit(x, y, **options, validation_data=held).history
    # Rounding grows as training goes on: what the last bit of the weights does to Keras is what may be expected.
    nudged.set_weights([np.nextafter(weight, np.inf) for weight in nudged.get_weights()])
    nudged.fit(x, y, **options)
    tolerance = max(1e-12, 10 * np.abs(flat(nudged) - flat(alone)).max())
    if tolerance > 1e-8:
        return chaotic.append(draw.number)
    assert_allclose(flat(mine), flat(alone), rtol=0, atol=tolerance, err_msg=str(mine.get_config()))
    end = alone.evaluate(x, y, verbose=0, return_dict=True)
    for mine, its in (
        (history.loss[1, -1] + history.penalty[1, -1], end["loss"]),
        (history.val_loss[1] + history.penalty[1], log["val_loss"]),
        (history.accuracy[1, -1], end.get("accuracy", np.nan)),
        (history.val_accuracy[1], log.get("val_accuracy", [np.nan] * 4)),
    ):
        assert_allclose(mine, its, rtol=0, atol=1e-8)


def noise_of(shape, noisy):
    """(members, *shape): what each of the layers `noisy`, alone in a model, makes of ones in a step of training.

    One step of gradient descent on (Σ w·h)² with all w = 1 takes 2·h·Σh off w, which tells h.
    """
    models = []
    for layer in noisy:
        last = layers.Dense(1, use_bias=False, kernel_initializer="ones")
        models.append(keras.Sequential([keras.Input(shape), layer, layers.Flatten(), last]))
        models[-1].compile(SGD(1.0), "mean_squared_error")
    fit_together(models, np.ones((1, *shape)), np.zeros(1), epochs=1, seeds=[3] * len(models))
    moved = np.array([1 - flat(model)[-math.prod(shape) :] for model in models])
    return (moved / np.sqrt(2 * moved.sum(axis=1, keepdims=True))).reshape(-1, *shape)


@pytest.mark.parametrize(
    "kind, shape, options, same",
    [
        (layers.Dropout, (3000,), {}, ()),
        (layers.Dropout, (4, 900), {"noise_shape": (None, 1, 900)}, (0,)),
        (layers.SpatialDropout1D, (4, 900), {}, (0,)),
        (layers.SpatialDropout2D, (2, 3, 900), {}, (0, 1)),
        (layers.GaussianNoise, (3000,), {}, ()),
    ],
)
def test_noise_is_what_keras_makes_and_as_strong_as_each_member_asks(kind, shape, options, same):
    noisy, other, silent = noise_of(shape, [kind(size, **options) for size in (0.3, 0.6, 0.0)])
    assert_allclose(silent, 1, atol=1e-12)
    for made in (noisy, kind(0.3, **options, seed=1)(np.ones((1, *shape)), training=True).numpy()[0]):
        assert_allclose(made.std(axis=same) if same else 0, 0, atol=1e-12)  # one number for a whole map
        if kind is layers.GaussianNoise:
            assert made.mean() == pytest.approx(1, abs=0.02) and made.std() == pytest.approx(0.3, abs=0.02)
        else:
            assert_allclose(np.unique(made.round(9)), [0, 1 / 0.7], rtol=1e-8)
            assert (made < 0.5).mean() == pytest.approx(0.3, abs=0.05)
    if kind is layers.GaussianNoise:
        assert_allclose((other - 1) / 0.6, (noisy - 1) / 0.3, atol=1e-9)  # one stream, two sizes
    else:
        assert (other[noisy < 0.5] < 0.5).all()  # a higher rate drops more of the same
