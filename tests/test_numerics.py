"""Does `reproducible` keep its promise, and say so where it can't? Each case is a fresh process, as a notebook is."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from regbook import reproducible, seed_weights


def run(code, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "KERAS_", "OMP_", "REGBOOK_"))}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=clean | env, timeout=300)


FIT = textwrap.dedent("""
    import keras, hashlib, numpy as np
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.3),
                              keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    x = np.random.randn(600, 4)
    model.fit(x, x[:, 0] * x[:, 1] > 0, epochs=3, batch_size=600, verbose=0)
    print(model.layers[0].kernel.dtype, hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest())
""")


@pytest.fixture(scope="module")
def reference():
    return run("from regbook import reproducible; reproducible(7)" + FIT).stdout


@pytest.mark.parametrize(
    "before, env",
    [
        ("", {}),
        ("", {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}),
        ("", {"TF_NUM_INTRAOP_THREADS": "2"}),
        ("", {"TF_ENABLE_ONEDNN_OPTS": "0"}),
        ("import tensorflow", {}),
        ("import keras; keras.layers.Dense(1)", {}),
        ("from regbook import reproducible; reproducible(3); import numpy; numpy.random.rand()", {}),
    ],
    ids=["again", "two BLAS threads", "two TF threads", "no oneDNN", "TF imported", "layer made", "second call"],
)
def test_same_bits_whatever_came_before(reference, before, env):
    result = run(before + "\nfrom regbook import reproducible; reproducible(7)" + FIT, **env)
    assert result.stdout == reference and reference.startswith("float64 ")


@pytest.mark.parametrize("first", ["reproducible", "fit_together, reproducible"])
def test_importing_and_fitting_print_nothing_on_stderr(first):
    many = """
for _ in range(7):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x[:1], x[:1, 0], verbose=0)
"""
    assert run(f"from regbook import {first}; reproducible(7)" + FIT + many).stderr == ""


def test_another_seed_gives_other_numbers(reference):
    assert run("from regbook import reproducible; reproducible(8)" + FIT).stdout != reference


def test_every_blas_runs_on_one_thread():
    code = """if True:
        from regbook import reproducible; reproducible(0)
        import sklearn.linear_model, threadpoolctl
        print({lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"})
    """
    assert run(code, OPENBLAS_NUM_THREADS="2").stdout == "{1}\n"


@pytest.mark.parametrize(
    "code, message",
    [
        ("import tensorflow as tf; tf.add(1, 2)", "TensorFlow has already computed something"),
        (
            "import os; os.environ['KERAS_BACKEND'] = 'numpy'",
            "This course runs Keras on TensorFlow, but Keras is set to run on 'numpy'",
        ),
    ],
)
def test_says_where_the_promise_cannot_be_kept(code, message):
    result = run(code + "\nfrom regbook import reproducible; reproducible(0)")
    assert f"RuntimeError: {message}" in result.stderr
    assert "Restart the kernel" in result.stderr


def test_the_nudge_moves_every_initial_weight_by_one_unit_in_the_last_place():
    code = """if True:
        from regbook import reproducible, load; reproducible(0)
        import keras, numpy as np
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
        values = [w.ravel() for w in model.get_weights()[::2]]
        for name in ("quadrants", "digits", "diabetes", "wave"):
            values += [load(name, seeds=[0]).train.x.ravel(), load(name, seeds=[0]).open_test().x.ravel()]
        values += [load(name, seeds=[0]).train.y.ravel() for name in ("diabetes", "wave")]
        print()
        print(np.concatenate(values).tobytes().hex())
    """
    plain, nudged = (
        np.frombuffer(bytes.fromhex(run(code, **env).stdout.split()[-1])) for env in ({}, {"REGBOOK_NUDGE": "1"})
    )
    np.testing.assert_array_equal(nudged, np.nextafter(plain, np.inf))


def test_seed_weights_gives_the_weights_of_set_random_seed():
    import keras

    def weights(seeder):
        seeder(5)
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
        )
        return np.concatenate([w.ravel() for w in model.get_weights()])

    reproducible(0)
    np.testing.assert_array_equal(weights(seed_weights), weights(keras.utils.set_random_seed))


def test_a_seeded_dropout_layer_leaves_the_weights_after_it_alone():
    import keras

    def weights(rate):
        seed_weights(5)
        middle = keras.layers.Dropout(rate, seed=5)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), middle, keras.layers.Dense(2)])
        return np.concatenate([w.ravel() for w in model.get_weights()])

    np.testing.assert_array_equal(weights(0), weights(0.3))


@pytest.mark.parametrize(
    "seed, error", [(-1, ValueError), (2**32, ValueError), (1.0, TypeError), ("0", TypeError), (True, TypeError)]
)
def test_bad_seed(seed, error):
    with pytest.raises(error, match=f"seed .*{seed}"):
        reproducible(seed)


def test_package_names_load_lazily():
    code = "import sys, regbook; assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules; regbook.nothing"
    assert "AttributeError: regbook has no 'nothing'; it has reproducible, seed_weights" in run(code).stderr
