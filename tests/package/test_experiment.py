"""Is an experiment paired by construction, does it choose and test honestly, and does it show what
it saw?"""

import re
from collections import OrderedDict
from dataclasses import replace
from functools import cache

import keras
import numpy as np
import pytest
from keras import layers
from keras.regularizers import L2
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

import regbook as rb
from regbook.fitting.passes import Passes
from regbook.fitting.start import Start

rb.reproducible(0)

SEEDS, EPOCHS = range(40, 44), 6


def build(
    units=6, strength=0.0, rate=0.0, step=0.1, normal=False, loss="binary_crossentropy", inputs=4
):
    """A small network; with BatchNormalization where `normal`, and without a Dropout layer where
    rate is None."""
    model = keras.Sequential(
        [keras.Input((inputs,)), layers.Dense(units, "relu", kernel_regularizer=L2(strength))]
    )
    if normal:
        model.add(layers.BatchNormalization())
    if rate is not None:
        model.add(layers.Dropout(rate))
    last = {"binary_crossentropy": (1, "sigmoid"), "mean_squared_error": (1, "linear")}.get(
        loss, (10, "softmax")
    )
    model.add(layers.Dense(*last))
    model.compile(keras.optimizers.Adam(step), loss)
    return model


def data(**options):
    return rb.noisy_xor(
        **{"rows": 60, "irrelevant": 2, "label_noise": 0.1, "seeds": SEEDS} | options
    )


def same_rows(name):
    def rows(epoch, x, y, random):
        DRAWN[name].append((epoch, random.random()))
        return x, y

    return rows


DRAWN = {"one": [], "other": []}
NETWORKS = {
    "plain": {}, "L2 <b>": {"strength": 0.02}, "strong": {"strength": 0.3}, "slow": {"step": 0.01},
    "3 units": {"units": 3}, "no layer": {"rate": None}, "one": {"each_epoch": same_rows("one")},
    "other": {"each_epoch": same_rows("other")},
    "zeros": {"each_epoch": lambda epoch, x, y, random: (0 * x, y)},
}  # fmt: skip
RIVALS = {"neighbours": KNeighborsClassifier(3), "logistic": LogisticRegression(), "SVM": SVC()}


@pytest.fixture(scope="module")
def fits():
    return rb.experiment(build, NETWORKS | RIVALS, data(), epochs=EPOCHS)


@pytest.fixture
def runs(fits):
    """The same fits for every test, each with a test set that was never opened."""
    return replace(fits, data=data(), _opened=[])


@pytest.fixture
def passes(monkeypatch):
    """What each pass over the data is given: weights so far, and each seed's rows and noise."""
    seen, compile_training = [], Passes._compile

    def watched(self):
        run = compile_training(self)

        def watch(x, y, source, noises, *others):
            seen.append((self.weights.numpy(), x.numpy(), [noise.numpy() for noise in noises]))
            run(x, y, source, noises, *others)

        return watch

    monkeypatch.setattr(Passes, "_compile", watched)
    monkeypatch.setattr(
        "regbook.fitting.stack._stacks", OrderedDict()
    )  # what is compiled is not watched
    return seen


def test_a_seed_keeps_weights_rows_and_masks_whatever_the_settings_are(passes):
    half = {"rate": 0.5}
    ahead = rb.experiment(build, {"a": {}, "half": half}, data(), epochs=2)
    behind = rb.experiment(build, {"half": half, "b": {"strength": 0.1}}, data(), epochs=2)
    rb.experiment(
        build, {"normal": half | {"normal": True}, "without": {"rate": None}}, data(), epochs=2
    )
    first, permuted, normal, without = (passes[2 * i : 2 * i + 2] for i in range(4))
    for epoch in range(2):
        for other in (permuted, normal, without):
            assert_array_equal(first[epoch][1], other[epoch][1])  # rows
        for other in (permuted, normal):
            assert_array_equal(first[epoch][2], other[epoch][2])  # masks
    assert (first[0][1] != first[1][1]).any() and (
        first[0][2][0] != first[1][2][0]
    ).any()  # anew in each epoch
    assert all(
        len({numbers[seed].tobytes() for seed in range(4)}) == 4
        for numbers in (first[0][1], first[0][2][0])
    )
    start = first[0][0][:4]  # four seeds: the first setting's
    assert_array_equal(np.tile(start, (2, 1)), first[0][0])
    assert_array_equal(np.tile(start, (2, 1)), permuted[0][0])
    assert_array_equal(start, without[0][0])
    gamma_and_beta = np.r_[30:42]  # 4 · 6 weights and 6 biases before them
    assert_array_equal(start, np.delete(normal[0][0], gamma_and_beta, axis=1))
    assert_allclose(ahead.curve("half"), behind.curve("half"), rtol=0, atol=1e-12)


def test_initial_weights_are_those_of_seed_weights_where_only_kernels_are_drawn():
    def flat_build(seed):
        rb.seed_weights(seed)
        return keras.Sequential([
            keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.GaussianNoise(0.1, seed=seed),
            layers.Flatten(),
            layers.Dense(3, "relu"), layers.Dropout(0.2, seed=seed), layers.Dense(1),
        ])  # fmt: skip

    weights, _ = Start(flat_build, {"seed": 1}).rows(7)
    assert_array_equal(
        weights, np.concatenate([np.ravel(part) for part in flat_build(7).get_weights()])
    )


def test_scores_are_those_of_the_keras_models_at_the_last_and_at_the_best_epoch(runs):
    scores = runs.open_test({"last": "L2 <b>", "stopped": runs.choose("L2 <b>", stopped=True)})
    best = runs.curve("L2 <b>").argmin(axis=1)
    assert set(best) != {EPOCHS - 1}  # or there was nothing to stop
    test, held = runs.data._test, runs.data.validation
    for place, seed in enumerate(SEEDS):
        for method, stopped, epoch in (("last", False, EPOCHS - 1), ("stopped", True, best[place])):
            model = runs.model("L2 <b>", seed, stopped)
            p, p_held = (model(part.x[place]).numpy()[:, 0] for part in (test, held))
            assert_allclose(runs.predict("L2 <b>", test.x, stopped)[place, :, 0], p, atol=1e-12)
            assert scores[method]["accuracy"][place] == ((p > 0.5) == test.y[place]).mean()
            assert scores[method]["log loss"][place] == pytest.approx(
                log_loss(test.y[place], p), abs=1e-9
            )
            assert runs.curve("L2 <b>")[place, epoch] == pytest.approx(
                log_loss(held.y[place], p_held), abs=1e-9
            )


def test_each_seed_chooses_by_its_own_validation_loss_and_ties_go_to_the_first(runs):
    names = ["plain", "L2 <b>", "strong", "3 units"]
    last, stopped = (runs.choose(*names, stopped=stopped).picks for stopped in (False, True))
    assert last != stopped and len(set(last)) > 1
    assert last == tuple(
        names[p] for p in np.argmin([runs.curve(name)[:, -1] for name in names], axis=0)
    )
    assert stopped == tuple(
        names[p] for p in np.argmin([runs.curve(name).min(axis=1) for name in names], axis=0)
    )
    for tied in (["no layer", "plain"], ["plain", "no layer"]):
        assert runs.choose(*tied).picks == (tied[0],) * 4


def test_the_test_set_is_opened_once_for_all_methods(runs):
    methods = {"plain": "plain", "L2": runs.choose("plain", "L2 <b>")}
    scores = runs.open_test(methods)
    assert runs.open_test(methods) is scores  # the cell may be run again
    with pytest.raises(
        ValueError,
        match="was opened before: what is chosen after looking at it is no longer tested",
    ):
        runs.open_test({"plain": "L2 <b>"})
    with pytest.raises(ValueError, match="test set of 'noisy XOR' was opened before"):
        rb.experiment(build, {"plain": {}}, runs.data, epochs=1)
    looked_at = replace(runs, data=data(), _opened=[])
    looked_at.data.open_test()
    with pytest.raises(ValueError, match="was opened before"):
        looked_at.open_test({"plain": "plain"})


def test_rows_may_change_by_epoch_for_some_settings_only(runs):
    assert DRAWN["one"] == DRAWN["other"]  # the same random numbers for every setting
    # Once to check, then once per epoch and seed, from a stream that nothing else draws from.
    assert [epoch for epoch, _ in DRAWN["one"]] == [0] + [
        epoch for epoch in range(EPOCHS) for _ in SEEDS
    ]
    assert DRAWN["one"][0][1] == DRAWN["one"][1][1] == rb.rng(40, 0, 1).random()
    assert_allclose(runs.curve("one"), runs.curve("plain"), atol=1e-12)
    assert (runs.curve("zeros") != runs.curve("plain")).all()


def test_models_that_are_no_networks_stand_in_the_same_table(runs):
    scores, train, test = (
        runs.open_test({name: name for name in ("plain", *RIVALS)}),
        runs.data.train,
        runs.data._test,
    )
    for name in ("neighbours", "logistic"):
        for place, seed in enumerate(SEEDS):
            model = RIVALS[name].fit(train.x[place], train.y[place])
            assert scores[name]["accuracy"][place] == model.score(test.x[place], test.y[place])
            for outputs in (
                runs.predict(name, test.x)[place],
                runs.model(name, seed).predict_proba(test.x[place]),
            ):
                assert_array_equal(outputs, model.predict_proba(test.x[place]))
    assert scores.compare("plain", "logistic").names == ("plain", "logistic")


def test_regressions_are_judged_by_their_error_and_corrected_for_shared_rows():
    table, settings = (
        rb.diabetes(seeds=SEEDS),
        {"plain": {"loss": "mean_squared_error", "inputs": 10}},
    )
    runs = rb.experiment(build, settings | {"ridge": Ridge(1.0)}, table, epochs=2)
    scores = runs.open_test({"plain": "plain", "ridge": runs.choose("ridge")})
    verdict = scores.compare("plain", "ridge")
    assert verdict.metric == "error" and verdict.overlap == pytest.approx(192 / 200)
    factor = np.sqrt(1 / 4 + 192 / 200)  # Nadeau and Bengio's, in both tables
    errors = [
        np.std(values, ddof=1) * factor
        for values in (runs.at_end("plain"), scores["ridge"]["error"])
    ]
    assert all(f"± {error:.3f}" in repr(shown) for error, shown in zip(errors, (runs, scores)))
    outputs = Ridge(1.0).fit(table.train.x[1], table.train.y[1]).predict(table._test.x[1])
    assert scores["ridge"]["error"][1] == pytest.approx(np.mean((outputs - table._test.y[1]) ** 2))
    assert "error: training" in repr(runs) and "log loss" not in repr(runs)


def test_classes_are_made_columns_where_the_loss_takes_those():
    losses = {"columns": "categorical_crossentropy", "numbers": "sparse_categorical_crossentropy"}
    settings = {name: {"loss": loss, "inputs": 100} for name, loss in losses.items()}
    runs = rb.experiment(build, settings, rb.digits(seeds=[0, 1]), epochs=2)
    assert_allclose(runs.curve("columns"), runs.curve("numbers"), atol=1e-12)
    scores = runs.open_test({name: name for name in settings})
    assert_array_equal(scores["columns"]["accuracy"], scores["numbers"]["accuracy"])


def test_a_setting_may_be_called_as_a_reading_is():
    settings = {"plain, stopped": {"units": 3}, "plain": {}}
    runs = rb.experiment(build, settings, data(), epochs=2, batch_size=8)
    words = runs._repr_html_().replace("\N{NO-BREAK SPACE}", " ")
    for name in settings:
        accuracy = 100 * runs.curve(name, "val_accuracy")[:, -1]
        assert f"{accuracy.mean():.1f} ± " in words


def test_tables_and_verdicts_hold_the_same_numbers_as_text_and_as_html(runs):
    scores = runs.open_test({"plain": "plain", "L2": runs.choose("L2 <b>", stopped=True)})
    for shown in (runs, scores, scores.compare("L2", "plain")):
        words = re.sub("<[^>]*>", " ", shown._repr_html_()).replace("\N{NO-BREAK SPACE}", " ")
        said = [sorted(re.findall(r"\d+\.\d+ ± \d+\.\d+", said)) for said in (repr(shown), words)]
        assert said[0] == said[1] != []
        assert not re.search("<script|<style|src=.http|<b>", shown._repr_html_())
    accuracy = 100 * runs.curve("plain", "val_accuracy")[:, -1]
    assert f"{accuracy.mean():.1f} ± {accuracy.std(ddof=1) / 2:.1f} %" in repr(runs)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(data=replace(data(), validation=None)), "'noisy XOR' has no validation data"),
        (dict(settings={}), "settings must be a dictionary, .*, with a name or more"),
        (
            dict(settings={"L2": {"force": 1}}),
            "'L2' names 'force', which is no argument of build.units, strength",
        ),
        (
            dict(settings={"L2": 0.1}),
            "'L2' must be a dictionary, or have `fit` and `predict`, not 0.1",
        ),
        (
            dict(settings={"all": {"rate": 2.0}}),
            "setting 'all': Invalid value received for .*rate",
        ),
        (dict(build=build()), "build must be a function that returns a model, not a model"),
        (
            dict(data=data(irrelevant=3)),
            r"setting 'plain': x must have the shape .*; it has \(4, 60, 5\)",
        ),
        (
            dict(settings={"x": {"each_epoch": lambda e, x, y, r: (x[:, :1], y)}}),
            "setting 'x': x must have the shape",
        ),
    ],
)
def test_bad_input_is_named_before_any_training(arguments, message, monkeypatch):
    monkeypatch.setattr(
        "regbook.fitting.settings.train", lambda *_, **__: pytest.fail("it trained")
    )
    with pytest.raises((TypeError, ValueError), match=message):
        good = {"build": build, "settings": {"plain": {}}, "data": data(), "epochs": 1}
        rb.experiment(**good | arguments)


def test_unknown_names_are_named(runs):
    for wrong, message in (
        (lambda: runs.choose("L1"), "there is no setting 'L1'; there are plain, L2"),
        (lambda: runs.choose(), "choose needs the names of settings"),
        (lambda: runs.choose(["plain"]), r"there is no setting \['plain'\]; there are plain"),
        (
            lambda: runs.choose("SVM", "plain"),
            "SVM, plain can't be compared: they are not judged by the same",
        ),
        (lambda: runs.choose("plain", by="auc"), "'plain' has no auc; it has accuracy, log loss"),
        (
            lambda: runs.curve("plain", "loss"),
            "'loss' was measured at the last epoch alone, .*training_curves",
        ),
        (lambda: runs.choose("neighbours", stopped=True), "only networks can be stopped in time"),
        (
            lambda: runs.curve("plain", "auc"),
            "'plain' has no curve 'auc'; it has loss, accuracy, penalty",
        ),
        (lambda: runs.model("plain", 3), "there is no seed 3; there are 40, 41, 42, 43"),
        (
            lambda: runs.open_test({"plain": "plain"})["L2"],
            "there is no method 'L2'; there are plain",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


def test_a_loss_that_explodes_names_setting_and_seed_in_its_epoch():
    settings = {"much": {"loss": "mean_squared_error", "step": 1e200}}
    with pytest.raises(
        FloatingPointError,
        match="the loss of 'much', seed 40, stopped being a number in epoch 1 of 9",
    ):
        rb.experiment(build, settings, data(), epochs=9)


def test_curves_of_training_rows_are_measured_where_they_are_asked_for(runs):
    settings = {"L2 <b>": {"strength": 0.02}}
    whole = rb.experiment(build, settings, data(), epochs=EPOCHS, training_curves=True)
    first = rb.experiment(build, settings, data(), epochs=1)
    for what in ("loss", "accuracy", "penalty"):
        assert whole.curve("L2 <b>", what).shape == (4, EPOCHS)
        assert_allclose(
            whole.at_end("L2 <b>", what), runs.at_end("L2 <b>", what), rtol=0, atol=1e-12
        )
        assert_array_equal(whole.at_end("L2 <b>", what), whole.curve("L2 <b>", what)[:, -1])
        assert_allclose(
            whole.curve("L2 <b>", what)[:, 0], first.at_end("L2 <b>", what), rtol=0, atol=1e-12
        )


def test_accuracy_chooses_too_and_tells_its_ties(runs):
    names = ["plain", "L2 <b>", "3 units"]
    choice, seen = (
        runs.choose(*names, by="accuracy"),
        [runs.at_end(name, "val_accuracy") for name in names],
    )
    assert choice.picks == tuple(names[pick] for pick in np.argmax(seen, axis=0))
    assert choice.ties == ((seen == np.max(seen, axis=0)).sum(axis=0) > 1).sum()
    tied = runs.choose("plain", "no layer", by="accuracy")
    assert tied.ties == 4 and str(tied) == "plain, the first of equals in 4"
    assert str(runs.choose("plain", "no layer")) == "plain"


def test_rows_given_back_are_trained_on_afresh_for_the_epochs_that_each_seed_chose(runs):
    names = ["plain", "L2 <b>", "strong", "3 units"]
    methods = {
        "last": runs.choose(*names[1:3], refit=True),
        "logistic": runs.choose("logistic", refit=True),
    }
    methods["stopped"] = runs.choose(*names, stopped=True, refit=True)
    scores, test = runs.open_test(methods), runs.data._test
    assert str(methods["stopped"]).endswith(", rows given back")
    parts = [(part.x, part.y) for part in (runs.data.train, runs.data.validation)]
    for place, (seed, x, y) in enumerate(
        zip(SEEDS, *(np.concatenate(pair, axis=1) for pair in zip(*parts)))
    ):
        rows = rb.for_seeds("all rows", [seed], lambda _, x=x, y=y: [(x, y, y < 0)] * 3)
        for method in ("last", "stopped"):
            name = methods[method].picks[place]
            epochs = int(runs.curve(name)[place].argmin()) + 1 if method == "stopped" else EPOCHS
            alone = rb.experiment(build, {name: NETWORKS[name]}, rows, epochs=epochs)
            p = alone.predict(name, test.x[place])[0, :, 0]
            assert scores[method]["log loss"][place] == pytest.approx(
                log_loss(test.y[place], p), abs=1e-9
            )
        p = LogisticRegression().fit(x, y).predict_proba(test.x[place])
        assert scores["logistic"]["log loss"][place] == pytest.approx(
            log_loss(test.y[place], p), abs=1e-12
        )


def test_of_equal_losses_the_first_epoch_is_the_best():
    def shrinking():  # without inputs and bias the loss stays, and the penalty shrinks the weights
        layer = layers.Dense(1, "sigmoid", use_bias=False, kernel_regularizer=L2(0.1))
        model = keras.Sequential([keras.Input((2,)), layer])
        model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
        return model

    zeros = np.zeros((8, 2)), np.arange(8) % 2, np.zeros(8, bool)
    rows = rb.for_seeds("zeros", SEEDS, lambda seed: [zeros] * 3)
    one, five = (rb.experiment(shrinking, {"it": {}}, rows, epochs=epochs) for epochs in (1, 5))
    first, best, last = (
        runs.model("it", 40, stopped).get_weights()[0]
        for runs, stopped in ((one, False), (five, True), (five, False))
    )
    assert_array_equal(first, best)
    assert (np.abs(last) < np.abs(first)).all()


@cache
def trained():
    model = build()
    model.layers[0].bias.assign(np.full(6, 0.5))
    return model.get_weights()


def test_weights_that_build_sets_stay_and_the_setting_says_so(capsys):
    def begun(fresh=True, bias=None, ignored=0):
        model = build()
        if not fresh:
            model.set_weights(trained())
        if bias:
            model.layers[-1].bias.assign([bias])
        return model

    settings = {
        "fresh": {},
        "set": {"fresh": False},
        "bias": {"bias": 0.3},
        "ignored": {"ignored": 1},
    }
    runs = rb.experiment(begun, settings, data(), epochs=1)
    of_set, of_bias, equal = capsys.readouterr().out.splitlines()
    # The last bias is 0 in what was drawn as well.
    assert re.fullmatch(
        r"'set' begins with the weights that build set: \S+/kernel, \S+/bias, \S+/kernel\.", of_set
    )
    assert re.fullmatch(r"'bias' begins with the weights that build set: \S+/bias\.", of_bias)
    assert equal == "'fresh' and 'ignored' are the same network, with equal results."
    starts = [Start(begun, settings[name]) for name in ("fresh", "set", "bias")]
    fresh, kept, biased = ([start.rows(seed)[0] for seed in (40, 41)] for start in starts)
    assert_array_equal(kept[0], np.concatenate([np.ravel(weights) for weights in trained()]))
    assert_array_equal(kept[0], kept[1])
    assert (fresh[0] != fresh[1]).any()
    assert_array_equal(biased[0], np.append(fresh[0][:-1], 0.3))
    assert_array_equal(
        runs.predict("fresh", runs.data.train.x), runs.predict("ignored", runs.data.train.x)
    )


def test_an_initialiser_may_be_a_function_and_seeds_stay_pairs():
    def network(kernel):
        first = layers.Dense(3, kernel_initializer=kernel)
        return keras.Sequential([keras.Input((2,)), first, layers.Dense(1)])

    def normal(shape, dtype=None):
        return np.random.standard_normal(shape)

    one, again, constant = (
        Start(network, {"kernel": kernel})
        for kernel in (normal, normal, lambda shape, dtype=None: np.ones(shape))
    )
    assert_array_equal(one.rows(3)[0], again.rows(3)[0])
    assert (one.rows(3)[0][:6] != one.rows(4)[0][:6]).any()
    assert_array_equal(constant.rows(3)[0][:6], np.ones(6))
