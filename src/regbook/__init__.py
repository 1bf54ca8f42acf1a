"""The helper package of the course: what distracts from the notebooks' story lives here.

Names load on first use, so that `import regbook` works in a broken environment and costs nothing.
"""

import os
from importlib import import_module

# TensorFlow and Keras read these once, when they are first imported. setdefault: a reader can still
# ask for the log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # 2.21 speaks on stderr of them; no digit moves

_HOME = {
    "reproducible": "numerics",
    "seed_weights": "numerics",
    "rng": "numerics",
    "noisy_xor": "data",
    "digits": "data",
    "diabetes": "data",
    "wave": "data",
    "for_seeds": "data",
    "split": "own_data",
    "experiment": "experiments",
    "Scores": "evidence",
    "compare": "evidence",
    "claim": "evidence",
    "Table": "tables",
    "Knob": "figures.knobs",
}
__all__ = [*_HOME, "plots"]


def __getattr__(name):
    if name == "plots":
        return import_module("regbook.figures.plots")
    if name == "reproducible":  # figures, too, look alike everywhere: plots sets their style
        import_module("regbook.figures.plots")
    if name in _HOME:
        try:
            return getattr(import_module(f"regbook.{_HOME[name]}"), name)
        except ModuleNotFoundError as error:
            if error.name not in ("keras", "tensorflow"):
                raise
            message = f"{name} trains networks, and {error.name} is not installed: see README.md"
            raise ModuleNotFoundError(message, name=error.name) from None
    raise AttributeError(f"regbook has no '{name}'; it has {', '.join(__all__)}")


def __dir__():
    return __all__
