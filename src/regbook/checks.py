"""One job: say before any training whether Keras models and data can be fitted together, and why not."""

import keras
import numpy as np
from keras import constraints, layers

# All layers that are taken; every other one is refused.
SPATIAL = (layers.SpatialDropout1D, layers.SpatialDropout2D)
NOISY = (layers.Dropout, *SPATIAL, layers.GaussianNoise)
_LAYERS = (
    layers.Dense, layers.Conv1D, layers.Conv2D, layers.MaxPooling1D, layers.MaxPooling2D, layers.AveragePooling1D,
    layers.AveragePooling2D, layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D, layers.Flatten, layers.Reshape, layers.LayerNormalization,
    layers.BatchNormalization, layers.Activation, *NOISY,
)  # fmt: skip
_LOSSES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mean_squared_error")
_OPTIMISERS = (keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.AdamW)
_REGULARISERS = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
_CONSTRAINTS = (constraints.MaxNorm, constraints.MinMaxNorm, constraints.NonNeg, constraints.UnitNorm)
# Options of layers that are refused, with the value that switches each off.
_LAYER_OPTIONS = {
    "trainable": True, "activity_regularizer": None, "groups": 1, "data_format": "channels_last", "renorm": False,
    "lora_enabled": False, "quantization_mode": None,
}  # fmt: skip
# Options that must be the same for all members; the others are numbers of the member, or of no use once it is built.
_OPTIONS = (
    "units", "filters", "activation", "use_bias", "kernel_size", "pool_size", "strides", "padding", "dilation_rate",
    "keepdims", "target_shape", "axis", "momentum", "epsilon", "center", "scale", "rms_scaling", "synchronized",
    "noise_shape",
)  # fmt: skip
# Options that make an optimiser look at more than one weight at a time, or do more than its update rule.
_OPTIMISER_OPTIONS = (
    "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "gradient_accumulation_steps", "loss_scale_factor",
)  # fmt: skip


def common_shape(models):
    """What is the same for all `models`, as text: all but weights, strengths, rates, limits and the learning rate.

    Raises TypeError or ValueError, naming the member and the layer, unless they can be fitted together.
    """
    if not isinstance(models, (list, tuple)) or not all(isinstance(m, keras.Sequential) for m in models):
        raise TypeError("models must be a list of keras.Sequential models")
    if not models:
        raise ValueError("models is empty: there is nothing to fit")
    if len({id(m) for m in models}) < len(models):
        raise ValueError("the same model stands in the list twice: build one model per member")
    first = None
    for number, model in enumerate(models):
        if not model.built:
            raise ValueError(f"member {number} has no input shape yet: begin it with keras.Input(shape=...)")
        if not model.compiled:
            raise ValueError(f"member {number} is not compiled: call model.compile(optimizer=..., loss=...) first")
        own = _shape(number, model)
        first = first or own
        for what in first | own:
            if own.get(what) != first.get(what):
                one, other = (getattr(shape.get(what), "__name__", shape.get(what)) for shape in (first, own))
                raise ValueError(
                    f"members 0 and {number} differ in {what}: {one} and {other}. "
                    "Fit models of different kinds in separate calls."
                )
    return repr({what: value for what, value in first.items() if what not in ("the learning rate", "the weight decay")})


def kind_of(model):
    """As text, what two settings share that are fitted at once: their `common_shape`, and the optimiser whole."""
    return f"{common_shape([model])} {model.optimizer.get_config() | {'name': None}}"


def loss_name(model):
    """The Keras name of the model's loss function, such as 'binary_crossentropy'."""
    loss = keras.losses.get(model.loss)
    return getattr(loss, "name", None) or getattr(loss, "__name__", None)


def check_data(stack, members, x, y, name=""):
    """x and y as arrays (sources, rows, …) for the models of `stack`: one source for all members, or one per member.

    Raises TypeError or ValueError in the caller's words.
    """
    for_all = np.ndim(x) == len(stack.inputs) + 1
    x, y = check_inputs(stack, members, x, name), np.asarray(y)
    if y.dtype.kind not in "biuf":
        raise TypeError(f"{name}y must hold numbers, not {y.dtype}")
    given = x.shape[1:] if for_all else x.shape
    y = y[None] if for_all else y
    if y.shape[:2] != x.shape[:2]:
        raise ValueError(f"{name}x and y do not match: x has the shape {given}, y {y.shape[for_all:]}")
    if not np.isfinite(y).all():
        raise ValueError(f"{name}y contains NaN or infinity")
    sparse, outputs = stack.loss == "sparse_categorical_crossentropy", stack.outputs
    wanted = outputs[:-1] if sparse else outputs
    if sparse and y.shape[2:] == (*wanted, 1):
        y = y[..., 0]
    elif not sparse and outputs[-1] == 1 and y.shape[2:] == outputs[:-1]:
        y = y[..., None]
    if y.shape[2:] != wanted:
        takes = "class numbers" if sparse else "numbers"
        raise ValueError(
            f"{name}y has the shape {y.shape[for_all:]}, but this model takes {takes} of the shape {wanted} per row"
        )
    if sparse and (y != np.clip(np.round(y), 0, outputs[-1] - 1)).any():
        raise ValueError(f"{name}y must hold class numbers from 0 to {outputs[-1] - 1}")
    return x, y.astype("int64" if sparse else stack.dtype, copy=False)


def check_inputs(stack, members, x, name=""):
    """x as an array (sources, rows, …) for the models of `stack`. Raises as `check_data` does."""
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name}x must hold numbers, not {x.dtype}")
    row, sources = ", ".join(map(str, stack.inputs)), x.shape[: -len(stack.inputs) - 1]
    if x.shape[x.ndim - len(stack.inputs) :] != stack.inputs or sources not in ((), (members,)) or x.ndim < 2:
        raise ValueError(
            f"{name}x must have the shape (rows, {row}), or ({members}, rows, {row}) with one data set per member; "
            f"it has {x.shape}"
        )
    if x.size == 0:
        raise ValueError(f"{name}x is empty: its shape is {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name}x contains NaN or infinity")
    return (x if sources else x[None]).astype(stack.dtype, copy=False)


def check_seeds(seeds, members):
    """One whole number per member; 0, 1, 2, … where `seeds` is None."""
    if seeds is None:
        return np.arange(members)
    seeds = np.asarray(seeds)
    if seeds.shape != (members,) or seeds.dtype.kind not in "iu" or (seeds < 0).any():
        raise ValueError(f"seeds must be {members} whole numbers of at least 0, one per member")
    return seeds


def check_count(name, value):
    """Raise ValueError unless `value`, called `name`, is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")


def _shape(number, model):
    """What must be the same for all members: one entry for each thing that can differ, under the name to tell it by."""
    for layer in model.layers:
        _check_layer(f"member {number}: the layer '{layer.name}'", layer, model.layers[0].variable_dtype)
    if None in model.input_shape[1:]:
        raise ValueError(f"member {number}: its input shape {model.input_shape[1:]} leaves a size open")
    if not model.trainable_weights:
        raise ValueError(f"member {number} has no weights to train")
    shape = {
        "the input shape": model.input_shape[1:],
        "the number type": model.layers[0].variable_dtype,
        "the layers": [type(layer).__name__ for layer in model.layers],
    }
    for place, layer in enumerate(model.layers):
        shape |= {f"{name} of layer {place}": getattr(layer, name) for name in _OPTIONS if hasattr(layer, name)}
        for weight in layer.weights:
            shape[f"{weight.name} of layer {place}"] = (weight.shape, weight.trainable)
            if weight.constraint:
                settings = weight.constraint.get_config()
                if type(weight.constraint) is constraints.MaxNorm:
                    del settings["max_value"]
                shape[f"{weight.name}_constraint of layer {place}"] = type(weight.constraint).__name__, settings
    return shape | _loss_settings(number, model) | _optimiser_settings(number, model)


def _check_layer(where, layer, number_type):
    if type(layer) not in _LAYERS:
        names = ", ".join(kind.__name__ for kind in _LAYERS)
        raise ValueError(
            f"{where}, of the kind {type(layer).__name__}, can't be taken; fit_together takes Input, {names}"
        )
    for option, off in _LAYER_OPTIONS.items():
        if getattr(layer, option, off) != off:
            raise ValueError(f"{where} has {option}={getattr(layer, option)}, which can't be stacked")
    if not layer.compute_dtype == layer.variable_dtype == number_type:
        raise ValueError(f"{where} computes in {layer.compute_dtype}, others of its model in {number_type}")
    if isinstance(getattr(layer, "activation", None), keras.Layer):
        raise ValueError(f"{where} has a layer as its activation: write the {type(layer.activation).__name__} below it")
    if not 0 <= getattr(layer, "rate", 0) < 1:
        raise ValueError(f"{where} has the rate {layer.rate}; it must lie in 0 ≤ rate < 1")
    if not 0 <= getattr(layer, "stddev", 0) < np.inf:
        raise ValueError(f"{where} has the stddev {layer.stddev}; it must be a finite number of at least 0")
    if (getattr(layer, "noise_shape", None) or (None,))[0] is not None:
        raise ValueError(
            f"{where} has the noise_shape {layer.noise_shape}, which begins with the rows: write None there"
        )
    for weight in layer.trainable_weights:
        regulariser, constraint = weight.regularizer, weight.constraint
        if regulariser and type(regulariser) not in _REGULARISERS:
            raise ValueError(f"{where}: its {weight.name}_regularizer must be L1, L2 or L1L2")
        for strength in (getattr(regulariser, "l1", 0), getattr(regulariser, "l2", 0)):
            if not 0 <= strength < np.inf:
                raise ValueError(
                    f"{where}: its {weight.name}_regularizer has the strength {strength}; "
                    "it must be a finite number of at least 0"
                )
        if constraint and type(constraint) not in _CONSTRAINTS:
            names = ", ".join(kind.__name__ for kind in _CONSTRAINTS)
            raise ValueError(f"{where}: its {weight.name}_constraint must be one of {names}")


def _loss_settings(number, model):
    if loss_name(model) not in _LOSSES:
        raise ValueError(f"member {number}: the loss must be one of {', '.join(_LOSSES)}, not {loss_name(model)}")
    loss = keras.losses.get(model.loss)
    settings = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    if settings.get("reduction", "sum_over_batch_size") != "sum_over_batch_size":
        raise ValueError(
            f"member {number}: the loss must be the mean over rows, not reduction={settings['reduction']!r}"
        )
    if model.get_compile_config()["loss_weights"] not in (None, 1):
        raise ValueError(f"member {number}: fit_together can't take loss_weights")
    return {"the loss": (loss_name(model), settings)}


def _optimiser_settings(number, model):
    optimiser = model.optimizer
    if type(optimiser) not in _OPTIMISERS:
        raise ValueError(f"member {number}: the optimiser must be SGD, Adam or AdamW, not {type(optimiser).__name__}")
    settings = optimiser.get_config()
    del settings["name"]
    for option in _OPTIMISER_OPTIONS:
        if settings[option]:
            raise ValueError(f"member {number}: fit_together can't take the optimiser's {option}={settings[option]}")
    rate, decay = settings.pop("learning_rate"), settings.pop("weight_decay")
    return {
        # A schedule is compiled in, and so is whether there is a decay. Keras keeps what it leaves out in private.
        "the optimiser": (type(optimiser).__name__, settings, rate if isinstance(rate, dict) else "a number"),
        "what decays": (bool(decay), [optimiser._use_weight_decay(w) for w in model.trainable_weights]),
        "the learning rate": rate,
        "the weight decay": decay,
    }
