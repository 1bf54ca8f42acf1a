"""Which Keras models are fitted all at once, and which of them one compiled program can serve.

Two models are of one kind where Keras's own `get_config` says the same of both, but for the numbers
that each may have for itself: strengths of penalties, rates and sizes of noise, limits of MaxNorm,
learning rate and weight decay. What is listed here is all that is taken; an option that is not
listed has to be switched off, so that none is forgotten.
"""

import keras
import numpy as np
from keras import layers, losses, optimizers
from keras.constraints import MaxNorm
from keras.regularizers import L1, L1L2, L2

SPATIAL = (layers.SpatialDropout1D, layers.SpatialDropout2D)
NOISY = (layers.Dropout, *SPATIAL, layers.GaussianNoise)
_LAYERS = (
    layers.Dense, layers.Conv1D, layers.Conv2D, layers.MaxPooling1D, layers.MaxPooling2D,
    layers.AveragePooling1D, layers.AveragePooling2D, layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D, layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D,
    layers.Flatten, layers.Reshape, layers.LayerNormalization, layers.BatchNormalization,
    layers.Activation, *NOISY,
)  # fmt: skip
_LOSSES = {
    "binary_crossentropy": losses.BinaryCrossentropy,
    "categorical_crossentropy": losses.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": losses.SparseCategoricalCrossentropy,
    "mean_squared_error": losses.MeanSquaredError,
}
_OPTIMISERS = (optimizers.SGD, optimizers.Adam, optimizers.AdamW)
_OF_WEIGHTS = {"regularizer": (type(None), L1, L2, L1L2), "constraint": (type(None), MaxNorm)}

# Options in which the models of a kind agree.
_AGREED = {
    "units", "filters", "kernel_size", "pool_size", "strides", "padding", "dilation_rate",
    "use_bias", "target_shape", "axis", "momentum", "epsilon", "center", "scale", "rms_scaling",
    "keepdims", "renorm_momentum", "from_logits", "label_smoothing", "nesterov", "beta_1", "beta_2",
    "amsgrad", "ema_momentum",
}  # fmt: skip
# Options that are a model's own, that mean nothing once it is built, or that are looked at apart.
_APART = {"name", "dtype", "seed", "rate", "stddev", "learning_rate", "weight_decay", "activation"}
# Every other option has to be switched off: None or False, but for these.
_OFF = {
    "trainable": True, "data_format": "channels_last", "groups": 1,
    "reduction": "sum_over_batch_size",
}  # fmt: skip


def kind_of(model):
    """What a model has in common with all that the same compiled program can train, to compare.

    Raises ValueError, naming the layer or the option, where it can't be trained with others.
    """
    if not isinstance(model, keras.Sequential) or not model.built or None in model.input_shape[1:]:
        raise ValueError("it is no keras.Sequential that begins with keras.Input(shape)")
    if not model.trainable_weights:
        raise ValueError("it has no weights to train")
    # What is not listed is named, and left to `model.fit`, so that it is not trained wrongly.
    loss, optimiser = loss_of(model), model.optimizer
    _check_type("its loss", loss, _LOSSES.values())
    _check_type("its optimiser", optimiser, _OPTIMISERS)
    if model.get_compile_config()["loss_weights"] not in (None, 1):
        raise ValueError("its loss_weights can't be fitted with others")
    settings = optimiser.get_config()
    if isinstance(settings["learning_rate"], dict):
        raise ValueError("its learning rate follows a schedule, which can't be fitted with others")
    return (
        model.input_shape[1:],
        *(
            _kind_of_layer(*layer, model.layers[0].variable_dtype)
            for layer in enumerate(model.layers)
        ),
        (type(loss), _agreed("its loss", loss.get_config())),
        (type(optimiser), _agreed("its optimiser", settings), bool(settings["weight_decay"])),
        has_l1(model),
    )


def check_model(model):
    """Raise ValueError where not even `model.fit` can train the model as an experiment does."""
    if not model.compiled:
        raise ValueError("the model is not compiled: call model.compile(optimizer=..., loss=...)")
    if model.loss is None:
        raise ValueError("the model is compiled without a loss, so nothing says what is better")
    for what in ("inputs", "outputs"):
        if len(getattr(model, what, None) or [None]) > 1:
            raise ValueError(f"the model has several {what}; an experiment takes models of one")


def loss_of(model):
    """The loss that `model` was compiled with as an object of Keras, however it was named."""
    loss = list(model.loss.values()) if isinstance(model.loss, dict) else model.loss
    if isinstance(loss, (list, tuple)) and len(loss) == 1:  # meant for models of several outputs
        loss = loss[0]
    # A name such as "mse" gives a function, and its class is what knows the options.
    loss = losses.get(loss)
    name = getattr(loss, "__name__", None)
    return _LOSSES[name]() if name in _LOSSES and loss is losses.get(name) else loss


def has_l1(model):
    """Is there an L1 penalty? Few models have one, so its slope is computed for their kind only."""
    return any(getattr(weight.regularizer, "l1", 0) for weight in model.trainable_weights)


def noisy_layers(model):
    return [layer for layer in model.layers if isinstance(layer, NOISY)]


def numbers_of(model):
    """What a model may have for itself, {what: a row of numbers}.

    l1, l2, decay: of each weight array. noise: rate or size of each noisy layer. limits: of each
    MaxNorm. step: the learning rate. Strengths and decay are as Keras uses them, rounded.
    """
    weights, settings = model.trainable_weights, model.optimizer.get_config()
    strengths = {
        what: np.array([_as_used(getattr(weight.regularizer, what, 0)) for weight in weights])
        for what in ("l1", "l2")
    }
    # Keras keeps in private which weights were excluded from the decay.
    decays = np.array([model.optimizer._use_weight_decay(weight) for weight in weights])
    # Dropout calls it rate, GaussianNoise stddev.
    noise = [layer.get_config() for layer in noisy_layers(model)]
    return strengths | {
        "decay": np.float32(settings["weight_decay"] or 0) * decays,
        "noise": np.array([config.get("rate", config.get("stddev")) for config in noise]),
        "limits": np.array([w.constraint.max_value for w in weights if w.constraint]),
        "step": np.array([settings["learning_rate"]]),
    }


# Keras 3.15 uses a strength of 0.01 as the nearest number of 32 bits, Keras 3.13 as it is; what the
# penalty of a single 1 is says it for all.
def _as_used(strength):
    return float(L2(float(strength))(np.ones(1)))


def _check_type(where, thing, taken):
    if type(thing) not in taken:
        name = getattr(thing, "__name__", type(thing).__name__)
        raise ValueError(f"{where}, {name}, can't be fitted with others")


# The options of `config` in which models of a kind agree, as text.
def _agreed(where, config):
    ending = tuple(f"_{what}" for what in (*_OF_WEIGHTS, "initializer"))
    # An option passes that is compared, that is looked at elsewhere, or that is switched off.
    for option, value in config.items():
        of_weight = option.endswith(ending) and option != "activity_regularizer"
        off = value == _OFF[option] if option in _OFF else value is None or value is False
        if not (option in _AGREED | _APART or of_weight or off):
            raise ValueError(f"{where} has {option}, which can't be fitted with others")
    return repr(sorted((option, config[option]) for option in _AGREED & set(config)))


def _kind_of_layer(place, layer, number_type):
    # Its place, for the names that Keras makes up count on from model to model.
    where, activation = f"its layer {place + 1}", getattr(layer, "activation", None)
    _check_type(where, layer, _LAYERS)
    if not layer.compute_dtype == layer.variable_dtype == number_type:
        raise ValueError(f"{where} computes in {layer.compute_dtype}, others in {number_type}")
    if isinstance(activation, keras.Layer):
        raise ValueError(f"{where} has a layer as its activation")
    if getattr(layer, "rate", 0) == 1:
        raise ValueError(f"{where} has the rate 1, which drops everything")
    for weight in layer.weights:
        for what, taken in _OF_WEIGHTS.items():
            _check_type(f"the {weight.name}_{what} of {where}", getattr(weight, what), taken)
    # An activation is compared by identity, since two functions of one name may differ.
    weights = [(weight.name, tuple(weight.shape)) for weight in layer.weights]
    axes = [getattr(weight.constraint, "axis", None) for weight in layer.weights]
    return (
        type(layer),
        _agreed(where, layer.get_config()),
        number_type,
        activation,
        repr((weights, axes)),
    )
