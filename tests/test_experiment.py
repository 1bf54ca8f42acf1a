"""Is an experiment paired by construction, does it choose and test honestly, and does it show what it saw?"""

import regbook as rb

rb.reproducible(0)

import re

import keras
import numpy as np
import pytest
from keras import layers
from keras.regularizers import L2
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from regbook.data import DataSet, Part
from regbook.experiments import initial_weights
from regbook.stack import Stack, weights_of

SEEDS = range(40, 44)


def build(units=6, strength=0.0, rate=0.0, step=0.01, normal=False, loss="binary_crossentropy"):
    """A small network; with BatchNormalization where `normal`, and without a Dropout layer where rate is None."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(units, "relu", kernel_regularizer=L2(strength))])
    if normal:
        model.add(layers.BatchNormalization())
    if rate is not None:
        model.add(layers.Dropout(rate))
    model.add(layers.Dense(1, "linear" if loss == "mean_squared_error" else "sigmoid"))
    model.compile(keras.optimizers.Adam(step), loss)
    return model


def data(**options):
    return rb.noisy_xor(**{"rows": 60, "irrelevant": 2, "label_noise": 0.1, "seeds": SEEDS} | options)


def fitted(settings, epochs=3, **options):
    return rb.experiment(build, settings, data(), epochs=epochs, **options)


@pytest.fixture
def passes(monkeypatch):
    """What each pass over the data is given: the first weights, and every seed's order of rows and noise."""
    seen, begin = [], Stack.begin

    def watched(stack, models, *rows):
        begin(stack, models, *rows)
        train = getattr(stack.train, "watched", stack.train)

        def watch(x, y, source, orders, noises, stream, batch_size):
            seen.append((rows[0], orders.numpy(), [noise.numpy() for noise in noises]))
            return train(x, y, source, orders, noises, stream, batch_size)

        watch.watched = train
        stack.train = watch

    monkeypatch.setattr(Stack, "begin", watched)
    return seen


def test_a_seed_keeps_weights_rows_and_masks_whatever_the_settings_are(passes):
    runs = {}
    for settings in (
        {"a": {}, "b": {"strength": 0.1}, "c": {"rate": 0.5}},
        {"c": {"rate": 0.5}, "a": {}},
        {"d": {"rate": 0.5, "normal": True}},
        {"e": {"rate": None}},
    ):
        runs[tuple(settings)] = fitted(settings, epochs=2)
    first, permuted, normal, without = (passes[2 * i : 2 * i + 2] for i in range(4))
    for epoch in range(2):
        for other in (permuted, normal, without):
            np.testing.assert_array_equal(first[epoch][1], other[epoch][1])  # rows
        for other in (permuted, normal):
            np.testing.assert_array_equal(first[epoch][2], other[epoch][2])  # masks
    assert (first[0][1] != first[1][1]).any() and (first[0][2][0] != first[1][2][0]).any()  # anew in each epoch
    start = first[0][0][:4]  # four seeds: the first setting's
    np.testing.assert_array_equal(np.tile(start, (3, 1)), first[0][0])
    np.testing.assert_array_equal(np.tile(start, (2, 1)), permuted[0][0])
    np.testing.assert_array_equal(start, without[0][0])
    gamma_and_beta = np.r_[30:42]  # 4 · 6 weights and 6 biases before them
    np.testing.assert_array_equal(start, np.delete(normal[0][0], gamma_and_beta, axis=1))
    for name in "ac":
        for seed in SEEDS:
            one, other = (run.model(name, seed).get_weights() for run in list(runs.values())[:2])
            for a, b in zip(one, other):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def test_initial_weights_are_those_of_seed_weights_where_only_kernels_are_drawn():
    def flat_build(seed):
        rb.seed_weights(seed)
        return keras.Sequential([
            keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.GaussianNoise(0.1, seed=seed), layers.Flatten(),
            layers.Dense(3, "relu"), layers.Dropout(0.2, seed=seed), layers.Dense(1),
        ])  # fmt: skip

    for seed in (0, 7):
        for mine, its in zip(initial_weights(flat_build(1), seed), weights_of(flat_build(seed))):
            np.testing.assert_array_equal(mine, its)


def test_the_numbers_are_those_of_fit_together_and_of_keras():
    runs = fitted({"plain": {}, "L2": {"strength": 0.02}}, epochs=5)
    drawn = data()
    for name, strength in (("plain", 0.0), ("L2", 0.02)):
        models = []
        for seed in SEEDS:
            rb.seed_weights(seed)
            models.append(build(strength=strength))
        held_out = drawn.validation.x, drawn.validation.y
        history = rb.fit_together(models, drawn.train.x, drawn.train.y, epochs=5, seeds=SEEDS, validation_data=held_out)
        for curve in ("loss", "penalty", "accuracy", "val_loss", "val_accuracy"):
            np.testing.assert_allclose(runs.curve(name, curve), getattr(history, curve), atol=1e-12)
    scores = runs.open_test({"L2": "L2", "stopped": runs.choose("L2", stopped=True)})
    test = drawn.open_test()
    for method, stopped in (("L2", False), ("stopped", True)):
        for place, seed in enumerate(SEEDS):
            model = runs.model("L2", seed, stopped)
            model.compile(loss="binary_crossentropy", metrics=["accuracy"])
            total, accuracy = model.evaluate(test.x[place], test.y[place], verbose=0)
            assert scores[method]["accuracy"][place] == pytest.approx(accuracy)
            assert scores[method]["log loss"][place] == pytest.approx(total - float(sum(model.losses)), abs=1e-7)
            np.testing.assert_allclose(
                runs.predict("L2", test.x, stopped)[place], model.predict(test.x[place], verbose=0), atol=1e-12
            )


def test_the_verdicts_of_the_first_version_come_out_to_the_digit():
    def network(inputs=2, units=8, step=0.001, strength=0.0, rate=0.0):
        hidden = layers.Dense(units, "relu", kernel_regularizer=L2(strength))
        last = layers.Dense(1, "sigmoid", kernel_regularizer=L2(strength))
        model = keras.Sequential([keras.Input((inputs,)), hidden, layers.Dropout(rate), last])
        model.compile(keras.optimizers.Adam(step), "binary_crossentropy")
        return model

    def wide(strength):
        return network(10, 64, 0.01, strength)

    small = rb.experiment(
        network, {"plain": {}, "L2": {"strength": 0.01}, "dropout": {"rate": 0.3}}, rb.noisy_xor(), epochs=30
    )
    scores = small.open_test({name: name for name in ("plain", "L2", "dropout")})
    assert str(scores.compare("L2", "plain")) == "-2.5 ± 0.5 points, better in 1 of 20 seeds"
    assert str(scores.compare("dropout", "plain")) == "-2.8 ± 0.3 points, better in 0 of 20 seeds"

    noisy = rb.noisy_xor(rows=500, irrelevant=8, label_noise=0.1)
    runs = rb.experiment(wide, {"plain": {"strength": 0.0}, "L2": {"strength": 0.01}}, noisy, epochs=60)
    stopped = {f"{name} stopped": runs.choose(name, stopped=True) for name in ("plain", "L2")}
    scores = runs.open_test({"plain": "plain", "L2": "L2"} | stopped)
    assert str(scores.compare("L2", "plain")) == "+9.0 ± 0.4 points, better in 20 of 20 seeds"
    assert str(scores.compare("plain stopped", "plain")) == "+6.2 ± 0.3 points, better in 20 of 20 seeds"
    assert str(scores.compare("L2", "plain stopped")) == "+2.8 ± 0.5 points, better in 16 of 20 seeds"
    assert str(scores.compare("L2 stopped", "L2")) == "+0.7 ± 0.3 points, better in 14 of 20 seeds"


def test_stopped_in_time_is_the_epoch_of_the_smallest_validation_loss():
    runs = fitted({"plain": {"step": 0.1}}, epochs=8)
    losses = runs.curve("plain")
    assert set(losses.argmin(axis=1)) != {7}
    held = runs.data.validation
    for place in range(4):
        probability = np.clip(runs.predict("plain", held.x, stopped=True)[place, :, 0], 1e-12, 1 - 1e-12)
        y = held.y[place]
        assert -np.mean(np.log(np.where(y == 1, probability, 1 - probability))) == pytest.approx(losses[place].min())


def test_each_seed_chooses_by_its_own_validation_loss_and_ties_go_to_the_first():
    names = ["L2 0.001", "L2 0.01", "L2 0.3"]
    runs = fitted({name: {"strength": float(name[3:])} for name in names} | {"same": {"strength": 0.3, "rate": None}})
    losses = np.array([runs.curve(name)[:, -1] for name in names])
    assert runs.choose(*names).picks == tuple(names[pick] for pick in losses.argmin(axis=0))
    best = np.array([runs.curve(name).min(axis=1) for name in names])
    assert runs.choose(*names, stopped=True).picks == tuple(names[pick] for pick in best.argmin(axis=0))
    assert runs.choose("same", "L2 0.3").picks == ("same",) * 4 and runs.choose("L2 0.3", "same").picks[0] == "L2 0.3"


def test_the_test_set_is_opened_once_for_all_methods():
    runs = fitted({"plain": {}, "L2": {"strength": 0.1}})
    methods = {"plain": "plain", "L2": runs.choose("plain", "L2")}
    scores = runs.open_test(methods)
    assert runs.open_test(methods) is scores  # the cell may be run again
    with pytest.raises(ValueError, match="was opened before: what is chosen after looking at it is no longer tested"):
        runs.open_test({"plain": "L2"})
    with pytest.raises(ValueError, match="test set of 'noisy XOR' was opened before"):
        rb.experiment(build, {"plain": {}}, runs.data, epochs=1)
    looked_at = fitted({"plain": {}})
    looked_at.data.open_test()
    with pytest.raises(ValueError, match="was opened before"):
        looked_at.open_test({"plain": "plain"})


def test_rows_may_change_by_epoch_for_some_settings_only():
    drawn = {"one": [], "other": []}

    def same(name):
        def rows(epoch, x, y, random):
            drawn[name].append((epoch, random.random()))
            return x, y

        return rows

    runs = fitted({"plain": {}, "one": {"each_epoch": same("one")}, "other": {"each_epoch": same("other")}}, epochs=3)
    assert drawn["one"] == drawn["other"]  # the same random numbers for every setting
    assert [epoch for epoch, _ in drawn["one"]] == [0] * 8 + [1] * 4 + [2] * 4  # once to check, then once per epoch
    np.testing.assert_allclose(runs.curve("one"), runs.curve("plain"), atol=1e-12)
    away = fitted({"plain": {}, "zeros": {"each_epoch": lambda epoch, x, y, random: (0 * x, y)}})
    assert (away.curve("zeros") != away.curve("plain")).all()


def test_models_that_are_no_networks_stand_in_the_same_table():
    neighbours, logistic = KNeighborsClassifier(3), LogisticRegression()
    runs = fitted({"plain": {}, "3 neighbours": neighbours, "logistic": logistic})
    scores = runs.open_test({name: name for name in ("plain", "3 neighbours", "logistic")})
    train, test = data().train, data().open_test()
    for name, model in (("3 neighbours", neighbours), ("logistic", logistic)):
        for place, seed in enumerate(SEEDS):
            model.fit(train.x[place], train.y[place])
            assert scores[name]["accuracy"][place] == model.score(test.x[place], test.y[place])
            np.testing.assert_array_equal(
                runs.predict(name, test.x)[place], runs.model(name, seed).predict_proba(test.x[place])
            )
    assert scores.compare("plain", "logistic").names == ("plain", "logistic")


def test_other_architectures_are_groups_of_their_own():
    together = fitted({"plain": {}, "3 units": {"units": 3}, "L2": {"strength": 0.1}, "step": {"step": 0.001}})
    for name, setting in (("3 units", {"units": 3}), ("step", {"step": 0.001})):
        np.testing.assert_allclose(together.curve(name), fitted({name: setting}).curve(name), atol=1e-12)
    assert list(together._runs) == ["plain", "3 units", "L2", "step"]


def test_regressions_are_judged_by_their_error_and_corrected_for_shared_rows():
    def regression(strength=0.0):
        model = keras.Sequential(
            [keras.Input((10,)), layers.Dense(4, "relu"), layers.Dense(1, kernel_regularizer=L2(strength))]
        )
        model.compile("adam", "mean_squared_error")
        return model

    runs = rb.experiment(regression, {"plain": {}, "ridge": Ridge(1.0)}, rb.diabetes(seeds=SEEDS), epochs=2)
    scores = runs.open_test({"plain": "plain", "ridge": runs.choose("ridge")})
    verdict = scores.compare("plain", "ridge")
    assert verdict.metric == "error" and verdict.overlap == pytest.approx(192 / 200)
    train, test = (getattr(rb.diabetes(seeds=SEEDS), part) for part in ("train", "_test"))
    expected = np.mean((Ridge(1.0).fit(train.x[1], train.y[1]).predict(test.x[1]) - test.y[1]) ** 2)
    assert scores["ridge"]["error"][1] == pytest.approx(expected)
    assert "error: training" in repr(runs) and "log loss" not in repr(runs)


def test_classes_are_made_columns_where_the_loss_takes_those():
    def classifier(loss="categorical_crossentropy"):
        model = keras.Sequential([keras.Input((100,)), layers.Dense(10, "softmax")])
        model.compile("adam", loss)
        return model

    images = rb.digits(seeds=[0, 1])
    settings = {"columns": {}, "numbers": {"loss": "sparse_categorical_crossentropy"}}
    runs = rb.experiment(classifier, settings, images, epochs=2)
    np.testing.assert_allclose(runs.curve("columns"), runs.curve("numbers"), atol=1e-12)
    scores = runs.open_test({name: name for name in settings})
    np.testing.assert_array_equal(scores["columns"]["accuracy"], scores["numbers"]["accuracy"])


def numbers(text):
    return re.findall(r"\d+\.\d+", text)


def test_tables_and_verdicts_hold_the_same_numbers_as_text_and_as_html():
    runs = fitted({"plain": {}, "L2 <b>": {"strength": 0.1}, "neighbours": KNeighborsClassifier()})
    scores = runs.open_test({"plain": "plain", "L2": runs.choose("L2 <b>", stopped=True)})
    for shown in (runs, scores, scores.compare("L2", "plain")):
        html = shown._repr_html_()
        assert numbers(repr(shown)) == numbers(html) and len(numbers(html)) > 2
        assert not re.search("<svg|<script|<style|http|<b>", html)
    accuracy = 100 * runs.curve("plain", "val_accuracy")[:, -1]
    assert f"{accuracy.mean():.1f} ± {accuracy.std(ddof=1) / 2:.1f} %" in repr(runs)


def no_validation():
    part = Part(*(np.zeros(shape) for shape in ((4, 0, 4), (4, 0), (4, 0))))
    whole = data()
    return DataSet("bare", whole.seeds, whole.train, part, whole._test)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(data=no_validation), "'bare' has no validation data"),
        (dict(data=lambda: np.zeros(3)), "data must be a data set, such as noisy_xor.. gives, not ndarray"),
        (dict(settings=[]), "settings must be a dictionary"),
        (dict(settings={}), "with one name or more"),
        (
            dict(settings={"L2": {"force": 1}}),
            "'L2' names 'force', which is no argument of build.units, strength",
        ),
        (dict(settings={"plain": {}, "again": {"units": 6}}), "settings 'plain' and 'again' are equal"),
        (dict(settings={"a": Ridge(1.0), "b": Ridge(1.0)}), "settings 'a' and 'b' are equal"),
        (dict(settings={"L2": 0.1}), "'L2' must be a dictionary, or have `fit` and `predict`, not 0.1"),
        (
            dict(settings={"all": {"rate": 1.0}}),
            "setting 'all': the model: the layer .* has the rate 1.0; it must lie in",
        ),
        (dict(data=lambda: data(irrelevant=3)), r"setting 'plain': x must have the shape .*; it has \(4, 60, 5\)"),
        (dict(settings={"x": {"each_epoch": lambda e, x, y, r: (x[:, :1], y)}}), "setting 'x': x must have the shape"),
        (dict(settings={"x": {"loss": "hinge"}}), "setting 'x': the model: the loss must be one of"),
        (dict(epochs=0), "epochs must be a whole number of at least 1"),
    ],
)
def test_bad_input_is_named_before_any_training(arguments, message, monkeypatch):
    monkeypatch.setattr("regbook.experiments.train", lambda *_, **__: pytest.fail("it trained"))
    arguments = {"settings": {"plain": {}}, "data": data, "epochs": 1} | arguments
    with pytest.raises((TypeError, ValueError), match=message):
        rb.experiment(build, arguments["settings"], arguments["data"](), epochs=arguments["epochs"])


def test_unknown_names_are_named():
    runs = fitted({"plain": {}, "neighbours": KNeighborsClassifier(), "SVM": SVC()}, epochs=1)
    for wrong, message in (
        (lambda: runs.choose("L2"), "there is no setting 'L2'; there are plain, neighbours, SVM"),
        (lambda: runs.choose(), "choose needs the names of settings"),
        (lambda: runs.choose("SVM", "plain"), "SVM, plain can't be compared: some have no probabilities"),
        (lambda: runs.choose("neighbours", stopped=True), "only networks can be stopped in time"),
        (lambda: runs.curve("plain", "auc"), "'plain' has no curve 'auc'; it has loss, penalty"),
        (lambda: runs.curve("neighbours"), "'neighbours' has no curve 'val_loss'; it has none"),
        (lambda: runs.model("plain", 3), "there is no seed 3; there are 40, 41, 42, 43"),
        (lambda: runs.open_test({"plain": "plain"})["L2"], "there is no method 'L2'; there are plain"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


def test_a_loss_that_explodes_names_setting_and_seed():
    def regression(step):
        model = keras.Sequential([keras.Input((10,)), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(step), "mean_squared_error")
        return model

    with pytest.raises(FloatingPointError, match="the loss of 'much', seed 40, became (inf|nan) in epoch"):
        rb.experiment(regression, {"much": {"step": 1e9}}, rb.diabetes(seeds=SEEDS), epochs=50)
