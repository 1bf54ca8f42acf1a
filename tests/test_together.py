"""Does `fit_together` train each model as `model.fit` does? The reference is always Keras itself."""

from regbook import fit_together, predict_together, reproducible

reproducible(0)  # before Keras is imported: it keeps TensorFlow quiet

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

from regbook.members import LOSSES
from regbook.stacked import Dropout, GaussianNoise

OPTIMISERS = {
    "SGD": lambda: keras.optimizers.SGD(0.05),
    "momentum": lambda: keras.optimizers.SGD(0.02, momentum=0.9),
    "Nesterov": lambda: keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "SGD with decay": lambda: keras.optimizers.SGD(0.05, weight_decay=0.1),
    "Adam": lambda: keras.optimizers.Adam(0.003),
    "AMSGrad": lambda: keras.optimizers.Adam(0.003, amsgrad=True),
    "AdamW": lambda: keras.optimizers.AdamW(0.003, weight_decay=0.2),
    "AdamW, biases spared": lambda: spare_biases(keras.optimizers.AdamW(0.003, weight_decay=0.2)),
}
ACTIVATIONS = [
    "relu", "sigmoid", "tanh", "elu", "selu", "gelu", "softplus", "softsign", "silu", "leaky_relu", "exponential",
    "linear", "mish", "hard_sigmoid", "relu6", "softmax", "log_sigmoid", "hard_silu", "celu",
]  # fmt: skip
REGULARISERS = {
    "none": lambda strength: None,
    "L1": keras.regularizers.L1,
    "L2": keras.regularizers.L2,
    "L1L2": lambda strength: keras.regularizers.L1L2(strength, 2 * strength),
}
DRAWS = 20


def spare_biases(optimiser):
    optimiser.exclude_from_weight_decay(var_names=["bias"])
    return optimiser


def draw_architecture(number):
    """A random small model maker and its data. Taking turns makes sure that every choice is drawn."""
    rng = np.random.default_rng(number)
    turn = lambda choices, stride: list(choices)[number // stride % len(choices)]  # noqa: E731
    loss, optimiser = turn(LOSSES, 1), turn(OPTIMISERS, 2)
    regularise = [REGULARISERS[turn(REGULARISERS, stride)] for stride in (1, 3)]
    inputs, outputs, depth = int(rng.integers(1, 5)), 3 if "categorical" in loss else 1, number % 4
    hidden = [
        (int(rng.integers(2, 6)), ACTIVATIONS[(2 * number + i) % len(ACTIVATIONS)], bool(rng.integers(2)))
        for i in range(depth)
    ]
    last = {"binary_crossentropy": "sigmoid", "mean_squared_error": "linear"}.get(loss, "softmax")

    def build(member):
        keras.utils.set_random_seed(100 * number + member)
        strength = 0.01 * member
        model = keras.Sequential([keras.Input((inputs,))])
        for units, activation, use_bias in [*hidden, (outputs, last, True)]:
            price = {"kernel_regularizer": regularise[0](strength)}
            if use_bias:
                price["bias_regularizer"] = regularise[1](strength)
            model.add(layers.Dense(units, activation, use_bias=use_bias, **price))
        model.compile(optimizer=OPTIMISERS[optimiser](), loss=loss)
        return model

    x = rng.standard_normal((43, inputs))  # batches of 16, 16 and 11
    y = {
        "mean_squared_error": rng.standard_normal(43),
        "binary_crossentropy": rng.integers(0, 2, 43),
        "sparse_categorical_crossentropy": rng.integers(0, 3, 43),
        "categorical_crossentropy": np.eye(3)[rng.integers(0, 3, 43)],
    }[loss]
    return f"draw {number}: {loss}, {optimiser}, {hidden}", build, x, y


def flat(model):
    return np.concatenate([np.ravel(w) for w in model.get_weights()])


def fit_alone(model, x, y, epochs):
    """`model.fit`; returns the weights after the fourth epoch (12 steps), for comparison early on."""
    early = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 3 and early.append(flat(model)))
    model.fit(x, y, epochs=epochs, batch_size=16, shuffle=False, verbose=0, callbacks=[watch])
    return early[0]


def test_every_kind_of_member_agrees_with_model_fit():
    left_out = []
    for number in range(DRAWS):
        name, build, x, y = draw_architecture(number)
        early, late, alone, nudged = ([build(member) for member in range(2)] for _ in range(4))
        fit_together(early, x, y, epochs=4, batch_size=16, shuffle=False)
        fit_together(late, x, y, epochs=30, batch_size=16, shuffle=False)
        for member in range(2):
            alone_early = fit_alone(alone[member], x, y, 30)
            np.testing.assert_allclose(flat(early[member]), alone_early, rtol=0, atol=1e-12, err_msg=name)
        # Rounding grows as training goes on. Where Keras itself spreads a last-bit change, the late test says nothing.
        nudged[1].set_weights([np.nextafter(w, np.inf) for w in nudged[1].get_weights()])
        fit_alone(nudged[1], x, y, 30)
        if np.abs(flat(nudged[1]) - flat(alone[1])).max() > 1e-10:
            left_out.append(name)
            continue
        for member in range(2):
            np.testing.assert_allclose(flat(late[member]), flat(alone[member]), rtol=0, atol=1e-8, err_msg=name)
    print(f"\nafter 30 epochs, {len(left_out)} of {DRAWS} draws left out: {left_out}")
    assert len(left_out) <= 0.2 * DRAWS


def test_every_choice_is_drawn():
    names = " ".join(draw_architecture(number)[0] for number in range(DRAWS))
    for choice in [*OPTIMISERS, *LOSSES, *(f"'{name}'" for name in ACTIVATIONS)]:
        assert choice in names


def classifier(seed, middle=(), l2=0.0, loss="binary_crossentropy", optimiser="adam", **dense):
    """A model of the seed notebook's shape, with the layers `middle` after its hidden layer."""
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
        np.testing.assert_allclose(history.validation_loss[:, number], log["val_loss"], atol=1e-9)
        np.testing.assert_allclose(history.validation_accuracy[:, number], log["val_accuracy"], atol=1e-9)


def test_history_and_models_say_what_evaluate_says():
    models = [classifier(seed, [layers.Dropout(0.4)], l2=0.01) for seed in range(3)]
    history = fit_together(models, X, Y, epochs=3, validation_data=(X_HELD, Y_HELD))
    for number, model in enumerate(models):
        total, accuracy = model.evaluate(X, Y, verbose=0)
        assert history.loss[-1, number] + history.penalty[-1, number] == pytest.approx(total, abs=1e-8)
        assert history.accuracy[-1, number] == pytest.approx(accuracy)
        assert history.validation_accuracy[-1, number] == pytest.approx(model.evaluate(X_HELD, Y_HELD, verbose=0)[1])
        np.testing.assert_allclose(predict_together(models, X)[number], model.predict(X, verbose=0), atol=1e-12)


def test_rate_zero_is_no_dropout():
    with_layer, without = [classifier(3, [layers.Dropout(0.0)])], [classifier(3)]
    fit_together(with_layer, X, Y, epochs=3)
    fit_together(without, X, Y, epochs=3)
    np.testing.assert_array_equal(flat(with_layer[0]), flat(without[0]))


def test_dropout_agrees_with_model_fit_in_distribution():
    """200 members against 200 runs of `model.fit`: held-out accuracy of the same mean and spread."""
    members = [classifier(seed, [layers.Dropout(0.4)], optimiser=keras.optimizers.SGD(0.5)) for seed in range(200)]
    runner = classifier(0, [layers.Dropout(0.4)], optimiser=keras.optimizers.SGD(0.5))
    truth = (X_HELD[:, 0] * X_HELD[:, 1] > 0).astype(int)
    alone = []
    for member in members:  # one model makes all 200 runs: plain SGD keeps nothing from run to run
        runner.set_weights(member.get_weights())
        runner.fit(X, Y, epochs=6, batch_size=50, verbose=0)
        alone.append(((runner.predict_on_batch(X_HELD)[:, 0] > 0.5) == truth).mean())
    fit_together(members, X, Y, epochs=6, batch_size=50)
    together = ((predict_together(members, X_HELD)[..., 0] > 0.5) == truth).mean(axis=1)
    assert stats.ttest_ind(together, alone).pvalue > 0.01
    assert stats.levene(together, alone).pvalue > 0.01


def test_noisy_layers_are_noisy_as_each_member_asks_and_only_in_training():
    ones = np.ones((2, 20_000, 8))
    for kind, strengths in ((Dropout, (0.3, 0.0)), (GaussianNoise, (0.5, 0.0))):
        same = [classifier(0, [getattr(layers, kind.__name__)(strength)]).layers[1] for strength in strengths]
        layer = kind(same)
        noisy = layer(ones, True, np.stack([layer.draw(np.random.default_rng(0), 20_000)] * 2)).numpy()
        spread = {Dropout: np.sqrt(0.3 / 0.7), GaussianNoise: 0.5}[kind]
        assert noisy[0].mean() == pytest.approx(1, abs=0.01) and noisy[0].std() == pytest.approx(spread, abs=0.01)
        np.testing.assert_array_equal(noisy[1], 1)
        np.testing.assert_array_equal(layer(ones), 1)


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


def test_keep_best_leaves_the_weights_of_the_best_epoch():
    models = [classifier(seed, optimiser=keras.optimizers.Adam(0.1)) for seed in range(3)]
    history = fit_together(models, X, Y, epochs=12, validation_data=(X_HELD, Y_HELD), keep_best=True)
    assert set(history.best_epoch) != {11}
    for number, model in enumerate(models):
        best = history.validation_loss[:, number].min()
        assert history.validation_loss[history.best_epoch[number], number] == best
        assert model.evaluate(X_HELD, Y_HELD, verbose=0)[0] == pytest.approx(best, abs=1e-8)


def compiled(*stack, **options):
    model = keras.Sequential([keras.Input((2,)), *stack])
    model.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy"} | options)
    return model


def one(units=1, **options):
    return layers.Dense(units, "sigmoid", **options)


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
        (lambda: [compiled(one()), compiled(one(2), one())], "members 0 and 1 differ in their layers"),
        (lambda: [compiled(one()), compiled(layers.Dense(1, "tanh"))], "differ in their layers: .*sigmoid.*tanh"),
        (
            lambda: [compiled(layers.LayerNormalization(), one())],
            "is a LayerNormalization; fit_together can stack Input, Dense",
        ),
        (lambda: [compiled(one()), compiled(one(), loss="mse")], "members 0 and 1 differ in their loss"),
        (lambda: [compiled(one(), loss="hinge")], "member 0: the loss must be one of .*not hinge"),
        (lambda: [compiled(one()), compiled(one(), optimizer="adam")], "members 0 and 1 differ in their optimiser"),
        (lambda: [compiled(one(), optimizer="lion")], "the optimiser must be SGD, Adam or AdamW, not Lion"),
        (lambda: [compiled(one(), optimizer=keras.optimizers.SGD(clipnorm=1.0))], "optimiser's clipnorm=1.0"),
        (lambda: [with_penalty(float("nan"))], "kernel_regularizer of .* has the strength .*nan"),
        (lambda: [with_penalty(-0.1)], "finite number of at least 0"),
        (lambda: [compiled(layers.Dropout(1.0), one())], "rate of .* is 1.0; it must lie in 0 ≤ rate < 1"),
        (lambda: [compiled(one(kernel_regularizer="orthogonal_regularizer"))], "must be L1, L2 or L1L2"),
        (lambda: [compiled(one(kernel_constraint="non_neg"))], "must be MaxNorm"),
        (lambda: [compiled(one(activity_regularizer="l2"))], "activity_regularizer, which can't be stacked"),
        (lambda: [compiled(one(), layers.BatchNormalization(scale=False))], "without center or scale"),
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
        (dict(y=np.eye(3)[Y]), "this loss takes 1 number"),
        (dict(validation_data=(X, Y[:5])), "validation x and y do not match"),
        (dict(validation_data=X), "validation_data must be a pair"),
        (dict(epochs=0), "epochs must be a whole number of at least 1, not 0"),
        (dict(batch_size=2.5), "batch_size must be a whole number"),
        (dict(seeds=[1]), "seeds must be 2 whole numbers"),
        (
            dict(x=lambda epoch: X[epoch:], y=lambda epoch: Y[epoch:], epochs=2),
            "had 100 rows at first, and has 99 in epoch 2",
        ),
        (dict(keep_best=True), "keep_best chooses the epoch on validation data"),
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
