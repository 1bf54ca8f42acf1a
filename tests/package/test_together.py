"""Does `fit_together` see the data as it says, keep what it promises, and refuse what it can't do?"""

import keras
import numpy as np
import pytest
import shapes
from keras import layers
from keras.optimizers import SGD, Adam
from numpy.testing import assert_allclose, assert_array_equal
from shapes import flat

from regbook import checks, fit_together, predict_together, reproducible, rng, stack

reproducible(0)

# What `shapes.hashes()` is, by how the processor rounds. The code that gave it still gave the hashes of longer fits
# from before layers were called through Keras.
HASHES = {"df82edd36811605a": {"original": "72f465c73a8ca3d0", "wide": "280bd85cd437fbe4",
                               "images": "75755e5cf5ff25eb", "table": "aadadeaaa986ab25"}}  # fmt: skip


def test_the_shapes_of_the_chapters_are_trained_to_the_same_bits_as_ever():
    if shapes.arithmetic() not in HASHES:
        pytest.skip(f"no hashes were recorded for processors that round like this one, {shapes.arithmetic()}")
    assert shapes.hashes() == HASHES[shapes.arithmetic()]


LAYERS = [layers.Dense(1), layers.Conv2D(1, 1), layers.MaxPooling1D(), layers.GlobalMaxPooling1D(), layers.Dropout(0)]
LAYERS += [layers.BatchNormalization(), layers.LayerNormalization(), layers.Reshape((1,))]
INITIALISERS = keras.initializers.VarianceScaling, keras.initializers.RandomNormal, keras.initializers.RandomUniform


@pytest.mark.parametrize(
    "owners, name, file",
    [
        ([keras.optimizers.Optimizer], "_use_weight_decay", "stack.py and checks.py"),
        ([SGD], "update_step", "stack.py"),
        *(([kind], "__call__", "numerics.py") for kind in INITIALISERS),
        *((LAYERS, option, "checks.py") for option in (*checks._LAYER_OPTIONS, *checks._OPTIONS)),
    ],
)
def test_keras_still_has_what_nobody_promised_and_what_is_passed_over_where_it_is_missing(owners, name, file):
    kinds = [owner if isinstance(owner, type) else type(owner) for owner in owners]
    message = f"Keras no longer has {' or '.join(kind.__name__ for kind in kinds)}.{name}: see {file}"
    assert any(name in dir(owner) for owner in owners), message


def compiled(*stack, dtype="float64", shape=(2,), **options):
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *stack])
    model.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy", "run_eagerly": True} | options)
    return model


def one(units=1, **options):
    return layers.Dense(units, "sigmoid", **options)


def classifier(seed, middle=(), l2=0.0, optimiser="adam", **dense):
    """A model of the original tutorial's shape, with the layers `middle` after its hidden layer."""
    keras.utils.set_random_seed(seed)
    hidden = layers.Dense(8, "relu", kernel_regularizer=keras.regularizers.L2(l2), **dense)
    return compiled(hidden, *middle, one(), optimizer=optimiser)


random = np.random.default_rng(1)
X = random.standard_normal((100, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
HELD = random.standard_normal((50, 2)), random.integers(0, 2, 50)


class Given(keras.Layer):
    """In the place of a noisy layer: what it makes of each batch that is trained on is given, batch by batch."""

    def call(self, x, training=False):
        return next(self.given)(x) if training else x


def test_each_member_sees_its_own_rows_noise_and_masks_as_its_seed_draws_them():
    """Against `model.fit` on the same rows in the same order, with layers that make the same noise."""
    x, seen = np.random.default_rng(5).standard_normal((2, 2, 40, 2)), []  # epochs, members, rows, inputs
    y = (x[..., 0] > 0).astype(int)
    together = [classifier(member, [layers.GaussianNoise(0.2), layers.Dropout(0.4)]) for member in range(2)]
    data = lambda epoch: seen.append(epoch) or x[epoch], lambda epoch: y[epoch]
    fit_together(together, *data, epochs=2, batch_size=16, seeds=[8, 7])
    assert seen == [0, 1]
    for member, seed in enumerate([8, 7]):
        added, kept = Given(), Given()
        alone = classifier(member, [added, kept])
        orders, noise, masks = rng(seed, 0), rng(seed, 1, 0), rng(seed, 3)
        for epoch in range(2):
            order = orders.permutation(40)
            noisy = 0.2 * noise.standard_normal((40, 8), np.float32).astype(float)
            mask = (masks.random((40, 8), np.float32) >= np.float32(0.4)) / 0.6
            added.given = iter([lambda h, n=n: h + n for n in np.split(noisy, [16, 32])])
            kept.given = iter([lambda h, m=m: h * m for m in np.split(mask, [16, 32])])
            alone.fit(x[epoch, member, order], y[epoch, member, order], batch_size=16, shuffle=False, verbose=0)
        assert_allclose(flat(together[member]), flat(alone), rtol=0, atol=1e-12)


def test_both_sets_of_weights_are_kept_and_predicted_with_in_blocks_of_rows(monkeypatch):
    monkeypatch.setattr(stack, "_BLOCK", 200)
    last, best = ([classifier(seed, optimiser=Adam(0.1)) for seed in range(3)] for _ in "ab")
    history = fit_together(last, X, Y, epochs=12, validation_data=HELD)
    fit_together(best, X, Y, epochs=12, validation_data=HELD, restore_best_weights=True)
    assert history.val_loss.shape == (3, 12) and set(history.best_epoch) != {11}
    for member, (late, early) in enumerate(zip(last, best)):
        place = history.best_epoch[member]
        assert history.val_loss[member, place] == history.val_loss[member].min()
        for model, epoch, (trained, _) in ((late, -1, history.last), (early, place, history.best)):
            seen = model.evaluate(*HELD, verbose=0)
            assert history.val_loss[member, epoch] == pytest.approx(seen, abs=1e-8)
            assert_array_equal(flat(model), trained[member])
    assert_allclose(predict_together(last, HELD[0]), [model.predict(HELD[0], verbose=0) for model in last], atol=1e-12)
    with pytest.raises(ValueError, match="best_epoch needs validation data"):
        _ = fit_together(last, X, Y, epochs=1).best_epoch


def test_a_known_shape_is_not_compiled_again_unless_its_model_was_changed():
    def fit(rows, limit, rate=0.1, **options):
        limit = keras.constraints.MaxNorm(limit)
        models = [classifier(s, [layers.Dropout(rate)], kernel_constraint=limit, **options) for s in range(2)]
        fit_together(models, X[:rows], Y[:rows], epochs=1, batch_size=rows // 2, validation_data=HELD)
        return models

    known = stack.stack_of(fit(100, 1.0))
    compiled_once = known.train, known._measure
    again = fit(60, 2.0, rate=0.5, l2=0.1, optimiser=Adam(0.1))
    assert stack.stack_of(again) is known and (known.train, known._measure) == compiled_once
    assert [function.experimental_get_tracing_count() for function in compiled_once] == [1, 1]
    first, other = (compiled(layers.BatchNormalization(), one()) for _ in "ab")
    second = stack.stack_of([first])
    assert stack.stack_of([other]) is second
    first.layers[0].momentum = 0.5
    assert stack.stack_of([first]) is not second and stack.stack_of([other]) is not second
    assert len(stack._compiled) == 2 and stack.stack_of(again) is not known


def test_models_of_32_bits_agree_with_model_fit():
    stack = layers.Dense(4, "relu", dtype="float32"), one(dtype="float32")
    mine = compiled(*stack, dtype="float32")
    alone = keras.models.clone_model(mine)
    alone.set_weights(mine.get_weights())
    alone.compile("sgd", "binary_crossentropy", run_eagerly=True)
    fit_together([mine], X, Y, epochs=2, shuffle=False)
    alone.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert_allclose(flat(mine), flat(alone), atol=1e-6)


ENDLESS = keras.regularizers.L2()
ENDLESS.l2 = np.inf  # what Keras itself refuses when the regulariser is made


def image(*stack):
    return compiled(*stack, layers.Flatten(), one(), shape=(6, 6, 2))


@pytest.mark.parametrize(
    "models, message",
    [
        (lambda: [], "models is empty"),
        (lambda: [compiled(one())] * 2, "same model stands in the list twice"),
        (lambda: [keras.Sequential([keras.Input((2,)), one()])], "member 0 is not compiled"),
        (lambda: [keras.Sequential([one()])], "member 0 has no input shape yet"),
        (lambda: [compiled(one(3), one()), compiled(one(4), one())], "differ in units of layer 0: 3 and 4. Fit models"),
        (lambda: [compiled(one()), compiled(one(), shape=(3,))], r"differ in the input shape: \(2,\) and \(3,\)"),
        (lambda: [compiled(one()), compiled(one(), loss="mse")], "differ in the loss"),
        (lambda: [compiled(one()), compiled(one(), optimizer="adam")], "differ in the optimiser"),
        (lambda: [compiled(one(), optimizer=SGD(rate)) for rate in (0.1, 0.2)], "differ in the learning rate: 0.1"),
        (lambda: [compiled(one(), optimizer=SGD(clipnorm=1.0))], "can't take the optimiser's clipnorm=1.0"),
        (lambda: [compiled(one(), optimizer="lion")], "the optimiser must be SGD, Adam or AdamW, not Lion"),
        (lambda: [compiled(one(), loss="hinge")], "member 0: the loss must be one of .*not hinge"),
        (lambda: [compiled(one(), loss=keras.losses.MeanSquaredError(reduction="sum"))], "not reduction='sum'"),
        (lambda: [compiled(one(), loss_weights=[2.0])], "can't take loss_weights"),
        (lambda: [compiled(one(kernel_regularizer=ENDLESS))], "its kernel_regularizer has the strength inf"),
        (lambda: [compiled(one(kernel_regularizer="orthogonal_regularizer"))], "kernel_regularizer must be L1, L2 or"),
        (lambda: [compiled(one(kernel_constraint=lambda w: w))], "kernel_constraint must be one of MaxNorm"),
        (lambda: [compiled(one(activity_regularizer="l2"))], "has activity_regularizer=.*, which can't be stacked"),
        (lambda: [compiled(layers.BatchNormalization(renorm=True), one())], "has renorm=True"),
        (lambda: [image(layers.Conv2D(4, 3, groups=2))], "has groups=2"),
        (lambda: [image(layers.Dropout(0.2, noise_shape=(4, 6, 6, 2)))], "has the noise_shape .* write None there"),
        (lambda: [image(layers.Dropout(1.0))], "has the rate 1.0; it must lie in 0 ≤ rate < 1"),
        (lambda: [image(layers.DepthwiseConv2D(3))], "the kind DepthwiseConv2D, can't be taken; .* takes Input, Dense"),
        (lambda: [compiled(type("Denser", (layers.Dense,), {})(1, "sigmoid"))], "of the kind Denser"),
        (lambda: [compiled(layers.Dense(3, layers.LeakyReLU()), one())], "has a layer as its activation: write the Le"),
        (lambda: [compiled(layers.Dense(3, dtype="float32"), one())], "in float64, others of its model in float32"),
        (lambda: [compiled(layers.Activation("sigmoid"), shape=(1,))], "member 0 has no weights to train"),
        (lambda: [compiled(layers.GlobalMaxPooling1D(), one(), shape=(None, 2))], "leaves a size open"),
    ],
)
def test_models_that_cannot_be_fitted_together_are_refused(models, message):
    with pytest.raises((TypeError, ValueError), match=message):
        fit_together(models(), X, Y, epochs=1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(x=X[:, :1]), r"x must have the shape \(rows, 2\), or \(2, rows, 2\).* it has \(100, 1\)"),
        (dict(y=Y[:-1]), r"x and y do not match: x has the shape \(100, 2\), y \(99,\)"),
        (dict(x=X[:0], y=Y[:0]), "x is empty"),
        (dict(x=np.full_like(X, np.nan)), "x contains NaN"),
        (dict(x=X.astype(str)), "x must hold numbers"),
        (dict(y=np.eye(3)[Y]), r"y has the shape \(100, 3\), but this model takes numbers of the shape \(1,\) per row"),
        (dict(validation_data=(X, Y[:5])), "validation x and y do not match"),
        (dict(epochs=0), "epochs must be a whole number of at least 1, not 0"),
        (dict(seeds=[1]), "seeds must be 2 whole numbers"),
        (dict(x=lambda e: X[e:], y=lambda e: Y[e:], epochs=2), "had 100 rows at first, and has 99 in epoch 2"),
        (dict(restore_best_weights=True), "restore_best_weights chooses the epoch on validation data"),
        (
            dict(x=np.stack([X, 1e308 * np.sign(X)]), y=np.stack([Y, Y])),
            "loss of member 1 became nan in epoch 1 of 1: try a sm",
        ),
    ],
)
def test_data_that_cannot_be_fitted_leave_every_model_as_it_was(arguments, message):
    models = [classifier(0), classifier(1)]
    before = [flat(model) for model in models]
    with pytest.raises((TypeError, ValueError, FloatingPointError), match=message):
        fit_together(models, **{"x": X, "y": Y, "epochs": 1} | arguments)
    assert_array_equal([flat(model) for model in models], before)
