"""Make every run of a notebook print the same numbers, whatever the machine."""

import os
import random
import sys
from contextlib import contextmanager
from functools import partial

import numpy as np
import scipy.linalg  # noqa: F401  (loads SciPy's BLAS, so that its threads are limited below too)
from threadpoolctl import threadpool_limits


def reproducible(seed: int) -> None:
    """Make this process compute the same bits on every run, and start all streams from `seed`.

    Sets 64-bit floats, one thread (TensorFlow and BLAS) and deterministic operations, then seeds
    Python, NumPy and TensorFlow. Call it at the top of a notebook, and again before anything that
    must not depend on what ran before: every call resets the seeds. Keras and TensorFlow are not
    loaded by it, but set when they are.

    seed: a whole number, 0 ≤ seed < 2³².

    Raises TypeError or ValueError for a bad seed, and RuntimeError where the promise cannot be
    kept: TensorFlow has already computed something with other settings, or Keras runs on another
    backend.

    Source: keras.utils.set_random_seed; tf.config.experimental.enable_op_determinism.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed must be a whole number, not {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must lie in 0 ≤ seed < 2**32, not {seed}")

    global _reproducible
    _reproducible = True
    seed = moved(int(seed))
    threadpool_limits(limits=1, user_api="blas")
    random.seed(seed)
    np.random.seed(seed)
    keras = sys.modules.get("keras")
    backend = keras.backend.backend() if keras else os.environ["KERAS_BACKEND"]
    if backend != "tensorflow":
        raise RuntimeError(
            f"This course runs Keras on TensorFlow, but Keras is set to run on {backend!r}. "
            "Restart the kernel without KERAS_BACKEND in the environment."
        )
    if keras or sys.modules.get("tensorflow"):
        _make_keras_reproducible(seed)
    else:
        _keras_to_come.seed = seed
        if _keras_to_come not in sys.meta_path:
            sys.meta_path.insert(0, _keras_to_come)


class _KerasToCome:
    """Makes Keras reproducible when it is imported: a notebook that trains nothing by it needs
    neither its three seconds nor its 400 MB.
    """

    def find_spec(self, name, path=None, target=None):
        """For the import system, which asks whatever stands on sys.meta_path."""
        if name not in ("keras", "tensorflow"):
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        found = [finder.find_spec(name, path, target) for finder in others]
        spec = next(filter(None, found), None)
        if spec:
            spec.loader.exec_module = partial(self._load, spec.loader.exec_module)
        return spec

    def _load(self, load, module):
        sys.meta_path.remove(self)
        streams = random.getstate(), np.random.get_state()
        load(module)
        _make_keras_reproducible(self.seed)
        # The import is as if it had been there before: what was drawn since the seed stays drawn.
        random.setstate(streams[0])
        np.random.set_state(streams[1])


_keras_to_come = _KerasToCome()


def _make_keras_reproducible(seed):
    import keras
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise RuntimeError(
            "TensorFlow has already computed something with more than one thread, so its numbers "
            "may differ from the book's. Restart the kernel and call reproducible(...) before any "
            "TensorFlow computation."
        ) from None
    tf.config.experimental.enable_op_determinism()
    tf.get_logger().setLevel("ERROR")  # it would warn on stderr that many models mean many graphs
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # a layer made earlier would have fixed it at float32
    keras.utils.set_random_seed(seed)
    if _nudging():
        _nudge_initialisers(keras)


def like_here():
    """A function that makes another process compute as this one does: for workers inherit nothing.

    Example: like_here()()
    """
    import keras
    import tensorflow as tf

    threading = tf.config.threading
    threads = (
        threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads(),
    )  # fmt: skip
    policy = keras.config.dtype_policy().name
    return partial(_compute, _reproducible, keras.config.floatx(), policy, threads)


def _compute(as_promised, floatx, policy, threads):
    import keras
    import tensorflow as tf

    threading = tf.config.threading
    if as_promised and not _reproducible:
        reproducible(0)
    if threading.get_intra_op_parallelism_threads() != threads[0]:
        threading.set_intra_op_parallelism_threads(threads[0])
        threading.set_inter_op_parallelism_threads(threads[1])
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


_reproducible = False


def rng(seed: int, *stream: int) -> np.random.Generator:
    """The random numbers of `seed`: for data, order of rows and noise, all are drawn from here.

    stream: whole numbers that tell one use of a seed from another, so that neither moves the other.

    Example: rng(3).standard_normal(5)
    """
    return np.random.default_rng([int(number) for number in (moved(seed), *stream)])


def seed_weights(seed: int) -> None:
    """Draw the weights of the next Keras model from `seed`, as keras.utils.set_random_seed would.

    Keras takes the seeds of its layers from Python's random numbers, so seeding these is enough.
    set_random_seed also empties TensorFlow's cache of operations, so that all compiled functions
    are slow once more; here that happens at every 100th model only, since a model leaves 0.25 MB in
    that cache.

    Give Dropout and GaussianNoise layers a `seed` of their own. Without one, a layer with rate 0
    draws no seed and one with rate 0.3 does, so that the layers after it start from other weights,
    and a pair is no pair.
    """
    global _seeded
    _seeded += 1
    if _seeded % 100 == 0:
        import tensorflow as tf

        tf.random.set_seed(seed)  # the public way to empty that cache
    random.seed(moved(seed))


_seeded = 0


def moved(seed: int) -> int:
    """`seed`, or, where the environment has REGBOOK_SEEDS=N, the one N further on: paired still.

    N is a multiple of 20, so that images move to another division. A replication sets it, and
    `claim` then reports.
    """
    return seed + (_shift() if _moving else 0)


def replicating() -> bool:
    """Are claims reported, instead of stopping the notebook? REGBOOK_SEEDS=0: on its own seeds."""
    return "REGBOOK_SEEDS" in os.environ


@contextmanager
def seeds_as_written():
    """What is drawn inside does not move: an exercise has one right answer."""
    global _moving
    before, _moving = _moving, False
    try:
        yield
    finally:
        _moving = before


_moving = True


def _shift() -> int:
    text = os.environ.get("REGBOOK_SEEDS", "0")
    if not (text.isascii() and text.isdigit() and int(text) % 20 == 0 and int(text) <= 10**9):
        raise ValueError(
            f"REGBOOK_SEEDS must be a multiple of 20 from 0 to 1000000000, not {text!r}"
        )
    return int(text)


def _nudging() -> bool:
    return os.environ.get("REGBOOK_NUDGE") == "1"


def nudged(array: np.ndarray) -> np.ndarray:
    """`array`, or, where the environment has REGBOOK_NUDGE=1, each number one last digit higher.

    A switch for the tests: what a notebook prints must not depend on the last bit of its data and
    of its initial weights, since that bit depends on the processor.
    """
    return np.nextafter(array, np.inf) if _nudging() else array


def _nudge_initialisers(keras):
    """Make every random Keras initialiser return nudged weights."""
    for initialiser in (
        keras.initializers.VarianceScaling,
        keras.initializers.RandomNormal,
        keras.initializers.RandomUniform,
    ):
        draw = initialiser.__call__
        if getattr(draw, "nudges", False):
            continue

        def draw_nudged(self, shape, dtype=None, draw=draw):
            return keras.ops.convert_to_tensor(
                nudged(keras.ops.convert_to_numpy(draw(self, shape, dtype)))
            )

        draw_nudged.nudges = True
        initialiser.__call__ = draw_nudged
