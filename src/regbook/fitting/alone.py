"""Any model that `model.fit` takes, trained by one `model.fit`, on the rows in its seed's order.

Keras is fed by a generator: an object with `__getitem__`, such as a PyDataset, would be read one
order ahead, and a loop of fits of one epoch each would begin its callbacks anew in every epoch.
"""

import random
from contextlib import contextmanager
from itertools import count

import keras
import numpy as np
from joblib import Parallel, delayed

from regbook.fitting.judge import Judge
from regbook.fitting.kinds import loss_of
from regbook.fitting.progress import progress
from regbook.fitting.rows import changed_rows, naming
from regbook.numerics import like_here, moved, rng

_ROWS = 1024  # that a model is shown at a time where it is not trained
# Arguments of `model.fit` that are not a setting's to decide, and what decides them.
_DECIDED = dict.fromkeys(("x", "y", "validation_data", "validation_split"), "the data set")
_DECIDED |= dict.fromkeys(
    ("epochs", "batch_size", "initial_epoch", "steps_per_epoch"), "experiment"
)
_DECIDED["shuffle"] = "the seed"


def check_options(options, judge):
    """Raise TypeError or ValueError where a setting's arguments of `model.fit` can't be taken.

    judge: that of the setting's models, which knows what the labels are.
    """
    if not isinstance(options, dict):
        raise TypeError(f"'fit' must be a dictionary of arguments of model.fit, not {options!r}")
    for name, value in options.items():
        if name in _DECIDED:
            raise ValueError(f"'fit' names {name}, which {_DECIDED[name]} decides")
        if name not in ("callbacks", "class_weight", "sample_weight"):
            raise ValueError(f"'fit' names {name}; it takes callbacks, class_weight, sample_weight")
        if name != "class_weight" and not callable(value):
            takes = "(x, y) → (rows,)" if name == "sample_weight" else "() → a list"
            raise ValueError(f"'fit' needs {name} as a function, {takes}, called for each model")
    if "class_weight" in options:
        classes = range(max(judge.outputs[-1], 2) if judge.has_accuracy else 0)
        given = options["class_weight"]
        # Keras passes over a class that it does not know, without a word.
        if len(judge.outputs) > 1 or not isinstance(given, dict) or set(given) - set(classes):
            raise ValueError(
                f"'fit' needs class_weight as a dictionary, {{class: weight}}, of the classes "
                f"{', '.join(map(str, classes)) or '(this loss has none)'}, not {given!r}"
            )


def train_alone(tasks):
    """What `_trained` gives for each of the tasks, dictionaries of its arguments, in their order.

    They run in this process, or where `joblib.parallel_config` sends them: workers are told how to
    compute, for they inherit nothing. A cluster is another backend of joblib:

        with Client(LocalCluster(n_workers=2)), parallel_config("dask"):  # of dask.distributed
            experiment(...)
    """
    there = like_here()
    fits = Parallel(return_as="generator")(delayed(_train)(there, task) for task in tasks)
    return list(progress(fits, total=len(tasks), desc="model.fit", unit="model"))


def built(build, arguments, sample):
    """A model that has its weights, which some make when they first see rows."""
    model = build(**arguments)
    if not model.built:
        model(sample)
    return model


def outputs_of(model, x):
    """(rows, …): what a model says of x. Raises ValueError where that is no array."""
    parts = [model.predict_on_batch(x[start : start + _ROWS]) for start in range(0, len(x), _ROWS)]
    if not isinstance(parts[0], np.ndarray):
        raise ValueError(
            f"the model returns a {type(parts[0]).__name__}; an experiment takes models of one "
            "output, an array"
        )
    return np.concatenate(parts)


def measure(model, judge, x, y):
    """(loss, accuracy) of a model on rows."""
    return judge.sums(y, outputs_of(model, x)).numpy() / len(x)


def _train(there, task):
    there()
    with _seeded(task["seed"]):
        return _trained(**task)


# Train one model: {what: (epochs,)} or, of what is measured at the end, (1,); its last weights, and
# those of the epoch of smallest validation loss, lists of arrays; and for how many epochs it ran.
def _trained(name, build, arguments, change, options, weights, rows, held_out, seed, epochs,
           batch_size, training_curves):  # fmt: skip
    model = built(build, arguments, rows[0][:1])
    model.set_weights(weights)
    # Its loss and outputs are those of the plan; a worker finds them out by itself.
    outputs = tuple(outputs_of(model, rows[0][:1]).shape[1:])
    judge = Judge(loss_of(model), outputs, keras.config.floatx())
    keeper = _Keeper(judge, rows if training_curves else None, held_out)
    batches, failed = _batches(change, options, judge, *rows, seed, batch_size), []
    how = {"epochs": epochs, "steps_per_epoch": -(-len(rows[0]) // batch_size), "shuffle": False}
    with naming(name):
        given = options.get("callbacks", list)()
        if not isinstance(given, list):
            raise TypeError(f"callbacks must return a list, not {given!r}")
        try:
            model.fit(_noting(batches, failed), **how, verbose=0, callbacks=[keeper, *given])
        except Exception as error:
            if failed:
                raise failed[0] from None
            reason = str(error).strip().partition("\n")[0]
            raise ValueError(f"model.fit refuses it: {reason}") from error
    ran = len(keeper.seen)
    # A callback may have left other weights than those of the last epoch, or have ended early.
    end = _scores(model, judge, rows, held_out)
    if not all(np.isfinite(values).all() for values in model.get_weights()):
        end["loss"] = np.nan
    if not np.isfinite([end[what] for what in ("loss", "val_loss") if what in end]).all():
        raise FloatingPointError(
            f"the loss of '{name}', seed {seed}, stopped being a number in epoch {ran} of "
            f"{epochs}: try a smaller learning rate"
        )
    # The end stands for the last epoch and for all that a callback left out.
    seen = [*keeper.seen[:-1], *[end] * (epochs - ran + 1)]
    curves = {what: [scores.get(what) for scores in seen] for what in end}
    # What was measured at the end alone is a curve of one place.
    curves = {what: np.array(v[-1:] if v[0] is None else v, float) for what, v in curves.items()}
    return curves, model.get_weights(), keeper.best or model.get_weights(), ran


# From `seed`, all that a model draws: its masks and noise, and what its own layers draw.
@contextmanager
def _seeded(seed):
    begin, draws = keras.random.SeedGenerator.__init__, random.Random(moved(seed))
    keras.utils.set_random_seed(moved(seed))

    # Keras would draw seeds of layers from Python's stream, from which a worker's other threads
    # draw as well.
    def begun(generator, seed=None, *arguments, **options):
        seed = draws.randint(1, 10**9) if seed is None else seed
        begin(generator, seed, *arguments, **options)

    keras.random.SeedGenerator.__init__ = begun
    try:
        yield
    finally:
        keras.random.SeedGenerator.__init__ = begin


def _scores(model, judge, rows, held_out):
    scores = {}
    if rows is not None:
        scores["loss"], scores["accuracy"] = measure(model, judge, *rows)
        priced = [weight for weight in model.trainable_weights if weight.regularizer]
        scores["penalty"] = sum(float(weight.regularizer(weight)) for weight in priced)
    if held_out is not None:
        scores["val_loss"], scores["val_accuracy"] = measure(model, judge, *held_out)
    return scores


class _Keeper(keras.callbacks.Callback):
    """Measures at the end of each epoch and keeps the best weights. Callbacks after it read
    `val_loss` and `val_accuracy`, the former without penalty."""

    def __init__(self, judge, rows, held_out):
        super().__init__()
        self._how, self.seen, self.best, self._smallest = (judge, rows, held_out), [], None, np.inf

    def on_epoch_end(self, epoch, logs=None):
        scores = _scores(self.model, *self._how)
        self.seen.append(scores)
        logs |= {what: scores[what] for what in scores if what.startswith("val_")}
        loss = scores.get("val_loss", np.inf)
        # No epoch can mend it.
        if not np.isfinite(scores.get("val_loss", 0.0)):
            self.model.stop_training = True  # what is wrong is told after the fit
        if loss < self._smallest:
            self.best, self._smallest = self.model.get_weights(), loss


# What `batches` gives; its error is kept, for Keras tells of it in a trace of its own.
def _noting(batches, failed):
    try:
        yield from batches
    except Exception as error:
        failed.append(error)
        raise


# The batches of all epochs, without end, in the order that the seed draws.
def _batches(change, options, judge, x, y, seed, batch_size):
    orders, changes = rng(seed, 0), rng(seed, 0, 1)
    for epoch in count():
        order = orders.permutation(len(x))
        # The rows of the epoch are made first and put in order then, as everywhere.
        rows = changed_rows(change, judge, epoch, x, y, changes) if change else (x, y)
        rows = (*rows, *_row_weights(options, judge, *rows))
        for start in range(0, len(x), batch_size):
            yield tuple(values[order[start : start + batch_size]] for values in rows)


# Weights of the rows, or nothing: Keras takes weights of classes from arrays only.
def _row_weights(options, judge, x, y):
    if not {"class_weight", "sample_weight"} & set(options):
        return []
    classes = y.argmax(axis=-1) if judge.takes_columns else np.reshape(y, len(y))
    # A class that is not named weighs 1, as in Keras.
    of_classes = options.get("class_weight") or {}
    weights = np.array([of_classes.get(label, 1.0) for label in classes.tolist()])
    if "sample_weight" in options:
        of_rows = np.asarray(options["sample_weight"](x, y))
        if of_rows.shape != weights.shape:
            raise ValueError(f"sample_weight made the shape {of_rows.shape}, not {weights.shape}")
        weights = weights * of_rows
    return [weights]
