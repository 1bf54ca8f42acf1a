"""Does `fit_together` train each model as `model.fit` does? The reference is always Keras itself."""

from regbook import fit_together, predict_together, reproducible

reproducible(0)  # before Keras is imported: it keeps TensorFlow quiet

import math
import subprocess
import sys

import keras
import numpy as np
import pytest
import shapes
from keras import constraints, layers, regularizers
from scipy import stats

from regbook import stack

# What `shapes.hashes()` was before layers were called through Keras, by how the processor rounds.
HASHES = {
    "df82edd36811605a": {
        "original": "43c86174629fa8f0",
        "wide": "76cdc49662e63abf",
        "images": "140d9efd36dd1e86",
        "table": "7d50664a6d2d4198",
    }
}


def test_the_shapes_of_the_chapters_are_trained_to_the_same_bits_as_ever():
    if shapes.arithmetic() not in HASHES:
        pytest.skip(f"no hashes were recorded for processors that round like this one, {shapes.arithmetic()}")
    assert shapes.hashes() == HASHES[shapes.arithmetic()]


LOSSES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mean_squared_error")
OPTIMISERS = {
    "SGD": lambda: keras.optimizers.SGD(0.05),
    "momentum": lambda: keras.optimizers.SGD(0.02, momentum=0.9),
    "Nesterov": lambda: keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "SGD with decay": lambda: keras.optimizers.SGD(0.05, weight_decay=0.1),
    "Adam": lambda: keras.optimizers.Adam(0.003),
    "AMSGrad": lambda: keras.optimizers.Adam(0.003, amsgrad=True),
    "AdamW": lambda: keras.optimizers.AdamW(0.003, weight_decay=0.2),
    "a schedule": lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.05, 5, 0.9)),
    "AdamW, biases spared": lambda: spare_biases(keras.optimizers.AdamW(0.003, weight_decay=0.2)),
}
ACTIVATIONS = [
    "relu", "sigmoid", "tanh", "elu", "selu", "gelu", "softplus", "softsign", "silu", "leaky_relu", "exponential",
    "linear", "mish", "hard_sigmoid", "relu6", "softmax", "log_sigmoid", "hard_silu", "celu",
]  # fmt: skip
REGULARISERS = [
    lambda strength: None,
    regularizers.L1,
    regularizers.L2,
    lambda strength: regularizers.L1L2(strength, 2 * strength),
]
DRAWS = 24


def spare_biases(optimiser):
    optimiser.exclude_from_weight_decay(var_names=["bias"])
    return optimiser


class Drawn:
    """A random small model maker and its data. Taking turns makes sure that every choice is drawn."""

    def __init__(self, number):
        self.number, self.rng, self.layers = number, np.random.default_rng(number), []
        shapes = [(4,), (9, 2), (8, 7, 1), (7, 7, 2)]
        self.input = shapes[number % 4]
        self.loss, self.optimiser = LOSSES[number // 4 % 4], list(OPTIMISERS)[number % len(OPTIMISERS)]
        outputs = 3 if "categorical" in self.loss else 1
        middle = self._convolutional() if len(self.input) > 1 else [self._dense, self._normal, self._dense]
        for add in middle:
            add()
        if len(self.shape) > 1:
            self._add(layers.Flatten) if number % 2 else self._add(
                layers.Reshape, target_shape=(math.prod(self.shape),)
            )
        last = {"binary_crossentropy": "sigmoid", "mean_squared_error": "linear"}.get(self.loss, "softmax")
        self._add(layers.Dense, units=outputs, activation=last, kernel_regularizer=self._turn(REGULARISERS))
        self.x = self.rng.standard_normal((43, *self.input))  # batches of 16, 16 and 11
        labels = self.rng.integers(0, max(2, outputs), 43)
        self.y = {"categorical_crossentropy": np.eye(3)[labels % 3], "mean_squared_error": self.x.sum(axis=-1)}.get(
            self.loss, labels
        )
        self.y = self.y.reshape(43, -1).mean(axis=1) if self.loss == "mean_squared_error" else self.y

    @property
    def shape(self):
        return self.build(0).output_shape[1:] if self.layers else self.input

    def _turn(self, choices, stride=1):
        return choices[(self.number // stride + len(self.layers)) % len(choices)]

    def _add(self, kind, **options):
        self.layers.append((kind, options))

    def _dense(self):
        limits = [
            None,
            lambda strength: constraints.MaxNorm(0.5 + strength),
            lambda strength: constraints.NonNeg(),
            None,
            lambda strength: constraints.UnitNorm(),
            lambda strength: constraints.MinMaxNorm(0.1, 0.9),
        ]
        options = {"kernel_constraint": self._turn(limits, 4)} if self._turn(limits, 4) else {}
        if self._turn([True, False], 3):
            options["bias_regularizer"] = self._turn(REGULARISERS, 2)
        else:
            options["use_bias"] = False
        self._add(
            layers.Dense,
            units=int(self.rng.integers(2, 6)),
            activation=ACTIVATIONS[(5 * self.number + len(self.layers)) % len(ACTIVATIONS)],
            kernel_regularizer=self._turn(REGULARISERS, 3),
            **options,
        )

    def _normal(self):
        center, scale = self._turn([(True, True), (False, True), (True, False)], 2)
        options = {"gamma_regularizer": self._turn(REGULARISERS)} if scale else {}
        if self._turn([True, False]):
            self._add(layers.BatchNormalization, momentum=0.9, center=center, scale=scale, **options)
        else:
            self._add(layers.LayerNormalization, center=center, scale=scale, **options)

    def _convolutional(self):
        one = len(self.input) == 2
        kind = layers.Conv1D if one else layers.Conv2D
        size = 3 if one or self.number % 3 else (3, 2)
        ways = [{}, {"padding": "same"}, {"strides": 2, "padding": "same"}, {"dilation_rate": 2}, {"use_bias": False}]
        ways += [{"padding": "causal"}] if one else [{"strides": 2}]
        # Keras itself can't train a dilated Conv2D of several channels on every processor.
        way = self._turn(ways, 4)
        way = {} if "dilation_rate" in way and len(self.input) == 3 and self.input[-1] > 1 else way
        pools = ["MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"]
        pool = self._turn(pools, 4) + ("1D" if one else "2D")

        def convolve(**options):
            regulariser, activation = (
                self._turn(REGULARISERS, 3),
                ACTIVATIONS[(5 * self.number + len(self.layers)) % len(ACTIVATIONS)],
            )
            self._add(kind, filters=3, activation=activation, kernel_regularizer=regulariser, **options)

        def pool_or_not():
            options = {} if "Global" in pool else {"pool_size": 2, "padding": ["valid", "same"][self.number // 8 % 2]}
            self._add(getattr(layers, pool), **options)

        no_noise = layers.SpatialDropout1D if one else layers.SpatialDropout2D
        first = [
            lambda: convolve(kernel_size=size, **way),
            self._normal,
            lambda: self._add(layers.Activation, activation="tanh"),
            lambda: self._add(no_noise, rate=0.0),
            lambda: convolve(kernel_size=2),
            pool_or_not,
        ]
        return first[: 1 + self.number % 2] + first[2:]

    def build(self, member):
        """The model of one member: its own initial weights, strengths and limits."""
        keras.utils.set_random_seed(100 * self.number + member)
        made = [
            kind(**{name: value(0.01 * member) if name.endswith(("_regularizer", "_constraint")) else value
                    for name, value in options.items()})
            for kind, options in self.layers
        ]  # fmt: skip
        model = keras.Sequential([keras.Input(self.input), *made])
        model.compile(optimizer=OPTIMISERS[self.optimiser](), loss=self.loss)
        return model

    def __str__(self):
        made = [(kind.__name__, options) for kind, options in self.layers]
        return f"draw {self.number}: {self.input}, {self.loss}, '{self.optimiser}', {made}"


def flat(model):
    return np.concatenate([np.ravel(w) for w in model.get_weights()])


def fit_alone(model, x, y, epochs):
    """`model.fit`; returns the weights after the fourth epoch (12 steps), for comparison early on."""
    early = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 3 and early.append(flat(model)))
    model.fit(x, y, epochs=epochs, batch_size=16, shuffle=False, verbose=0, callbacks=[watch])
    return early[0]


@pytest.mark.parametrize("part", range(4))
def test_every_architecture_agrees_with_model_fit(part):
    chaotic = []
    for number in range(part, DRAWS, 4):
        drawn = Drawn(number)
        early, late, alone, nudged = ([drawn.build(member) for member in range(2)] for _ in range(4))
        fit_together(early, drawn.x, drawn.y, epochs=4, batch_size=16, shuffle=False)
        fit_together(late, drawn.x, drawn.y, epochs=30, batch_size=16, shuffle=False)
        # Rounding grows as training goes on: what the last bit of the weights does to Keras is what may be expected.
        nudged[1].set_weights([np.nextafter(w, np.inf) for w in nudged[1].get_weights()])
        early_nudged, early_alone = (fit_alone(group[1], drawn.x, drawn.y, 30) for group in (nudged, alone))
        tolerance = max(1e-12, 10 * np.abs(early_nudged - early_alone).max())
        np.testing.assert_allclose(flat(early[1]), early_alone, rtol=0, atol=tolerance, err_msg=str(drawn))
        if np.abs(flat(nudged[1]) - flat(alone[1])).max() > 1e-10:
            chaotic.append(str(drawn))
        else:
            np.testing.assert_allclose(flat(late[1]), flat(alone[1]), rtol=0, atol=1e-8, err_msg=str(drawn))
        np.testing.assert_allclose(
            predict_together(late, drawn.x)[1], late[1].predict(drawn.x, verbose=0), rtol=1e-10, atol=1e-12
        )
    print(f"\nafter 30 epochs, {len(chaotic)} of {DRAWS // 4} draws left out: {chaotic}")
    assert len(chaotic) <= 0.3 * DRAWS


def test_every_choice_is_drawn():
    text = " ".join(str(Drawn(number)) for number in range(DRAWS))
    from regbook.checks import _LAYERS

    taken = {kind.__name__ for kind in _LAYERS} - {"Dropout", "GaussianNoise"}  # noise is compared below
    for choice in [*OPTIMISERS, *LOSSES, *(f"'{name}'" for name in ACTIVATIONS), *(f"'{name}'" for name in taken)]:
        assert choice in text, choice


def classifier(seed, middle=(), l2=0.0, loss="binary_crossentropy", optimiser="adam", **dense):
    """A model of the original tutorial's shape, with the layers `middle` after its hidden layer."""
    keras.utils.set_random_seed(seed)
    price = keras.regularizers.L2(l2)
    hidden, last = (
        layers.Dense(8, "relu", kernel_regularizer=price, **dense),
        layers.Dense(1, "sigmoid", kernel_regularizer=price),
    )
    model = keras.Sequential([keras.Input((2,)), hidden, *middle, last])
    model.compile(optimizer=optimiser, loss=loss, metrics=["accuracy"])
    return model


rng = np.random.default_rng(1)
X = rng.standard_normal((100, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
X_HELD, Y_HELD = rng.standard_normal((500, 2)), rng.integers(0, 2, 500)


@pytest.mark.parametrize(
    "options",
    [
        lambda: dict(middle=[layers.BatchNormalization()]),
        lambda: dict(kernel_constraint=keras.constraints.MaxNorm(0.8)),
        lambda: dict(loss=keras.losses.BinaryCrossentropy(label_smoothing=0.2)),
        lambda: dict(middle=[layers.GaussianNoise(0.0), layers.Dropout(0.0)]),
    ],
    ids=["batch norm", "max-norm", "label smoothing", "no noise"],
)
def test_other_layers_and_options_agree_with_model_fit(options):
    together, alone = (
        [classifier(seed, optimiser=keras.optimizers.SGD(0.1), **options()) for seed in (1, 2)] for _ in "ab"
    )
    history = fit_together(together, X, Y, epochs=5, shuffle=False, validation_data=(X_HELD, Y_HELD))
    for number, (mine, its) in enumerate(zip(together, alone)):
        log = its.fit(X, Y, epochs=5, shuffle=False, verbose=0, validation_data=(X_HELD, Y_HELD)).history
        np.testing.assert_allclose(flat(mine), flat(its), rtol=0, atol=1e-12)
        np.testing.assert_allclose(history.val_loss[number], log["val_loss"], atol=1e-9)
        np.testing.assert_allclose(history.val_accuracy[number], log["val_accuracy"], atol=1e-9)


def test_history_and_models_say_what_evaluate_says():
    models = [classifier(seed, [layers.Dropout(0.4)], l2=0.01) for seed in range(3)]
    history = fit_together(models, X, Y, epochs=3, validation_data=(X_HELD, Y_HELD))
    for number, model in enumerate(models):
        total, accuracy = model.evaluate(X, Y, verbose=0)
        assert history.loss[number, -1] + history.penalty[number, -1] == pytest.approx(total, abs=1e-8)
        assert history.accuracy[number, -1] == pytest.approx(accuracy)
        assert history.val_accuracy[number, -1] == pytest.approx(model.evaluate(X_HELD, Y_HELD, verbose=0)[1])
        np.testing.assert_allclose(predict_together(models, X)[number], model.predict(X, verbose=0), atol=1e-12)


def test_rate_zero_is_no_dropout():
    with_layer, without = [classifier(3, [layers.Dropout(0.0)])], [classifier(3)]
    fit_together(with_layer, X, Y, epochs=3)
    fit_together(without, X, Y, epochs=3)
    np.testing.assert_array_equal(flat(with_layer[0]), flat(without[0]))


def test_dropout_agrees_with_model_fit_in_distribution():
    """100 members against 100 runs of `model.fit`: held-out accuracy of the same mean and spread."""
    members = [classifier(seed, [layers.Dropout(0.4)], optimiser=keras.optimizers.SGD(0.5)) for seed in range(100)]
    runner = classifier(0, [layers.Dropout(0.4)], optimiser=keras.optimizers.SGD(0.5))
    truth = (X_HELD[:, 0] * X_HELD[:, 1] > 0).astype(int)
    alone = []
    for member in members:  # one model makes all 100 runs: plain SGD keeps nothing from run to run
        runner.set_weights(member.get_weights())
        runner.fit(X, Y, epochs=6, batch_size=50, verbose=0)
        alone.append(((runner.predict_on_batch(X_HELD)[:, 0] > 0.5) == truth).mean())
    fit_together(members, X, Y, epochs=6, batch_size=50)
    together = ((predict_together(members, X_HELD)[..., 0] > 0.5) == truth).mean(axis=1)
    assert stats.ttest_ind(together, alone).pvalue > 0.01
    assert stats.levene(together, alone).pvalue > 0.01


def noise_of(seed, shape, *noisy):
    """(members, *shape): what each noisy layer of `noisy`, alone in a model, makes of ones in a step of training.

    One step of gradient descent on (Σ w·h)² with all w = 1 takes 2·h·Σh off w, which tells h.
    """
    models = []
    for layer in noisy:
        last = layers.Dense(1, use_bias=False, kernel_initializer="ones")
        models.append(keras.Sequential([keras.Input(shape), *layer, layers.Flatten(), last]))
        models[-1].compile(keras.optimizers.SGD(1.0), "mean_squared_error")
    fit_together(models, np.ones((1, *shape)), np.zeros(1), epochs=1, seeds=[seed] * len(models))
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
def test_noise_is_as_each_member_asks(kind, shape, options, same):
    noisy, other, silent = noise_of(3, shape, [kind(0.3, **options)], [kind(0.6, **options)], [kind(0.0, **options)])
    np.testing.assert_allclose(silent, 1, atol=1e-12)
    np.testing.assert_array_equal(noisy.std(axis=same).round(12), 0) if same else None  # one number for a whole map
    if kind is layers.GaussianNoise:
        assert noisy.std() == pytest.approx(0.3, abs=0.02)
        np.testing.assert_allclose((other - 1) / 0.6, (noisy - 1) / 0.3, atol=1e-9)  # one stream, two sizes
    else:
        dropped = noisy.round(9) == 0
        assert dropped.mean() == pytest.approx(0.3, abs=0.05)
        np.testing.assert_allclose(noisy[~dropped], 1 / 0.7, rtol=1e-9)
        assert (other.round(9) == 0)[dropped].all()  # a higher rate drops more of the same


def test_noise_belongs_to_the_place_among_noisy_layers():
    def second(*before):
        return noise_of(5, (40,), [*before, layers.Dropout(0.5)])[0] == 0

    alone = second()
    np.testing.assert_array_equal(alone, second(layers.Activation("linear"), layers.Reshape((40,))))
    behind = second(layers.Dropout(0.0))
    assert (alone != behind).any()  # two noisy layers are not noisy in the same way
    np.testing.assert_array_equal(behind, second(layers.GaussianNoise(0.0), layers.Activation("linear")))


def test_members_with_their_own_data_and_changing_data():
    rows = np.random.default_rng(5).standard_normal((2, 60, 2))
    labels = (rows[..., 0] > 0).astype(int)
    own, alone, changing = ([classifier(seed) for seed in (0, 1)] for _ in range(3))
    fit_together(own, rows, labels, epochs=2, shuffle=False)
    fit_together(
        changing,
        lambda epoch: rows[:, :: (-1) ** epoch],
        lambda epoch: labels[:, :: (-1) ** epoch],
        epochs=1,
        shuffle=False,
    )
    for number, model in enumerate(alone):
        model.fit(rows[number], labels[number], epochs=1, shuffle=False, verbose=0)
        np.testing.assert_allclose(flat(changing[number]), flat(model), rtol=0, atol=1e-12)
        model.fit(rows[number], labels[number], epochs=1, shuffle=False, verbose=0)
        np.testing.assert_allclose(flat(own[number]), flat(model), rtol=0, atol=1e-12)


def test_changing_data_change():
    seen = []
    fit_together([classifier(0)], lambda epoch: seen.append(epoch) or X, Y, epochs=3)
    assert seen == [0, 1, 2]


def test_a_member_does_not_depend_on_its_neighbours_but_on_its_seed():
    def fit(seeds, shuffles):
        models = [classifier(seed, [layers.Dropout(0.5)]) for seed in seeds]
        fit_together(models, X, Y, epochs=2, seeds=shuffles)
        return [flat(model) for model in models]

    first, again, alone, other = fit([0, 1], [7, 8]), fit([0, 1], [7, 8]), fit([1], [8]), fit([1], [9])
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first[1], alone[0], rtol=0, atol=1e-12)
    assert np.abs(alone[0] - other[0]).max() > 1e-3


def test_one_thread_or_two_gives_the_same_bits():
    code = """if True:
        from regbook import fit_together, seed_weights
        import keras, numpy as np, tensorflow as tf
        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(THREADS)
        keras.config.set_floatx("float64")
        models = []
        for seed in range(20):
            seed_weights(seed)
            dense = [keras.layers.Dense(64, "relu", kernel_regularizer="l2"), keras.layers.Dense(1, "sigmoid")]
            models.append(keras.Sequential([keras.Input((10,)), dense[0], keras.layers.Dropout(0.3), dense[1]]))
            models[-1].compile("adam", "binary_crossentropy")
        x = np.random.default_rng(0).standard_normal((600, 10))
        fit_together(models, x, x[:, 0] > 0, epochs=3, batch_size=600)
        print(b"".join(w.tobytes() for model in models for w in model.get_weights()).hex())
    """
    runs = [
        subprocess.run(
            [sys.executable, "-c", code.replace("THREADS", threads)], capture_output=True, text=True, check=True
        )
        for threads in "12"
    ]
    assert runs[0].stdout == runs[1].stdout and len(runs[0].stdout) > 1000


def test_both_sets_of_weights_are_kept():
    last, best = ([classifier(seed, optimiser=keras.optimizers.Adam(0.1)) for seed in range(3)] for _ in "ab")
    data = dict(epochs=12, validation_data=(X_HELD, Y_HELD))
    history = fit_together(last, X, Y, **data)
    fit_together(best, X, Y, **data, restore_best_weights=True)
    assert set(history.best_epoch) != {11}
    for number, (late, early) in enumerate(zip(last, best)):
        smallest = history.val_loss[number].min()
        assert history.val_loss[number, history.best_epoch[number]] == smallest
        assert early.evaluate(X_HELD, Y_HELD, verbose=0)[0] == pytest.approx(smallest, abs=1e-8)
        for model, (trained, _) in ((late, history.last), (early, history.best)):
            np.testing.assert_array_equal(flat(model), trained[number])
    with pytest.raises(ValueError, match="best_epoch needs validation data"):
        _ = fit_together(last, X, Y, epochs=1).best_epoch


def test_a_known_shape_is_not_compiled_again(monkeypatch):
    def fit(rows, **options):
        models = [classifier(seed, [layers.Dropout(options.pop("rate", 0.1))], **options) for seed in range(2)]
        fit_together(models, X[:rows], Y[:rows], epochs=1, batch_size=rows // 2, validation_data=(X_HELD, Y_HELD))
        return stack.stack_of(models)

    limit = keras.constraints.MaxNorm
    known = fit(100, kernel_constraint=limit(1.0))
    again = fit(60, rate=0.5, l2=0.1, kernel_constraint=limit(2.0), optimiser=keras.optimizers.Adam(0.1))
    assert again is known and known.train.experimental_get_tracing_count() == 1
    for width in (3, 4):
        fit_together([compiled(layers.Dense(width), one())], X, Y, epochs=1)
    assert len(stack._compiled) == 2 and fit(100, kernel_constraint=limit(1.0)) is not known


def test_a_model_that_was_changed_after_a_fit_is_compiled_again():
    changed, fresh = (compiled(layers.BatchNormalization(momentum=m), one()) for m in (0.99, 0.5))
    start = changed.get_weights()
    fit_together([changed], X, Y, epochs=1)
    changed.layers[0].momentum = 0.5
    for model in (changed, fresh):
        model.set_weights(start)
        fit_together([model], X, Y, epochs=1)
    np.testing.assert_array_equal(flat(changed), flat(fresh))


def test_blocks_of_rows_change_nothing(monkeypatch):
    monkeypatch.setattr(stack, "_BLOCK", 200)
    models = [classifier(seed) for seed in range(3)]
    history = fit_together(models, X, Y, epochs=1, validation_data=(X_HELD, Y_HELD))
    for number, model in enumerate(models):
        assert history.val_loss[number, -1] == pytest.approx(model.evaluate(X_HELD, Y_HELD, verbose=0)[0], abs=1e-9)
        np.testing.assert_allclose(
            predict_together(models, X_HELD)[number], model.predict(X_HELD, verbose=0), atol=1e-12
        )


def test_models_of_32_bits():
    models, alone = (
        [compiled(layers.Dense(4, "relu", dtype="float32"), one(dtype="float32"), dtype="float32")] for _ in "ab"
    )
    alone[0].set_weights(models[0].get_weights())
    fit_together(models, X, Y, epochs=2, shuffle=False)
    alone[0].fit(X, Y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(flat(models[0]), flat(alone[0]), atol=1e-6)


def compiled(*stack, dtype="float64", shape=(2,), **options):
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *stack])
    model.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy"} | options)
    return model


def one(units=1, **options):
    return layers.Dense(units, "sigmoid", **options)


def image(*stack):
    return compiled(*stack, layers.Flatten(), one(), shape=(6, 6, 2))


class Denser(layers.Dense):
    pass


def with_penalty(strength):
    model = compiled(one(kernel_regularizer="l2"))
    model.layers[0].kernel_regularizer.l2 = strength
    return model


@pytest.mark.parametrize(
    "models, message",
    [
        (lambda: [], "models is empty"),
        (lambda: [compiled(one()), "a model"], "list of keras.Sequential"),
        (lambda: [compiled(one())] * 2, "same model stands in the list twice"),
        (lambda: [keras.Sequential([keras.Input((2,)), one()])], "member 0 is not compiled"),
        (lambda: [keras.Sequential([one()])], "member 0 has no input shape yet"),
        (lambda: [compiled(one()), compiled(one(2), one())], r"members 0 and 1 differ in the layers: \['Dense'\] and"),
        (
            lambda: [compiled(one()), compiled(layers.Dense(1, "tanh"))],
            "members 0 and 1 differ in activation of layer 0: sigmoid and tanh",
        ),
        (
            lambda: [compiled(one(3), one()), compiled(one(4), one())],
            "members 0 and 1 differ in units of layer 0: 3 and 4. Fit models of different kinds",
        ),
        (lambda: [compiled(one()), compiled(one(), shape=(3,))], r"differ in the input shape: \(2,\) and \(3,\)"),
        (lambda: [compiled(one()), compiled(one(), loss="mse")], "members 0 and 1 differ in the loss"),
        (lambda: [compiled(one(), loss="hinge")], "member 0: the loss must be one of .*not hinge"),
        (lambda: [compiled(one()), compiled(one(), optimizer="adam")], "members 0 and 1 differ in the optimiser"),
        (
            lambda: [compiled(one(), optimizer=keras.optimizers.SGD(rate)) for rate in (0.1, 0.2)],
            "members 0 and 1 differ in the learning rate: 0.1",
        ),
        (lambda: [compiled(one(), optimizer="lion")], "the optimiser must be SGD, Adam or AdamW, not Lion"),
        (
            lambda: [compiled(one(), optimizer=keras.optimizers.SGD(clipnorm=1.0))],
            "can't take the optimiser's clipnorm=1.0",
        ),
        (lambda: [with_penalty(float("nan"))], "its kernel_regularizer has the strength nan"),
        (lambda: [with_penalty(-0.1)], "finite number of at least 0"),
        (lambda: [compiled(layers.Dropout(1.0), one())], "has the rate 1.0; it must lie in 0 ≤ rate < 1"),
        (lambda: [compiled(one(kernel_regularizer="orthogonal_regularizer"))], "kernel_regularizer must be L1, L2 or"),
        (lambda: [compiled(one(kernel_constraint=lambda w: w))], "kernel_constraint must be one of MaxNorm"),
        (lambda: [compiled(one(activity_regularizer="l2"))], "has activity_regularizer=.*, which can't be stacked"),
        (lambda: [compiled(one(trainable=False), one())], "has trainable=False"),
        (lambda: [compiled(layers.BatchNormalization(renorm=True), one())], "has renorm=True"),
        (lambda: [image(layers.Conv2D(4, 3, groups=2))], "has groups=2"),
        (lambda: [image(layers.AveragePooling2D(2, data_format="channels_first"))], "has data_format=channels_first"),
        (lambda: [image(layers.Dropout(0.2, noise_shape=(4, 6, 6, 2)))], "has the noise_shape .* write None there"),
        (
            lambda: [compiled(layers.Embedding(5, 3), layers.Flatten(), one())],
            "of the kind Embedding, can't be taken; fit_together takes Input, Dense",
        ),
        (
            lambda: [compiled(layers.LSTM(3), one(), shape=(4, 2))],
            "of the kind LSTM, can't be taken; fit_together takes Input, Dense",
        ),
        (
            lambda: [compiled(layers.TimeDistributed(one()), layers.Flatten(), one(), shape=(4, 2))],
            "of the kind TimeDistri",
        ),
        (lambda: [compiled(layers.SpectralNormalization(one()))], "of the kind SpectralNormalization"),
        (lambda: [image(layers.DepthwiseConv2D(3))], "of the kind DepthwiseConv2D"),
        (lambda: [image(layers.SeparableConv2D(3, 3))], "of the kind SeparableConv2D"),
        (lambda: [compiled(layers.AlphaDropout(0.1), one())], "of the kind AlphaDropout"),
        (lambda: [compiled(keras.Sequential([keras.Input((2,)), one()]))], "of the kind Sequential"),
        (lambda: [compiled(Denser(1, "sigmoid"))], "of the kind Denser"),
        (lambda: [compiled(layers.Dense(3, layers.LeakyReLU()), one())], "has a layer as its activation: write the Le"),
        (
            lambda: [compiled(layers.Dense(3, dtype="float32"), one())],
            "computes in float64, others of its model in float32",
        ),
        (lambda: [compiled(layers.Activation("sigmoid"), shape=(1,))], "member 0 has no weights to train"),
        (lambda: [compiled(layers.GlobalMaxPooling1D(), one(), shape=(None, 2))], "leaves a size open"),
        (lambda: [compiled(one(), loss=None)], "the loss must be one of .*not None"),
        (lambda: [compiled(one(), loss=keras.losses.MeanSquaredError(reduction="sum"))], "not reduction='sum'"),
        (lambda: [compiled(one(), loss_weights=[2.0])], "can't take loss_weights"),
    ],
)
def test_bad_models(models, message):
    with pytest.raises((TypeError, ValueError), match=message):
        fit_together(models(), X, Y, epochs=1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(x=X[:, :1]), r"x must have the shape \(rows, 2\), or \(2, rows, 2\).* it has \(100, 1\)"),
        (dict(x=X[None]), r"it has \(1, 100, 2\)"),
        (dict(y=Y[:-1]), r"x and y do not match: x has the shape \(100, 2\), y \(99,\)"),
        (dict(x=X[:0], y=Y[:0]), "x is empty"),
        (dict(x=np.full_like(X, np.nan)), "x contains NaN"),
        (dict(y=np.full(100, np.inf)), "y contains NaN or infinity"),
        (dict(x=X.astype(str)), "x must hold numbers"),
        (dict(y=np.eye(3)[Y]), r"y has the shape \(100, 3\), but this model takes numbers of the shape \(1,\) per row"),
        (dict(validation_data=(X, Y[:5])), "validation x and y do not match"),
        (dict(validation_data=X), "validation_data must be a pair"),
        (dict(epochs=0), "epochs must be a whole number of at least 1, not 0"),
        (dict(batch_size=2.5), "batch_size must be a whole number"),
        (dict(seeds=[1]), "seeds must be 2 whole numbers"),
        (
            dict(x=lambda epoch: X[epoch:], y=lambda epoch: Y[epoch:], epochs=2),
            "had 100 rows at first, and has 99 in epoch 2",
        ),
        (dict(restore_best_weights=True), "restore_best_weights chooses the epoch on validation data"),
    ],
)
def test_bad_data_leaves_every_model_as_it_was(arguments, message):
    models = [classifier(0), classifier(1)]
    before = [flat(model) for model in models]
    with pytest.raises((TypeError, ValueError), match=message):
        fit_together(models, **{"x": X, "y": Y, "epochs": 1} | arguments)
    np.testing.assert_array_equal([flat(model) for model in models], before)


def test_a_loss_that_explodes_names_member_and_epoch_and_leaves_every_model_as_it_was():
    models = [compiled(layers.Dense(1), loss="mse", optimizer=keras.optimizers.SGD(10.0)) for _ in range(2)]
    models[0].set_weights([np.zeros((2, 1)), np.zeros(1)])
    before = [flat(model) for model in models]
    x = np.stack([np.zeros_like(X), X])
    with pytest.raises(
        FloatingPointError, match=r"loss of member 1 became (inf|nan) in epoch \d+ of 300: try a smaller"
    ):
        fit_together(models, x, np.zeros((2, 100)), epochs=300)
    np.testing.assert_array_equal([flat(model) for model in models], before)
