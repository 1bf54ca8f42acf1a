"""One job: fit settings × seeds, paired by construction; let methods choose; open the test set once.

Of a seed, the initial weights depend on the place of a layer among those with a kernel, its shape and its initialiser
only; its rows come in one order; its noise depends on the place of a noisy layer among the noisy ones. So two settings
differ in what they name, and in nothing else.
"""

import random
from dataclasses import dataclass, field
from inspect import signature

import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from regbook.checks import check_count, check_data, check_inputs, kind_of
from regbook.data import DataSet
from regbook.evidence import METRICS, Shown, Table, Verdict, compare, mean_and_error
from regbook.numerics import moved, rng
from regbook.stack import settings_of, stack_of, write_weights
from regbook.together import sources, train


def experiment(build, settings, data, *, epochs, batch_size=32):
    """Fit every setting on every seed of `data`, all at once, and keep each run's last and best weights.

    build: a function of the settings' names that returns a compiled Keras Sequential model. No seed is needed in it.
    settings: {name: what `build` is called with}. Besides, a setting may hold `each_epoch`, a function (epoch, x, y,
        random) → (x, y) that makes the rows of an epoch for one seed, from 0 on; or it is itself an object with `fit`
        and `predict`, such as scikit-learn's: a rival that is no network, fitted afresh for every seed.
    data: a DataSet whose test part was never opened. epochs, batch_size: as in `model.fit`.

    Returns Runs: a table that shows itself, with `choose`, `open_test`, `curve`, `predict` and `model`.
    Raises TypeError or ValueError, naming the setting, before any training, and FloatingPointError where a loss stops
    being a number.

    Example: experiment(build, {"plain": {}, "L2": {"strength": 0.01}}, noisy_xor(), epochs=30)
    """
    check_count("epochs", epochs)
    check_count("batch_size", batch_size)
    _check_data_set(data)
    _check_settings(build, settings)
    threadpool_limits(limits=1, user_api="openmp")  # on two threads boosted trees wait 30 times longer than they work
    groups, runs = {}, {}
    for name, setting in settings.items():
        if isinstance(setting, dict):
            model = build(**_arguments(setting))
            groups.setdefault(_named(name, kind_of, model), {})[name] = model
    jobs = [_Job(part, settings, data) for models in groups.values() for part in _parts(models, len(data.seeds))]
    while jobs:  # a job keeps what it compiled
        runs |= jobs.pop(0).fit(epochs, batch_size)
    for name, setting in settings.items():
        if name not in runs:
            runs[name] = _Others(
                [clone(setting, safe=False).fit(x, y) for x, y in zip(data.train.x, data.train.y)], data
            )
    return Runs(data, build, settings, {name: runs[name] for name in settings})


@dataclass(frozen=True)
class Choice:
    """A method with its choosing: the setting that each seed took, and whether it is read where it was stopped."""

    picks: tuple
    stopped: bool = False

    def __str__(self):
        names = dict.fromkeys(self.picks)
        return ", ".join(f"{name} in {self.picks.count(name)}" for name in names) if len(names) > 1 else self.picks[0]


@dataclass(frozen=True, repr=False)
class Runs(Shown):
    """What an experiment saw: for each setting and seed the curves, and the weights at the last and the best epoch."""

    data: DataSet
    build: object
    settings: dict
    _runs: dict
    _opened: list = field(default_factory=list)

    def choose(self, *names, stopped=False) -> Choice:
        """Let each seed choose among the settings `names` of one method: smallest loss on its own validation rows.

        stopped: at the epoch of smallest validation loss, instead of at the last. Ties go to the first name.

        Example: runs.choose("L2 0.003", "L2 0.01")
        """
        if not names:
            raise ValueError("choose needs the names of settings")
        seen = [self._run(name).seen("validation", stopped) for name in names]
        if len({tuple(scores) for scores in seen}) > 1:
            raise ValueError(f"{', '.join(names)} can't be compared: some have no probabilities, and so no log loss")
        losses = [scores.get("log loss", scores.get("error", 1 - scores.get("accuracy", 0))) for scores in seen]
        return Choice(tuple(names[pick] for pick in np.argmin(losses, axis=0)), stopped)

    def open_test(self, methods) -> "Scores":
        """Open the test set, once, for all methods that were chosen: {name: a setting's name, or a Choice}.

        Asked again for the same methods, it gives the same scores. Raises ValueError for others: what is chosen after
        looking is no longer tested.

        Example: runs.open_test({"plain": "plain", "stopped in time": runs.choose("plain", stopped=True)})
        """
        methods = {name: c if isinstance(c, Choice) else self.choose(c) for name, c in methods.items()}
        if self.data.opened and not (self._opened and self._opened[0].methods == methods):
            raise ValueError(
                f"the test set of '{self.data.name}' was opened before: what is chosen after looking at it is no "
                "longer tested. Choose all methods first, or draw the data anew with other seeds"
            )
        if not self._opened:
            self._opened.append(Scores(methods, self._test(methods), self.data.overlap))
            self.data._openings.append(True)
        return self._opened[0]

    def curve(self, name, what="val_loss") -> np.ndarray:
        """(seeds, epochs): `loss`, `penalty`, `accuracy`, `val_loss` or `val_accuracy` of a network by epoch."""
        run = self._run(name)
        if what not in getattr(run, "curves", {}):
            raise ValueError(
                f"'{name}' has no curve {what!r}; it has {', '.join(getattr(run, 'curves', {})) or 'none'}"
            )
        return run.curves[what]

    def predict(self, name, x, stopped=False) -> np.ndarray:
        """(seeds, rows, …): what the models of a setting say of x, (rows, …) or (seeds, rows, …)."""
        return self._run(name).outputs(x, stopped)

    def model(self, name, seed, stopped=False):
        """The model of a setting and a seed as it was fitted: an ordinary Keras model, or the object with `predict`."""
        if seed not in self.data.seeds:
            raise ValueError(f"there is no seed {seed}; there are {', '.join(map(str, self.data.seeds))}")
        run, place = self._run(name), self.data.seeds.index(seed)
        if isinstance(run, _Others):
            return run.models[place]
        model = self.build(**_arguments(self.settings[name]))
        write_weights(model, *(rows[place] for rows in run.weights(stopped)))
        return model

    def _run(self, name):
        if name not in self._runs:
            raise ValueError(f"there is no setting {name!r}; there are {', '.join(self._runs)}")
        return self._runs[name]

    def _test(self, methods):
        """{method: {metric: (seeds,)}} on the test part."""
        found, test = {}, self.data._test
        for name, choice in methods.items():
            picks, found[name] = np.array(choice.picks), {}
            for setting in dict.fromkeys(choice.picks):
                seeds = np.flatnonzero(picks == setting)
                scores = self._run(setting).scores(test.x, test.y, choice.stopped, seeds)
                for metric, values in scores.items():
                    found[name].setdefault(metric, np.full(len(picks), np.nan))[seeds] = values
        return found

    def table(self) -> Table:
        """One row per setting: mean over the seeds and standard error; stopped in time is a validation score too."""
        last = {name: run.seen("validation", False) for name, run in self._runs.items()}
        metrics = [metric for metric in METRICS if any(metric in scores for scores in last.values())]
        header, rows = ["", f"{metrics[0]}: training"], [[name] for name in self._runs]
        for metric in metrics:
            header += [f"{metric}: validation", f"{metric}: stopped in time"]
        for row, (name, run) in zip(rows, self._runs.items()):
            stopped = run.seen("validation", True) if isinstance(run, _Network) else {}
            cells = [(run.seen("training", False), metrics[0])]
            cells += [(scores, metric) for metric in metrics for scores in (last[name], stopped)]
            row += [mean_and_error(scores.get(metric), metric, self.data.overlap) for scores, metric in cells]
        return Table(header, rows)


@dataclass(frozen=True, repr=False)
class Scores(Shown):
    """What the test set says of each method: `scores[method][metric]`, (seeds,). It shows itself as a table."""

    methods: dict
    _scores: dict
    overlap: float

    def __getitem__(self, method):
        if method not in self._scores:
            raise ValueError(f"there is no method {method!r}; there are {', '.join(self._scores)}")
        return self._scores[method]

    def compare(self, new, baseline, metric=None) -> Verdict:
        """Compare two methods seed by seed; by accuracy, or by error in a regression, unless `metric` is given."""
        metric = metric or next(iter(self[new]))
        if metric not in self[new] or metric not in self[baseline]:
            raise ValueError(f"'{new}' and '{baseline}' have no {metric} in common; they have {', '.join(self[new])}")
        return compare(self[new][metric], self[baseline][metric], metric, self.overlap, (new, baseline))

    def gains(self, *rivals, methods=None) -> Table:
        """What each of the methods, all unless they are named, gains over each rival; as `compare` says it.

        Example: scores.gains("plain", "plain, stopped")
        """
        methods = self.methods if methods is None else methods
        rows = [[name, *(self.compare(name, rival).numbers for rival in rivals)] for name in methods]
        return Table(["gain over", *rivals], rows)

    def table(self) -> Table:
        """One row per method: mean over the seeds, its standard error, and what was chosen."""
        metrics = list(dict.fromkeys(metric for scores in self._scores.values() for metric in scores))
        rows = [
            [name, *(mean_and_error(scores.get(m), m, self.overlap) for m in metrics), self._chosen(name)]
            for name, scores in self._scores.items()
        ]
        return Table(["on the test set", *metrics, "setting"], rows)

    def _chosen(self, name):
        """The setting, where it does not merely repeat the method's name."""
        return "" if str(self.methods[name]) == name else self.methods[name]


def initial_weights(model, seed):
    """The two rows of `stack.weights_of` as `model` would begin with `seed`: those of `seed_weights` where no layer
    but Dense and convolutions draws random numbers."""
    seed = moved(seed)
    draws = {True: random.Random(seed), False: random.Random(-1 - seed)}  # layers with a kernel, and others
    rows = {True: [np.empty(0)], False: [np.empty(0)]}
    for layer in model.layers:
        number = draws[hasattr(layer, "kernel")].randint(1, 10**9) if layer.weights else None  # as Keras draws it
        for place, weight in enumerate(layer.weights):
            initialiser = getattr(layer, f"{weight.name}_initializer")
            if "seed" in initialiser.get_config():
                initialiser = type(initialiser).from_config(initialiser.get_config() | {"seed": number + place})
            rows[weight.trainable].append(np.ravel(initialiser(weight.shape, weight.dtype)))
    return np.concatenate(rows[True]), np.concatenate(rows[False])


_AT_ONCE = 250_000  # weights of all members of a job: training keeps about a dozen copies of them, some 25 MB


def _parts(models, seeds):
    """The models of one architecture, {name: model}, in jobs that a small machine has memory for, about equal."""
    names, most = list(models), max(1, _AT_ONCE // (seeds * max(1, models[next(iter(models))].count_params())))
    parts = -(-len(names) // most)
    return [{name: models[name] for name in own} for own in np.array_split(names, parts)]


class _Job:
    """Settings of one architecture: everything is checked when it is made, and fitted at once by `fit`."""

    def __init__(self, models, settings, data):
        self.models, self.seeds, self.stack = models, data.seeds, stack_of(list(models.values()))
        self.changes = {name: settings[name]["each_epoch"] for name in models if "each_epoch" in settings[name]}
        first = next(iter(models))
        self.train_set, self.held_out = (
            _named(first, self._checked, part.x, part.y, name)
            for part, name in ((data.train, ""), (data.validation, "validation "))
        )
        for name in self.changes:  # with a stream of its own, which the fit does not go on with
            _named(name, self._changed, name, 0, [rng(seed, 0, 1) for seed in self.seeds])

    def fit(self, epochs, batch_size):
        seeds, names = len(self.seeds), list(self.models)
        streams = {name: [rng(seed, 0, 1) for seed in self.seeds] for name in self.changes}
        own = np.arange(seeds)
        source = [own + seeds * (1 + list(self.changes).index(n) if n in self.changes else 0) for n in names]

        def rows(epoch):
            parts = [self.train_set, *(self._changed(name, epoch, streams[name]) for name in self.changes)]
            return *map(np.concatenate, zip(*parts)), np.concatenate(source)

        started = {}  # initial weights by initialiser: most settings share them
        members = []
        for model in self.models.values():
            key = repr(
                [layer.get_config().get(f"{w.name}_initializer") for layer in model.layers for w in layer.weights]
            )
            started[key] = started.get(key) or [initial_weights(model, seed) for seed in self.seeds]
            members += [(*weights, *settings_of(model)) for weights in started[key]]
        self.stack = stack_of(list(self.models.values()))  # as compiled as it may be
        self.stack.begin(list(self.models.values()), *map(np.stack, zip(*members)))
        history = train(
            self.stack,
            rows if self.changes else rows(0),
            (*self.held_out, np.tile(own, len(names))),
            self.seeds,
            np.tile(own, len(names)),
            epochs,
            batch_size,
            names=[f"'{name}', seed {seed}," for name in names for seed in self.seeds],
        )
        runs = {}
        for place, name in enumerate(names):
            mine = slice(place * seeds, (place + 1) * seeds)
            curves = {what: getattr(history, what)[mine] for what in _CURVES}
            weights = [[rows[mine] for rows in kept] for kept in (history.last, history.best)]
            runs[name] = _Network(self.models[name], curves, *weights)
        return runs

    def _checked(self, x, y, name=""):
        return check_data(self.stack, len(self.seeds), x, _as_taken(y, self.stack), name)

    def _changed(self, name, epoch, streams):
        """The rows of an epoch of the setting `name`, for all seeds."""
        rows = [self.changes[name](epoch, x, y, stream) for x, y, stream in zip(*self.train_set, streams)]
        return self._checked(*map(np.stack, zip(*rows)))


_CURVES = ("loss", "penalty", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True)
class _Network:
    """The fitted networks of one setting."""

    template: object
    curves: dict
    last: list
    best: list

    def weights(self, stopped):
        return self.best if stopped else self.last

    def seen(self, part, stopped):
        """{metric: (seeds,)} on the training or validation rows, at the last or the best epoch."""
        epoch = self.curves["val_loss"].argmin(axis=1) if stopped else np.full(len(self.last[0]), -1)
        names = {"training": ("accuracy", "loss"), "validation": ("val_accuracy", "val_loss")}[part]
        return _metrics(*(self.curves[name][np.arange(len(epoch)), epoch] for name in names))

    def outputs(self, x, stopped):
        stack, seeds = stack_of([self.template]), len(self.last[0])
        x = check_inputs(stack, seeds, x)
        return stack.predict(*self.weights(stopped), x, sources(x, seeds))

    def scores(self, x, y, stopped, seeds):
        """{metric: (seeds,)} for some of the seeds, on their x and y: those of all seeds are given."""
        stack, weights = stack_of([self.template]), [rows[seeds] for rows in self.weights(stopped)]
        x, y = (rows[seeds] if rows.strides[0] else rows[0] for rows in (x, y))  # what all seeds share, once
        x, y = check_data(stack, len(seeds), x, _as_taken(y, stack))
        loss, accuracy = stack.measure(*weights, x, y, sources(x, len(seeds)))
        return _metrics(accuracy, loss)


class _Others:
    """The fitted models of one setting that are no networks, one per seed."""

    def __init__(self, models, data):
        self.models = models
        parts = {"training": data.train, "validation": data.validation}
        self._seen = {name: self.scores(part.x, part.y, False, np.arange(len(models))) for name, part in parts.items()}

    def seen(self, part, stopped):
        if stopped:
            raise ValueError("only networks can be stopped in time")
        return self._seen[part]

    def outputs(self, x, stopped):
        rows = np.broadcast_to(x, (len(self.models), *np.shape(x)[-2:]))
        return np.stack([getattr(m, "predict_proba", m.predict)(own) for m, own in zip(self.models, rows)])

    def scores(self, x, y, stopped, seeds):
        models, x, y = ([parts[seed] for seed in seeds] for parts in (self.models, x, y))
        if not hasattr(models[0], "classes_"):
            return {"error": np.array([np.mean((m.predict(own) - true) ** 2) for m, own, true in zip(models, x, y)])}
        scores = {"accuracy": np.array([np.mean(m.predict(own) == true) for m, own, true in zip(models, x, y)])}
        if hasattr(models[0], "predict_proba"):
            losses = [log_loss(true, m.predict_proba(own), labels=m.classes_) for m, own, true in zip(models, x, y)]
            scores["log loss"] = np.array(losses)
        return scores


def _metrics(accuracy, loss):
    return {"error": loss} if np.isnan(accuracy).all() else {"accuracy": accuracy, "log loss": loss}


def _as_taken(y, stack):
    """Class numbers as columns of 0 and 1 where the loss takes those."""
    y = np.asarray(y)
    return np.eye(stack.outputs[-1])[y] if stack.loss == "categorical_crossentropy" and y.dtype.kind in "iu" else y


def _arguments(setting):
    return {name: value for name, value in setting.items() if name != "each_epoch"}


def _named(name, function, *arguments):
    """function(*arguments), with the setting's name in what it raises."""
    try:
        return function(*arguments)
    except (TypeError, ValueError) as error:
        raise type(error)(f"setting '{name}': {str(error).replace('member 0', 'the model')}") from None


def _check_data_set(data):
    if not isinstance(data, DataSet):
        raise TypeError(f"data must be a data set, such as noisy_xor() gives, not {type(data).__name__}")
    if data.validation is None or not data.validation.y.size:
        raise ValueError(f"'{data.name}' has no validation data: methods could not choose, nor be stopped in time")
    if data.opened:
        raise ValueError(
            f"the test set of '{data.name}' was opened before: what is chosen after looking at it is no longer tested. "
            "Draw the data anew, with other seeds"
        )


def _check_settings(build, settings):
    if not isinstance(settings, dict) or not settings:
        raise TypeError("settings must be a dictionary, {name: {argument of build: value}}, with one name or more")
    taken = signature(build).parameters
    defaults, known = {name: p.default for name, p in taken.items()}, {}
    for name, setting in settings.items():
        if isinstance(setting, dict):
            strange = [key for key in setting if key not in taken and key != "each_epoch"]
            if strange and not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
                raise ValueError(
                    f"setting '{name}' names {strange[0]!r}, which is no argument of build({', '.join(taken)})"
                )
            same = repr(sorted((defaults | setting).items()))
        elif hasattr(setting, "fit") and hasattr(setting, "predict"):
            same = repr((type(setting), sorted(vars(setting).items())))
        else:
            raise TypeError(f"setting '{name}' must be a dictionary, or have `fit` and `predict`, not {setting!r}")
        if same in known:
            raise ValueError(f"settings '{known[same]}' and '{name}' are equal")
        known[same] = name
