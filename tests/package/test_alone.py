"""Does whatever `model.fit` takes end where `model.fit` ends, on the same rows, order and start?"""

import random

import keras
import numpy as np
import pytest
from joblib import parallel_config
from keras import layers, ops
from keras.callbacks import EarlyStopping, ReduceLROnPlateau
from numpy.testing import assert_allclose, assert_array_equal

import regbook as rb

rb.reproducible(0)

SEEDS, ROWS, BATCH, EPOCHS = (3, 4), 26, 10, 2


class Scaled(layers.Layer):
    """A layer of a reader's own."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="random_normal")

    def call(self, x):
        return x * self.scale


class Noisy(layers.Layer):
    """A layer that draws from the streams of the process."""

    def call(self, x, training=False):
        return x + keras.random.normal(x.shape[1:]) if training else x


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = layers.Dense(4, "relu"), layers.Dense(3, "softmax")

    def call(self, x):
        return self.last(self.hidden(ops.mean(x, axis=1)))


def sequential(*inner, begin=True):
    return keras.Sequential([*([keras.Input((8, 2))] if begin else []), *inner])


def functional():
    x = keras.Input((8, 2))
    one, two = layers.Bidirectional(layers.GRU(2))(x), layers.GlobalMaxPooling1D()(x)
    return keras.Model(x, layers.Dense(3, "softmax")(layers.Concatenate()([one, two])))


def last(units=3, activation="softmax", **options):
    return layers.Dense(units, activation, **options)


def frozen():
    return sequential(last(3, trainable=False), layers.Flatten(), last())


def disturbed():
    random.seed()  # as another thread of a worker might draw meanwhile
    return sequential(Noisy(), layers.Dropout(0.3), layers.Flatten(), last())


CLASSES, PLAIN = "sparse_categorical_crossentropy", lambda: sequential(layers.Flatten(), last())
PENALTY = {"kernel_regularizer": "l2", "activity_regularizer": "l2"}
# name: (what makes the model, optimiser, loss)
MODELS = {
    "LSTM": (lambda: sequential(layers.LSTM(4), last()), "adam", CLASSES),
    "both ways": (functional, "adam", CLASSES),
    "subclassed": (Subclassed, "adam", CLASSES),
    "own layer": (lambda: sequential(Scaled(), layers.Flatten(), last()), "adam", CLASSES),
    "no input": (lambda: sequential(layers.Flatten(), last(), begin=False), "adam", CLASSES),
    "RMSprop": (PLAIN, "rmsprop", CLASSES),
    "clipped": (PLAIN, lambda: keras.optimizers.Adam(0.1, clipnorm=0.1), CLASSES),
    "own price": (lambda: sequential(layers.Flatten(), last(3, **PENALTY)), "sgd", CLASSES),
    "mae": (lambda: sequential(layers.Flatten(), last(1, None)), "adam", "mae"),
    "Huber": (lambda: sequential(layers.Flatten(), last(1, None)), "adam", keras.losses.Huber(0.5)),
    "frozen": (frozen, "sgd", CLASSES),
    "noisy": (disturbed, "adam", CLASSES),
}  # fmt: skip


def build(name="RMSprop", step=None, optimiser=None):
    make, usual, loss = MODELS[name]
    model, optimiser = make(), optimiser or usual
    optimiser = optimiser() if callable(optimiser) else keras.optimizers.get(optimiser)
    if step:
        optimiser.learning_rate = step
    model.compile(optimiser, loss)
    return model


def data(regression=False, seeds=SEEDS):
    def one(seed):
        random = rb.rng(seed)
        for rows in (ROWS, 12, 15):
            x, y = random.standard_normal((rows, 8, 2)), random.integers(0, 3, rows)
            yield x, x.mean(axis=(1, 2)) if regression else y, y < 0

    return rb.for_seeds("series", seeds, one)


def by_keras(runs, name, setting, **options):
    """A model that a loop of `model.fit` trained, from the start of the first seed in its order."""
    x, y, orders = runs.data.train.x[0], runs.data.train.y[0], rb.rng(3, 0)
    rb.seed_weights(3)
    model = build(**setting)
    model.run_eagerly = True  # for a few small batches, compiling takes longer
    model(x[:1])
    model.set_weights(runs._runs[name].plan.start.arrays(3))
    for epoch in range(EPOCHS):
        order = orders.permutation(ROWS)
        how = {"batch_size": BATCH, "shuffle": False, "verbose": 0, "initial_epoch": epoch}
        own = {
            key: made(x[order], y[order]) if callable(made) else made
            for key, made in options.items()
        }
        model.fit(x[order], y[order], epochs=epoch + 1, **how, **own)
    return model


def assert_equal_weights(mine, expected):
    for one, other in zip(mine.get_weights(), expected.get_weights(), strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "noisy"])
def test_what_is_trained_alone_ends_where_model_fit_ends(name, capsys):
    rows = data(regression=name in ("mae", "Huber"), seeds=(3,))
    runs = rb.experiment(build, {"it": {"name": name}}, rows, epochs=EPOCHS, batch_size=BATCH)
    told = capsys.readouterr().out
    assert (
        told.startswith("'it': one model.fit for each of 1 seeds, since it") or name == "no input"
    )
    alone = by_keras(runs, "it", {"name": name})
    assert_equal_weights(runs.model("it", 3), alone)
    x, y = rows.validation.x[0], rows.validation.y[0]
    assert_allclose(
        runs.predict("it", rows.validation.x)[0], alone.predict(x, verbose=0), atol=1e-12
    )
    if name != "own price":  # the course's loss is that of the data
        assert runs.at_end("it")[0] == pytest.approx(alone.evaluate(x, y, verbose=0), abs=1e-12)
    heading = {"mae": "loss (mean_absolute_error)", "Huber": "loss (huber_loss)"}.get(
        name, "log loss"
    )
    assert f"{heading}: validation" in repr(runs)
    assert np.isfinite(runs.open_test({"it": "it"})["it"][heading]).all()


def test_rows_are_given_back_to_what_is_trained_alone():
    settings = {"RMSprop": {}, "fast": {"optimiser": "adam"}}
    rows = data()
    runs = rb.experiment(build, settings, rows, epochs=EPOCHS, batch_size=BATCH)
    choice = runs.choose("RMSprop", "fast", stopped=True, refit=True)
    scores = runs.open_test({"it": choice})["it"]["log loss"]
    parts = zip(*((part.x, part.y) for part in (rows.train, rows.validation)))
    x, y = (np.concatenate(pair, axis=1)[0] for pair in parts)
    whole = rb.for_seeds("whole", (3,), lambda _: [(x, y, y < 0)] * 3)
    name = choice.picks[0]
    epochs = int(runs.curve(name)[0].argmin()) + 1
    alone = rb.experiment(build, {name: settings[name]}, whole, epochs=epochs, batch_size=BATCH)
    reported = alone.model(name, 3).evaluate(rows._test.x[0], rows._test.y[0], verbose=0)
    assert scores[0] == pytest.approx(reported, abs=1e-9)


def test_a_fast_setting_and_a_slow_one_are_a_fair_pair_in_one_experiment():
    def dense(units=4, optimiser="adam"):
        inner = layers.Flatten(), layers.Dense(units, "relu", kernel_regularizer="l2"), last()
        model = sequential(*inner)
        model.compile(optimiser, CLASSES)
        return model

    def shifted(epoch, x, y, random):
        return x + random.standard_normal(x.shape), y

    settings = {"fast": {}, "forced": {"fit": {}}, "RMSprop": {"optimiser": "rmsprop"}}
    settings |= {
        f"{name}, moved": settings[name] | {"each_epoch": shifted} for name in ("fast", "forced")
    }
    runs = rb.experiment(
        dense, settings, data(), epochs=EPOCHS, batch_size=BATCH, training_curves=True
    )
    for fast, forced in (("fast", "forced"), ("fast, moved", "forced, moved")):
        for seed in SEEDS:
            assert_equal_weights(runs.model(fast, seed), runs.model(forced, seed))
            assert_equal_weights(runs.model(fast, seed, True), runs.model(forced, seed, True))
        for what in ("val_loss", "val_accuracy", "penalty"):
            assert_allclose(runs.curve(fast, what), runs.curve(forced, what), rtol=0, atol=1e-12)
    starts = [runs._runs[name].plan.start.arrays(3) for name in ("fast", "RMSprop")]
    for one, other in zip(*starts):
        assert_array_equal(one, other)


def test_weights_of_classes_and_rows_are_those_of_keras():
    classes = {0: 2.0, 1: 1.0, 2: 0.25}

    def of_rows(x, y):
        return np.exp(x[:, 0, 0])

    settings = {
        "classes": {"fit": {"class_weight": classes}}, "rows": {"fit": {"sample_weight": of_rows}},
    }  # fmt: skip
    runs = rb.experiment(build, settings, data(), epochs=EPOCHS, batch_size=BATCH)
    assert_equal_weights(
        runs.model("classes", 3), by_keras(runs, "classes", {}, class_weight=classes)
    )
    assert_equal_weights(runs.model("rows", 3), by_keras(runs, "rows", {}, sample_weight=of_rows))


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's ReduceLROnPlateau
def test_callbacks_work_over_epochs_and_what_ends_early_is_padded():
    seen = []

    def stopping():
        return [EarlyStopping(patience=1, restore_best_weights=True)]

    def slowing():
        seen.append(ReduceLROnPlateau(factor=0.1, patience=1, min_delta=10.0))
        return [seen[-1]]

    settings = {"free": {"fit": {}}, "stopped": {"fit": {"callbacks": stopping}}}
    settings = {name: setting | {"step": 0.5} for name, setting in settings.items()}
    settings["slower"] = {"fit": {"callbacks": slowing}}
    runs = rb.experiment(build, settings, data(), epochs=12, batch_size=BATCH)
    for place, seed in enumerate(SEEDS):
        free, stopped = runs.curve("free")[place], runs.curve("stopped")[place]
        first = int(np.argmax(np.diff(free) >= 0)) + 1  # the first epoch that is no better
        assert_array_equal(free[:first], stopped[:first])
        assert_allclose(stopped[first:], free[:first].min(), rtol=0, atol=1e-12)
        assert_equal_weights(runs.model("stopped", seed), runs.model("stopped", seed, stopped=True))
    assert len(seen) == len(SEEDS)
    assert all(float(made.model.optimizer.learning_rate) < 1e-6 for made in seen)


@pytest.mark.parametrize("promised", [True, False])
def test_workers_end_at_the_bits_of_one_process(promised, monkeypatch):
    if not promised:
        monkeypatch.setattr("regbook.numerics._reproducible", False)
    assert_equal_bits(parallel_config(backend="loky", n_jobs=2))


@pytest.mark.dask
def test_a_cluster_ends_at_the_bits_of_one_process():
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster):
        assert_equal_bits(parallel_config(backend="dask"))


def assert_equal_bits(elsewhere):
    settings = {"own layer": {"name": "own layer"}, "noisy": {"name": "noisy"}, "RMSprop": {}}
    here = rb.experiment(build, settings, data(), epochs=2, batch_size=BATCH)
    with elsewhere:
        there = rb.experiment(build, settings, data(), epochs=2, batch_size=BATCH)
    for name in settings:
        for seed in SEEDS:
            pairs = zip(here.model(name, seed).get_weights(), there.model(name, seed).get_weights())
            assert all(np.array_equal(one, other) for one, other in pairs)


def several():
    one, two = keras.Input((8, 2)), keras.Input((8, 2))
    model = keras.Model([one, two], layers.Add()([one, two]))
    model.compile("sgd", "mse")
    return model


class Listed(Subclassed):
    def call(self, x):
        return [super().call(x)]


def listed():
    model = Listed()
    model.compile("sgd", CLASSES)
    return model


def wrong(optimiser="sgd", loss=CLASSES):
    model = sequential(layers.LSTM(2), last())
    model.compile(optimiser, loss)
    return model


@pytest.mark.parametrize(
    "made, setting, message",
    [
        (several, {}, "setting 'it': the model has several inputs; an experiment takes models"),
        (functional, {}, "setting 'it': the model is not compiled"),
        (lambda: 3, {}, "setting 'it': build must return a compiled Keras model, not int"),
        (wrong, {"fit": {"epochs": 3}}, "setting 'it': 'fit' names epochs, which exp"),
        (wrong, {"fit": {"validation_split": 0.1}}, "validation_split, which the data set"),
        (wrong, {"fit": {"shuffle": True}}, "'fit' names shuffle, which the seed decides"),
        (wrong, {"fit": {"workers": 2}}, "'fit' names workers; it takes callbacks, class_we"),
        (wrong, {"fit": {"callbacks": []}}, r"needs callbacks as a function, \(\) → a list"),
        (wrong, {"fit": []}, "setting 'it': 'fit' must be a dictionary"),
        (wrong, {"fit": {"callbacks": EarlyStopping}}, "'it': callbacks must return a list, not"),
        (wrong, {"fit": {"class_weight": {3: 2.0}}}, "of the classes 0, 1, 2, not {3: 2.0}"),
        (wrong, {"loss": "mse", "fit": {"class_weight": {0: 1}}}, "this loss has none"),
        (wrong, {"fit": {"sample_weight": lambda x, y: x[0]}}, r"the shape \(8, 2\), not \(26,\)"),
        (wrong, {"each_epoch": lambda e, x, y, r: (x, y + 9 * e)}, "'it': y must hold class num"),
        (wrong, {"loss": lambda y, p: ops.matmul(y, p)}, "'it': model.fit refuses it: "),
        (wrong, {"loss": None}, "setting 'it': the model is compiled without a loss"),
        (listed, {}, "setting 'it': the model returns a list; an experiment takes"),
    ],
)  # fmt: skip
def test_what_can_not_be_trained_alone_is_refused_by_its_setting(made, setting, message):
    with pytest.raises((TypeError, ValueError), match=message):
        rb.experiment(made, {"it": setting}, data(), epochs=2)
