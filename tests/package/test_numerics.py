"""Does `reproducible` keep its promise, and say so where it can't? Each case is a fresh process."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import regbook
from regbook import diabetes, digits, noisy_xor, reproducible, seed_weights, wave


def run(code, **env):
    """What a fresh process prints, line by line; it may say nothing on stderr."""
    clean = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("TF_", "KERAS_", "OMP_", "REGBOOK_"))
    }
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean | env, timeout=300
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


FITS = """
def bits(models):
    import hashlib
    weights = b"".join(part.tobytes() for model in models for part in model.get_weights())
    return hashlib.sha256(weights).hexdigest()

def alone(seed):
    import numpy as np
    reproducible(seed)
    from keras import Input, Sequential, layers
    hidden = layers.Dense(16, "relu"), layers.Dropout(0.3)
    model = Sequential([Input((4,)), *hidden, layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    x = np.random.randn(600, 4)
    model.fit(x, x[:, 0] * x[:, 1] > 0, epochs=3, batch_size=600, verbose=0)
    return model.layers[0].kernel.dtype + " " + bits([model])

def together():
    from regbook import experiment, noisy_xor
    from keras import Input, Sequential, layers
    def build():
        hidden = layers.Dense(64, "relu", kernel_regularizer="l2"), layers.Dropout(0.3)
        model = Sequential([Input((10,)), *hidden, layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy")
        return model
    data = noisy_xor(rows=600, irrelevant=8)
    runs = experiment(build, {"it": {}}, data, epochs=2, batch_size=600)
    return bits(runs.model("it", seed) for seed in data.seeds)

def refused():
    try:
        reproducible(0)
    except RuntimeError as error:
        return error
"""


@pytest.fixture(scope="module")
def reference():
    """What `model.fit` gives with seeds 7 and 8, what `experiment` does, and BLAS threads."""
    code = """
print(alone(7), alone(8), together(), sep="\\n")
import keras, numpy, sklearn.linear_model, threadpoolctl
print({lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"})
for _ in range(7):  # so many graphs that TensorFlow would warn of them
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(numpy.ones((1, 4)), numpy.ones(1), verbose=0)
"""
    return run("from regbook import reproducible" + FITS + code, OPENBLAS_NUM_THREADS="2")


def test_a_seed_decides_the_numbers_and_every_blas_runs_on_one_thread(reference):
    seven, eight, _, threads = reference
    assert (
        seven.startswith("float64 ")
        and eight.startswith("float64 ")
        and seven != eight
        and threads == "{1}"
    )


def test_the_same_bits_whatever_came_before_and_whatever_the_environment_asks_for(reference):
    before = "import keras; keras.layers.Dense(1); from regbook import experiment, reproducible; "
    before += "reproducible(3); import numpy; numpy.random.rand()"
    threads = {
        name: "2" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    }
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # regbook's own, too late where Keras is imported first
    assert run(
        before + FITS + "print(alone(7))", **threads, **quiet, TF_ENABLE_ONEDNN_OPTS="0"
    ) == [reference[0]]


def test_experiment_gives_the_same_bits_on_two_threads_and_a_late_reproducible_refuses(reference):
    code = """
import os
os.environ["KERAS_BACKEND"] = "numpy"
from regbook import reproducible
print(refused())
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)
keras.config.set_floatx("float64")
print(together(), refused(), sep="\\n")
"""
    elsewhere, bits, late = run(FITS + code)
    assert bits == reference[2]
    assert (
        late.startswith("TensorFlow has already computed something")
        and "Restart the kernel" in late
    )
    assert elsewhere.startswith(
        "This course runs Keras on TensorFlow, but Keras is set to run on 'numpy'. Restart"
    )


def test_without_tensorflow_the_same_numbers_are_drawn_and_experiment_says_what_is_missing():
    code = """
import random, sys, numpy, regbook as rb
rb.reproducible(7)
print(random.random(), numpy.random.rand(), rb.rng(3).random(), rb.wave(seeds=[5]).train.y.sum())
assert not sys.modules.get("tensorflow")  # it takes three seconds and 400 MB
try:
    rb.experiment
    print("there")
except ModuleNotFoundError as error:
    print(error)
"""
    with_keras, there = run(code)
    blocked = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None" + code
    without, message = run(blocked)
    assert (without, there) == (with_keras, "there")
    assert message.startswith("experiment trains networks, and keras is not installed: see README")


def test_the_nudge_moves_every_initial_weight_and_number_by_one_unit_in_the_last_place(monkeypatch):
    made = (
        keras.initializers.GlorotUniform,
        keras.initializers.RandomNormal,
        keras.initializers.RandomUniform,
    )

    def numbers():
        reproducible(0)
        values = [np.array(kind(seed=1)((3, 4))) for kind in made]
        values += keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)]
        ).get_weights()[::2]
        for make in (noisy_xor, digits, diabetes, wave):
            data = make(seeds=[0])
            values += [
                data.train.x,
                data.open_test().x,
                *([data.train.y] if make in (diabetes, wave) else []),
            ]
        return np.concatenate([np.ravel(value) for value in values])

    plain = numbers()
    monkeypatch.setenv("REGBOOK_NUDGE", "1")
    for kind in (
        "VarianceScaling",
        "RandomNormal",
        "RandomUniform",
    ):  # to be as they were after this test
        monkeypatch.setattr(
            f"keras.initializers.{kind}.__call__", getattr(keras.initializers, kind).__call__
        )
    for _ in "ab":  # a second call does not nudge twice
        assert_array_equal(numbers(), np.nextafter(plain, np.inf))


def test_seed_weights_draws_what_set_random_seed_draws_whatever_the_rate_of_a_seeded_layer():
    def weights(seeder, rate):
        seeder(5)
        stack = keras.layers.Dense(4), keras.layers.Dropout(rate, seed=5), keras.layers.Dense(2)
        return np.concatenate(
            [np.ravel(w) for w in keras.Sequential([keras.Input((3,)), *stack]).get_weights()]
        )

    reproducible(0)
    for rate in (0.0, 0.3):
        assert_array_equal(weights(seed_weights, rate), weights(keras.utils.set_random_seed, 0.3))


def test_a_bad_seed_is_named():
    for seed in (-1, 2**32, 1.0, "0", True):
        with pytest.raises((TypeError, ValueError), match=f"seed .*{seed}"):
            reproducible(seed)


def test_package_names_load_lazily():
    code = "import sys, regbook; print({'tensorflow', 'numpy'} & set(sys.modules))\n"
    code += "try:\n    regbook.nothing"
    assert run(code + "\nexcept AttributeError as error:\n    print(error)") == [
        "set()", f"regbook has no 'nothing'; it has {', '.join(regbook.__all__)}",
    ]  # fmt: skip
