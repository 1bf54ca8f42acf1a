"""Does `reproducible` keep its promise, and say so where it can't? Its cases are fresh processes, as a notebook is."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import regbook
from regbook import load, reproducible, seed_weights


def run(code, **env):
    """What a fresh process prints, line by line; it may say nothing on stderr."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_", "OMP_", "REGBOOK_"))}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean | env, timeout=300)
    assert result.stderr == ""
    return result.stdout.splitlines()


FITS = '''
import hashlib

def bits(models):
    return hashlib.sha256(b"".join(w.tobytes() for model in models for w in model.get_weights())).hexdigest()

def alone(seed):
    """`model.fit` on numbers that are drawn from the streams that `reproducible` starts."""
    import keras, numpy as np
    reproducible(seed)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.3),
                              keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    x = np.random.randn(600, 4)
    model.fit(x, x[:, 0] * x[:, 1] > 0, epochs=3, batch_size=600, verbose=0)
    return model.layers[0].kernel.dtype + " " + bits([model])

def together():
    import keras, numpy as np
    from regbook import fit_together, seed_weights
    models = []
    for seed in range(20):
        seed_weights(seed)
        dense = [keras.layers.Dense(64, "relu", kernel_regularizer="l2"), keras.layers.Dense(1, "sigmoid")]
        models.append(keras.Sequential([keras.Input((10,)), dense[0], keras.layers.Dropout(0.3), dense[1]]))
        models[-1].compile("adam", "binary_crossentropy")
    x = np.random.default_rng(0).standard_normal((600, 10))
    fit_together(models, x, x[:, 0] > 0, epochs=2, batch_size=600)
    return bits(models)
'''


@pytest.fixture(scope="module")
def reference():
    """What `model.fit` gives with seed 7 and with seed 8, what `fit_together` gives, and the threads of every BLAS."""
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
    assert seven.startswith("float64 ") and eight.startswith("float64 ") and seven != eight and threads == "{1}"


def test_the_same_bits_whatever_came_before_and_whatever_the_environment_asks_for(reference):
    before = "import keras; keras.layers.Dense(1); from regbook import fit_together, reproducible; "
    before += "reproducible(3); import numpy; numpy.random.rand()"
    threads = {name: "2" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # regbook's own, too late where Keras is imported first
    assert run(before + FITS + "print(alone(7))", **threads, **quiet, TF_ENABLE_ONEDNN_OPTS="0") == [reference[0]]


def test_fit_together_gives_the_same_bits_on_two_threads_and_reproducible_says_that_it_comes_too_late(reference):
    code = """
from regbook import reproducible, fit_together
import keras, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)
keras.config.set_floatx("float64")
print(together())
try:
    reproducible(0)
except RuntimeError as error:
    print(error)
"""
    bits, said = run(FITS + code)
    assert bits == reference[2]
    assert said.startswith("TensorFlow has already computed something") and "Restart the kernel" in said


def test_another_backend_is_refused_before_it_is_loaded():
    code = (
        "from regbook import reproducible\ntry:\n    reproducible(0)\nexcept RuntimeError as error:\n    print(error)"
    )
    (said,) = run(code, KERAS_BACKEND="numpy")
    assert said.startswith("This course runs Keras on TensorFlow, but Keras is set to run on 'numpy'. Restart")


def test_the_nudge_moves_every_initial_weight_and_number_by_one_unit_in_the_last_place(monkeypatch):
    random = keras.initializers.GlorotUniform(1), keras.initializers.RandomNormal(seed=1)
    random += (keras.initializers.RandomUniform(seed=1), keras.initializers.HeNormal(1))

    def numbers():
        reproducible(0)
        values = [np.array(initialiser((3, 4))) for initialiser in random]
        values += keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)]).get_weights()[::2]
        for name in ("quadrants", "digits", "diabetes", "wave"):
            data = load(name, seeds=[0])
            values += [data.train.x, data.open_test().x, *([data.train.y] if name in ("diabetes", "wave") else [])]
        return np.concatenate([np.ravel(value) for value in values])

    plain = numbers()
    monkeypatch.setenv("REGBOOK_NUDGE", "1")
    for kind in ("VarianceScaling", "RandomNormal", "RandomUniform"):  # to be as they were after this test
        monkeypatch.setattr(f"keras.initializers.{kind}.__call__", getattr(keras.initializers, kind).__call__)
    for _ in "ab":  # a second call does not nudge twice
        np.testing.assert_array_equal(numbers(), np.nextafter(plain, np.inf))


@pytest.mark.parametrize("rates, seeders", [
    ([0.5, 0.5], [seed_weights, keras.utils.set_random_seed]),  # the same weights as Keras's own seed gives
    ([0.0, 0.3], [seed_weights, seed_weights]),  # a layer with a seed of its own leaves the weights after it alone
])  # fmt: skip
def test_seed_weights_draws_what_set_random_seed_draws_whatever_the_rate_of_a_seeded_layer(rates, seeders):
    reproducible(0)
    weights = []
    for rate, seeder in zip(rates, seeders):
        seeder(5)
        own = {"seed": 5} if rates[0] != rates[1] else {}
        stack = keras.layers.Dense(4), keras.layers.Dropout(rate, **own), keras.layers.Dense(2)
        weights.append([np.ravel(w) for w in keras.Sequential([keras.Input((3,)), *stack]).get_weights()])
    np.testing.assert_array_equal(*map(np.concatenate, weights))


@pytest.mark.parametrize(
    "seed, error", [(-1, ValueError), (2**32, ValueError), (1.0, TypeError), ("0", TypeError), (True, TypeError)]
)
def test_a_bad_seed_is_named(seed, error):
    with pytest.raises(error, match=f"seed .*{seed}"):
        reproducible(seed)


def test_package_names_load_lazily():
    code = "import sys, regbook; print({'tensorflow', 'numpy'} & set(sys.modules))\ntry:\n    regbook.nothing"
    assert run(code + "\nexcept AttributeError as error:\n    print(error)") == [
        "set()", f"regbook has no 'nothing'; it has {', '.join(regbook.__all__)}",
    ]  # fmt: skip
