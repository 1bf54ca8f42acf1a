"""Is each kind of network trained and measured as `model.fit` does it? The reference is always
Keras."""

import gc
import weakref
from collections import OrderedDict

import keras
import nbformat
import numpy as np
import psutil
import pytest
from keras import layers, losses
from keras.constraints import MaxNorm
from keras.losses import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from keras.optimizers import SGD, Adam, AdamW
from keras.regularizers import L1, L1L2, L2
from nbclient import NotebookClient
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss

import regbook as rb
from regbook.fitting import kinds, stack
from regbook.fitting.passes import members_at_once

rb.reproducible(0)

ROWS, BATCH, EPOCHS = 26, 10, 2  # batches of 10, 10 and 6
SMOOTHED, LOGITS = (
    CategoricalCrossentropy(label_smoothing=0.2),
    BinaryCrossentropy(from_logits=True),
)


def without_biases(decay):
    optimiser = AdamW(0.01, weight_decay=decay)
    optimiser.exclude_from_weight_decay(var_names=["bias"])
    return optimiser


def dense(units, activation=None, strength=0.0, **options):
    return layers.Dense(units, activation, kernel_regularizer=L2(strength), **options)


# name: (shape of a row, loss, optimiser, layers); two settings of each differ in a number s.
NETWORKS = {
    "dense": ((4,), "binary_crossentropy", lambda s: Adam(0.01 + s), lambda s: [
        dense(5, "relu", s, bias_regularizer=L1(s)), layers.Activation("tanh"), dense(1, "sigmoid"),
    ]),
    "limited": ((4,), "sparse_categorical_crossentropy", lambda s: SGD(0.3, 0.9), lambda s: [
        dense(6, "gelu", kernel_constraint=MaxNorm(0.5 + 10 * s)),
        layers.LayerNormalization(gamma_regularizer=L1L2(s, s)),
        dense(3, "softmax", use_bias=False),
    ]),
    "normal": ((4,), SMOOTHED, lambda s: SGD(0.1, 0.9, True), lambda s: [
        dense(6, use_bias=False), layers.BatchNormalization(momentum=0.8),
        layers.Activation("relu"), dense(3, "softmax", s),
    ]),
    "regression": ((4,), "mean_squared_error", lambda s: without_biases(0.1 + s), lambda s: [
        dense(5, "elu", s, kernel_initializer="he_normal"), layers.BatchNormalization(scale=False),
        dense(1),
    ]),
    "logits": ((4,), LOGITS, lambda s: SGD(0.2, weight_decay=0.1 + s), lambda s: [
        dense(5, "relu"), layers.LayerNormalization(center=False), dense(1),
    ]),
    "series": ((8, 2), ["sparse_categorical_crossentropy"], lambda s: Adam(0.02, amsgrad=True),
        lambda s: [
            layers.Conv1D(3, 3, padding="causal", activation="relu", kernel_regularizer=L2(s)),
            layers.MaxPooling1D(), layers.Conv1D(2, 2, padding="same", strides=2),
            layers.GlobalAveragePooling1D(), dense(3, "softmax"),
    ]),
    "pooled series": ((8, 2), SparseCategoricalCrossentropy(), lambda s: AdamW(0.01), lambda s: [
        layers.Conv1D(3, 3, dilation_rate=2, use_bias=False),
        layers.AveragePooling1D(2, padding="same"), layers.GlobalMaxPooling1D(),
        dense(3, "softmax", s),
    ]),
    "images": ((42,), "categorical_crossentropy", lambda s: Adam(0.01 + s), lambda s: [
        layers.Reshape((7, 6, 1)),
        layers.Conv2D(3, (3, 2), 2, "same", activation="relu", kernel_regularizer=L2(s)),
        layers.MaxPooling2D(), layers.Flatten(), dense(3, "softmax"),
    ]),
    "dilated images": ((7, 6, 1), "binary_crossentropy", lambda s: Adam(0.01), lambda s: [
        layers.Conv2D(3, 2, dilation_rate=2, kernel_constraint=MaxNorm(1 + s, (0, 1, 2))),
        layers.AveragePooling2D(2), layers.GlobalMaxPooling2D(), dense(1, "sigmoid"),
    ]),
    "colours": ((7, 6, 2), SparseCategoricalCrossentropy(True), lambda s: SGD(0.1), lambda s: [
        layers.Conv2D(3, 2, kernel_regularizer=L2(s)), layers.BatchNormalization(),
        layers.Activation("relu"), layers.Conv2D(2, 2, 2, "same"),
        layers.GlobalAveragePooling2D(), dense(3),
    ]),
}  # fmt: skip


def build(name, s=0.0):
    shape, loss, optimiser, inner = NETWORKS[name]
    model = keras.Sequential([keras.Input(shape), *inner(s)])
    metrics = [] if loss == "mean_squared_error" else ["accuracy"]
    model.compile(optimiser(s), loss, metrics=metrics, run_eagerly=True)
    return model


def data(name, seeds):
    shape, loss, _, _ = NETWORKS[name]
    binary = isinstance(loss, BinaryCrossentropy) or loss == "binary_crossentropy"

    def one(seed):
        random = rb.rng(seed)
        for rows in (ROWS, 12, 15):
            x = random.standard_normal((rows, *shape))
            labels = random.integers(0, 2 if binary else 3, rows)
            yield (
                x,
                x.reshape(rows, -1).mean(axis=1) if loss == "mean_squared_error" else labels,
                labels < 0,
            )

    return rb.for_seeds("rows", seeds, one)


def targets(name, y):
    loss = NETWORKS[name][1]
    one_hot = isinstance(loss, CategoricalCrossentropy) or loss == "categorical_crossentropy"
    return np.eye(3)[y] if one_hot else y[:, None]


def by_keras(name, s, seed, x, y):
    """A model that `model.fit` trained on the rows in the order of the seed."""
    rb.seed_weights(seed)
    model, orders = build(name, s), rb.rng(seed, 0)
    for _ in range(EPOCHS):
        order = orders.permutation(len(x))
        model.fit(x[order], targets(name, y[order]), batch_size=BATCH, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_each_kind_ends_where_model_fit_ends_with_one_member_and_with_many(name, monkeypatch):
    monkeypatch.setattr(
        stack, "_BLOCK", 400
    )  # so that members are measured on a few rows at a time
    options = {"epochs": EPOCHS, "batch_size": BATCH}
    for seeds, settings in (([3], [0.02]), ([3, 5], [0.02]), (range(3, 13), [0.0, 0.02])):
        rows, s = data(name, seeds), settings[-1]
        runs = rb.experiment(
            build, {f"{s}": {"name": name, "s": s} for s in settings}, rows, **options
        )
        mine = runs.model(f"{s}", 3)
        if len(seeds) == 1:
            alone = by_keras(name, s, 3, rows.train.x[0], rows.train.y[0])
        for weights, expected in zip(mine.get_weights(), alone.get_weights(), strict=True):
            assert_allclose(weights, expected, rtol=0, atol=1e-12)
        x, y = rows.validation.x[0], rows.validation.y[0]
        assert_allclose(
            runs.predict(f"{s}", rows.validation.x)[0],
            alone.predict(x, verbose=0),
            rtol=0,
            atol=1e-12,
        )
        report = alone.evaluate(x, targets(name, y), verbose=0, return_dict=True)
        penalty = float(sum(alone.losses))
        if name != "normal":  # Keras counts the smoothing of labels, the course does not
            assert runs.at_end(f"{s}")[0] == pytest.approx(report["loss"] - penalty, abs=1e-12)
        if name not in ("regression", "logits"):  # Keras cuts logits at one half
            assert runs.at_end(f"{s}", "val_accuracy")[0] == pytest.approx(
                report["accuracy"], abs=1e-12
            )
        assert runs.at_end(f"{s}", "penalty")[0] == pytest.approx(penalty, abs=1e-12)
        test = runs.open_test({"last": f"{s}", "stopped": runs.choose(f"{s}", stopped=True)})
        assert all(
            np.isfinite(scores).all()
            for method in test.scores.values()
            for scores in method.values()
        )


class Given(keras.Layer):
    """In the place of a noisy layer: what it makes of each batch that is trained on is given, batch
    by batch."""

    def call(self, x, training=False):
        return next(self.given)(x) if training else x


NOISES = {  # layer, and what it makes of h with the random numbers of a batch
    "Dropout": (
        lambda: layers.Dropout(0.4),
        "random",
        lambda h, r: h * (r >= np.float32(0.4)) / 0.6,
    ),
    "SpatialDropout1D": (
        lambda: layers.SpatialDropout1D(0.4),
        "random",
        lambda h, r: h * (r >= np.float32(0.4)) / 0.6,
    ),
    "GaussianNoise": (
        lambda: layers.GaussianNoise(0.2),
        "standard_normal",
        lambda h, r: h + 0.2 * r.astype(float),
    ),
}


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_what_the_seed_draws_for_the_place_of_the_layer(name):
    layer, kind, noisy = NOISES[name]
    rows = data("series", [3])
    maps = (1, 3) if name == "SpatialDropout1D" else (8, 3)

    def network(middle, behind=None):
        inner = [
            layers.Dense(3),
            middle(),
            *([behind()] if behind else []),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
        model = keras.Sequential([keras.Input((8, 2)), *inner])
        model.compile(SGD(0.2), "sparse_categorical_crossentropy", run_eagerly=True)
        return model

    runs = rb.experiment(
        network,
        {"it": {"middle": lambda: layers.Dropout(0.0), "behind": layer}},
        rows,
        epochs=1,
        batch_size=13,
    )
    random = (
        rb.rng(3, 1, 1) if kind == "standard_normal" else rb.rng(3, 3)
    )  # of the second noisy layer
    drawn = getattr(random, kind)((ROWS, *maps), dtype=np.float32)
    given = Given()
    given.given = iter([lambda h, r=r: noisy(h, r) for r in np.split(drawn, 2)])
    rb.seed_weights(3)
    alone, order = network(lambda: given), rb.rng(3, 0).permutation(ROWS)
    alone.fit(
        rows.train.x[0][order], rows.train.y[0][order], batch_size=13, shuffle=False, verbose=0
    )
    for weights, expected in zip(
        runs.model("it", 3).get_weights(), alone.get_weights(), strict=True
    ):
        assert_allclose(weights, expected, rtol=0, atol=1e-12)


def test_a_spatial_dropout_in_two_dimensions_drops_whole_maps():
    def network(rate):
        model = keras.Sequential([
            keras.Input((2, 3, 400)), layers.SpatialDropout2D(rate), layers.Flatten(),
            layers.Dense(1, use_bias=False, kernel_initializer="ones"),
        ])  # fmt: skip
        model.compile(SGD(1.0), "mean_squared_error")
        return model

    ones = rb.for_seeds(
        "ones", [1], lambda seed: [(np.ones((1, 2, 3, 400)), np.zeros(1), np.zeros(1, bool))] * 3
    )
    runs = rb.experiment(network, {"half": {"rate": 0.5}}, ones, epochs=1)
    moved = (1 - runs.model("half", 1).get_weights()[0]).reshape(6, 400)  # 2·h·Σh
    assert_allclose(moved, np.tile(moved[:1], (6, 1)))
    assert 0.4 < (moved[0] == 0).mean() < 0.6 and len(np.unique(moved.round(6))) == 2


def outputs_of(loss, classes, last, y):
    """The runs of one setting on rows with the labels y, (rows,) or (rows, classes), and its
    outputs on them."""
    x = rb.rng(9).standard_normal((len(y), 3))
    rows = rb.for_seeds("rows", [0, 1], lambda seed: [(x, y, np.zeros(len(y), bool))] * 3)

    def network():
        model = keras.Sequential(
            [keras.Input((3,)), layers.Dense(4, "relu"), layers.Dense(classes, last)]
        )
        model.compile(Adam(0.05), loss)
        return model

    runs = rb.experiment(network, {"it": {}}, rows, epochs=3)
    return runs, runs.predict("it", x)[0]


LABELS = rb.rng(10).integers(0, 3, 40)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_accuracy_and_log_loss_are_what_they_say_of_logits_and_of_smoothed_labels(smoothing):
    y = (LABELS > 0).astype(int)
    runs, logits = outputs_of(
        BinaryCrossentropy(from_logits=True, label_smoothing=smoothing), 1, None, y
    )
    probabilities = 1 / (1 + np.exp(-logits[:, 0]))
    assert runs.at_end("it")[0] == pytest.approx(log_loss(y, probabilities), abs=1e-7)
    assert (
        runs.at_end("it", "val_accuracy")[0]
        == ((logits[:, 0] > 0) == y).mean()
        != ((logits[:, 0] > 0.5) == y).mean()
    )
    runs, p = outputs_of(CategoricalCrossentropy(label_smoothing=smoothing), 3, "softmax", LABELS)
    assert runs.at_end("it")[0] == pytest.approx(log_loss(LABELS, p), abs=1e-7)
    assert runs.at_end("it", "val_accuracy")[0] == (p.argmax(axis=1) == LABELS).mean()
    assert "log loss: validation" in repr(runs)


def test_a_loss_that_is_no_log_loss_has_a_heading_of_its_own_and_is_compared_with_none():
    y = np.eye(3)[LABELS]
    runs, p = outputs_of("binary_crossentropy", 3, "softmax", y)
    assert "loss (binary_crossentropy): validation" in repr(runs) and "log loss" not in repr(runs)
    x = runs.data.validation.x[0]
    reported = runs.model("it", 0).evaluate(x, y, verbose=0)
    assert runs.at_end("it")[0] == pytest.approx(reported, abs=1e-12)
    reference = (
        keras.metrics.categorical_accuracy(y, p).numpy().mean()
    )  # what model.fit calls accuracy
    assert runs.at_end("it", "val_accuracy")[0] == pytest.approx(reference, abs=1e-12)
    scores = runs.open_test({"it": "it"})
    assert (
        "loss (binary_crossentropy)" in repr(scores)
        and scores.compare("it", "it", "loss (binary_crossentropy)").mean == 0
    )
    runs, outputs = outputs_of("mean_squared_error", 1, None, 1.0 * LABELS)
    assert list(runs.open_test({"it": "it"})["it"]) == ["error"]
    assert runs.at_end("it")[0] == pytest.approx(np.mean((outputs[:, 0] - LABELS) ** 2), abs=1e-12)


def test_outputs_of_several_axes_are_averaged_and_labels_out_of_range_are_named():
    x, y = rb.rng(9).standard_normal((30, 4, 2)), rb.rng(10).integers(0, 3, (30, 4))

    def network():
        model = keras.Sequential([keras.Input((4, 2)), layers.Dense(3, "softmax")])
        model.compile(Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    rows = rb.for_seeds("steps", [0], lambda seed: [(x, y, y < 0)] * 3)
    runs = rb.experiment(network, {"it": {}}, rows, epochs=2)
    reported = runs.model("it", 0).evaluate(x, y, verbose=0)
    seen = runs.at_end("it")[0], runs.at_end("it", "val_accuracy")[0]
    assert_allclose(seen, reported, rtol=0, atol=1e-12)
    rows = rb.for_seeds("steps", [0], lambda seed: [(x, y + 1, y < 0)] * 3)
    with pytest.raises(ValueError, match="setting 'it': y must hold class numbers from 0 to 2"):
        rb.experiment(network, {"it": {}}, rows, epochs=2)


def test_kinds_stay_compiled_and_the_one_that_was_used_last_goes_first(monkeypatch):
    monkeypatch.setattr(stack, "KEPT", 2)
    monkeypatch.setattr(stack, "_stacks", OrderedDict())

    def fit(units, s=0.0, rate=0.1, step=0.01):
        def network():
            model = keras.Sequential(
                [
                    keras.Input((4,)),
                    dense(units, None, s),
                    layers.Dropout(rate),
                    dense(1, "sigmoid"),
                ]
            )
            model.compile(Adam(step), "binary_crossentropy")
            return model

        rb.experiment(network, {"it": {}}, data("dense", [1, 2]), epochs=1)
        return next(reversed(stack._stacks.values()))

    first = fit(2)
    functions = first._scores, first.passes.run
    assert fit(2, s=0.1, rate=0.5, step=0.1) is first
    assert [function.experimental_get_tracing_count() for function in functions] == [1, 1]
    fit(3)
    assert fit(2) is first
    gone = weakref.ref(first)
    fit(4)  # 3 units were not used for longer
    assert [kept.model.layers[0].units for kept in stack._stacks.values()] == [2, 4]
    fit(5)
    del first, functions
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("members", [5, 4])
def test_members_in_several_jobs_end_as_in_one(members, monkeypatch):
    """Of 15, jobs of 5 hold a setting each, and four jobs cut settings between their seeds."""

    def shifted(epoch, x, y, random):
        return x + random.standard_normal(x.shape), y

    settings = {"plain": {}, "L2": {"s": 0.02}, "other rows": {"each_epoch": shifted}}
    settings = {name: {"name": "dense"} | setting for name, setting in settings.items()}
    rows = data("dense", range(5))
    whole = rb.experiment(build, settings, rows, epochs=3, batch_size=BATCH)
    monkeypatch.setattr("regbook.fitting.settings.members_at_once", lambda *_: members)
    parts = rb.experiment(build, settings, rows, epochs=3, batch_size=BATCH)
    for name in settings:
        for seed in rows.seeds:
            pairs = zip(
                whole.model(name, seed).get_weights(), parts.model(name, seed).get_weights()
            )
            assert all(np.abs(a - b).max() < 1e-14 for a, b in pairs)
        assert_allclose(whole.curve(name), parts.curve(name), rtol=0, atol=1e-14)


def test_the_wider_and_longer_the_fewer_members_are_trained_at_once():
    wide, narrow = (compiled(dense(units), one(), shape=(500,)) for units in (500, 50))
    noisy = compiled(dense(50), layers.GaussianNoise(0.1), one(), shape=(500,))
    wide, narrow, noisy = map(stack.Stack, (wide, narrow, noisy))
    assert members_at_once(wide, 1000, 32) == 1 < members_at_once(narrow, 1000, 32)
    assert members_at_once(narrow, 5000, 32) > members_at_once(narrow, 5000, 2000) > 1
    assert members_at_once(narrow, 100_000, 32) > members_at_once(noisy, 100_000, 32) > 1


def test_what_memory_does_not_suffice_for_is_refused_before_any_training(monkeypatch):
    monkeypatch.setattr("regbook.fitting.settings.train", lambda *_: pytest.fail("it trained"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 2e3}))
    message = "setting 'it': one model × a batch of 10 rows × 5 numbers .* take a smaller batch"
    with pytest.raises(ValueError, match=message):
        rb.experiment(
            build, {"it": {"name": "dense"}}, data("dense", [1]), epochs=1, batch_size=BATCH
        )


def compiled(*inner, dtype="float64", shape=(2,), **options):
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *inner])
    model.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy"} | options)
    return model


def one(**options):
    return layers.Dense(1, "sigmoid", **options)


UNLISTED = [
    (lambda: keras.Sequential([one()]), "it is no keras.Sequential that begins with keras.In"),
    (
        lambda: compiled(layers.GlobalMaxPooling1D(), one(), shape=(None, 2)),
        "begins with keras.Inp",
    ),
    (lambda: compiled(layers.Activation("sigmoid"), shape=(1,)), "it has no weights to train"),
    (lambda: compiled(one(), optimizer=SGD(clipnorm=1.0)), "its optimiser has clipnorm, wh"),
    (lambda: compiled(one(), optimizer=Adam(use_ema=True)), "its optimiser has use_ema, whi"),
    (lambda: compiled(one(), optimizer="lion"), "its optimiser, Lion, can't be fitted with others"),
    (lambda: compiled(one(), loss="hinge"), "its loss, hinge, can't be"),
    (lambda: compiled(one(), loss=losses.MeanSquaredError(reduction="sum")), "loss has reduction"),
    (
        lambda: compiled(one(), loss=SparseCategoricalCrossentropy(ignore_class=0)),
        "has ignore_class",
    ),
    (lambda: compiled(one(), loss_weights=[2.0]), "its loss_weights"),
    (
        lambda: compiled(one(kernel_regularizer="orthogonal_regularizer")),
        "kernel_regularizer of its layer 1, Orth",
    ),
    (lambda: compiled(one(kernel_constraint="non_neg")), "the kernel_constraint of its .*, NonNeg"),
    (lambda: compiled(one(activity_regularizer="l2")), "has activity_regularizer, "),
    (lambda: compiled(layers.BatchNormalization(renorm=True), one()), "1 has renorm, whi"),
    (lambda: compiled(one(trainable=False), one()), "1 has trainable, "),
    (lambda: compiled(layers.Dropout(1.0), one()), "has the rate 1, which drops everything"),
    (lambda: compiled(layers.UnitNormalization(), one()), "its layer 1, UnitNormalization, can't"),
    (lambda: compiled(type("Denser", (layers.Dense,), {})(1)), ", Denser, can't be fitted with o"),
    (lambda: compiled(layers.Dense(3, layers.LeakyReLU()), one()), "has a layer as its activation"),
    (lambda: compiled(layers.Dense(3, dtype="float32"), one()), "in float64, others in float32"),
]


@pytest.mark.parametrize("model, message", UNLISTED)
def test_what_is_not_listed_is_refused_by_name(model, message):
    with pytest.raises(ValueError, match=message):
        kinds.kind_of(model())


def twice(x):
    return 2 * x


def test_models_are_of_one_kind_where_they_differ_in_numbers_of_their_own_alone():
    def network(units=3, activation="relu", s=0.0, rate=0.1, limit=1.0, optimiser=None, **options):
        inner = (
            dense(units, activation, s, kernel_constraint=MaxNorm(limit), **options),
            layers.Dropout(rate),
        )
        return kinds.kind_of(compiled(*inner, one(), optimizer=optimiser or SGD(0.1)))

    plain = network()
    for same in (
        {"s": 0.1},
        {"rate": 0.5},
        {"limit": 2.0},
        {"optimiser": SGD(0.2)},
        {"kernel_initializer": "zeros"},
    ):
        assert network(**same) == plain, same
    for other in ({"units": 4}, {"activation": "tanh"}, {"activation": twice}, {"use_bias": False},
                  {"optimiser": SGD(0.1, momentum=0.1)}, {"optimiser": Adam(0.1)},
                  {"bias_regularizer": L1(0.1)},
                  {"optimiser": SGD(0.1, weight_decay=0.1)}):  # fmt: skip
        assert network(**other) != plain, other


@pytest.mark.parametrize("watched", [True, False])
def test_a_bar_is_shown_where_somebody_watches(watched, tmp_path):
    """nbconvert, papermill and nbval say with each cell that nobody would answer a question."""
    source = "from regbook.fitting.progress import watched\nprint(watched())"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client = NotebookClient(notebook)
    with client.setup_kernel():
        client.kc.allow_stdin = watched
        client.execute_cell(notebook.cells[0], 0)
    assert notebook.cells[0].outputs[0].text == f"{watched}\n"
