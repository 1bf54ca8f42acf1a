"""One job: say before any training whether Keras models and data can be fitted together, and why not."""

import keras
import numpy as np

LOSSES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mean_squared_error")
_OPTIMISERS = (keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.AdamW)
_LAYERS = (keras.layers.Dense, keras.layers.Dropout, keras.layers.GaussianNoise, keras.layers.BatchNormalization)
_REGULARISERS = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
# Layer options that no chapter uses.
_UNSTACKED = (
    "activity_regularizer", "bias_constraint", "noise_shape", "gamma_regularizer", "beta_regularizer",
    "gamma_constraint", "beta_constraint", "lora_enabled", "quantization_mode", "renorm",
)  # fmt: skip
# Options that make an optimiser look at more than one weight at a time, or do more than its update rule.
_UNSUPPORTED = (
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "gradient_accumulation_steps",
    "loss_scale_factor",
)


def check_members(models):
    """Raise TypeError or ValueError, naming the member and the layer, unless the models can be fitted together."""
    if not isinstance(models, (list, tuple)) or not all(isinstance(m, keras.Sequential) for m in models):
        raise TypeError("models must be a list of keras.Sequential models")
    if not models:
        raise ValueError("models is empty: there is nothing to fit")
    if len({id(m) for m in models}) < len(models):
        raise ValueError("the same model stands in the list twice: build one model a member")
    first = None
    for number, model in enumerate(models):
        if not model.built:
            raise ValueError(f"member {number} has no input shape yet: begin it with keras.Input(shape=...)")
        if not model.compiled:
            raise ValueError(f"member {number} is not compiled: call model.compile(optimizer=..., loss=...) first")
        for layer in model.layers:
            _check_layer(number, layer)
        own = {
            "layers": [_shape(layer) for layer in model.layers],
            "input shape": model.input_shape,
            "number type": model.dtype,
            "loss": _loss_settings(number, model),
            "optimiser": _optimiser_settings(number, model),
        }
        first = first or own
        for what, value in own.items():
            if value != first[what]:
                raise ValueError(
                    f"members 0 and {number} differ in their {what}: {first[what]} and {value}. "
                    "Fit models of different kinds in separate calls."
                )


def loss_name(model):
    """The Keras name of the model's loss function, such as 'binary_crossentropy'."""
    loss = keras.losses.get(model.loss)
    return getattr(loss, "name", None) or loss.__name__


def price(regulariser):
    """(λ₁, λ₂) of an L1, L2 or L1L2 regulariser or None, rounded through float32, as Keras does."""
    return tuple(float(np.float32(getattr(regulariser, kind, 0.0))) for kind in ("l1", "l2"))


def check_data(model, members, x, y, name=""):
    """x and y as arrays for models like `model`, or a ValueError in the caller's words.

    Returns x of shape (rows, inputs) or (members, rows, inputs), and y of shape (members, rows, outputs), or
    (members, rows) where the loss takes class numbers.
    """
    x = check_inputs(model, members, x, name)
    y = np.asarray(y)
    if y.dtype.kind not in "biuf":
        raise TypeError(f"{name}y must hold numbers, not {y.dtype}")
    rows = x.shape[:-1]
    if y.shape[: len(rows)] != rows:
        raise ValueError(f"{name}x and y do not match: x has the shape {x.shape}, y {y.shape}")
    if not np.isfinite(y).all():
        raise ValueError(f"{name}y contains NaN or infinity")
    classes, sparse = model.output_shape[-1], loss_name(model) == "sparse_categorical_crossentropy"
    given = y.shape[len(rows) :]
    if sparse and given == (1,):
        y = y[..., 0]
    elif not sparse and given == () and classes == 1:
        y = y[..., None]
    elif given != (() if sparse else (classes,)):
        wanted = "one class number a row" if sparse else f"{classes} number(s) a row"
        raise ValueError(f"{name}y has the shape {y.shape}, but this loss takes {wanted}")
    if sparse and (y != np.clip(np.round(y), 0, classes - 1)).any():
        raise ValueError(f"{name}y must hold class numbers from 0 to {classes - 1}")
    if x.ndim == 2:
        y = np.broadcast_to(y, (members, *y.shape))
    return x, y.astype("int64" if sparse else model.dtype)


def check_inputs(model, members, x, name=""):
    """x as an array of shape (rows, inputs) or (members, rows, inputs), or a ValueError in the caller's words."""
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name}x must hold numbers, not {x.dtype}")
    inputs = model.input_shape[-1]
    if x.ndim not in (2, 3) or x.shape[-1] != inputs or (x.ndim == 3 and x.shape[0] != members):
        raise ValueError(
            f"{name}x must have the shape (rows, {inputs}), or ({members}, rows, {inputs}) with one data set "
            f"a member; it has {x.shape}"
        )
    if x.size == 0:
        raise ValueError(f"{name}x is empty: its shape is {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name}x contains NaN or infinity")
    return x.astype(model.dtype)


def check_seeds(seeds, members):
    """One whole number a member; 0, 1, 2, … where `seeds` is None."""
    if seeds is None:
        return np.arange(members)
    seeds = np.asarray(seeds)
    if seeds.shape != (members,) or seeds.dtype.kind not in "iu" or (seeds < 0).any():
        raise ValueError(f"seeds must be {members} whole numbers of at least 0, one a member")
    return seeds


def check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")


def _check_layer(number, layer):
    if type(layer) not in _LAYERS:
        raise ValueError(
            f"member {number}: the layer '{layer.name}' is a {type(layer).__name__}; "
            f"fit_together can stack Input, {', '.join(kind.__name__ for kind in _LAYERS)}"
        )
    if not (getattr(layer, "center", True) and getattr(layer, "scale", True)):
        raise ValueError(f"member {number}: '{layer.name}' is without center or scale, which can't be stacked")
    if not 0 <= getattr(layer, "rate", 0) < 1:
        raise ValueError(f"member {number}: the rate of '{layer.name}' is {layer.rate}; it must lie in 0 ≤ rate < 1")
    if not layer.trainable:
        raise ValueError(
            f"member {number}: the layer '{layer.name}' is frozen (trainable=False), which can't be stacked"
        )
    for kind in ("kernel_regularizer", "bias_regularizer"):
        regulariser = getattr(layer, kind, None)
        if regulariser and type(regulariser) not in _REGULARISERS:
            raise ValueError(f"member {number}: the {kind} of '{layer.name}' must be L1, L2 or L1L2")
        if not all(0 <= strength < np.inf for strength in price(regulariser)):
            raise ValueError(
                f"member {number}: the {kind} of '{layer.name}' has the strength {price(regulariser)}; "
                "it must be a finite number of at least 0"
            )
    constraint = getattr(layer, "kernel_constraint", None)
    if constraint and (type(constraint) is not keras.constraints.MaxNorm or constraint.axis != 0):
        raise ValueError(f"member {number}: the kernel_constraint of '{layer.name}' must be MaxNorm(axis=0)")
    for kind in _UNSTACKED:
        if getattr(layer, kind, None):
            raise ValueError(f"member {number}: '{layer.name}' has {kind}, which can't be stacked")


def _shape(layer):
    """What must be the same for all members: the layer's kind, size and activation, as text for the error message."""
    config = layer.get_config()
    names = ("units", "activation", "use_bias", "axis", "momentum", "epsilon", "center", "scale")
    settings = [f"{name}={config[name]}" for name in names if name in config]
    if getattr(layer, "kernel_constraint", None):
        settings.append("kernel_constraint=MaxNorm")
    return f"{type(layer).__name__}({', '.join(settings)})"


def _loss_settings(number, model):
    if loss_name(model) not in LOSSES:
        raise ValueError(f"member {number}: the loss must be one of {', '.join(LOSSES)}, not {loss_name(model)}")
    loss = keras.losses.get(model.loss)
    return (loss_name(model), loss.get_config() if isinstance(loss, keras.losses.Loss) else {})


def _optimiser_settings(number, model):
    optimiser = model.optimizer
    if type(optimiser) not in _OPTIMISERS:
        raise ValueError(f"member {number}: the optimiser must be SGD, Adam or AdamW, not {type(optimiser).__name__}")
    settings = optimiser.get_config()
    del settings["name"]
    for option in _UNSUPPORTED:
        if settings[option]:
            raise ValueError(
                f"member {number}: fit_together does not support the optimiser's {option}={settings[option]}"
            )
    # Keras keeps what AdamW leaves undecayed in a private place only.
    settings["decays"] = [optimiser._use_weight_decay(w) for w in model.weights]
    return (type(optimiser).__name__, settings)
