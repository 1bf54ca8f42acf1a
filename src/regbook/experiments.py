"""Fit settings × seeds, paired by construction; let methods choose; open the test set once.

Of a seed, the initial weights depend on the place of a layer among those with a kernel, its shape
and its initialiser only; its rows come in one order; its noise depends on the place of a noisy
layer among the noisy ones. So two settings differ in what they name, and in nothing else.
"""

from dataclasses import dataclass, field
from inspect import signature

import numpy as np
from joblib import effective_n_jobs
from threadpoolctl import threadpool_limits

from regbook.data import DataSet, check_number
from regbook.evidence import Scores
from regbook.fitting.settings import Others, Plan, fit
from regbook.forest import STOPPED, Forest, shown_scores
from regbook.tables import Shown, Table, mean_and_error, scale_of


def experiment(build, settings, data, *, epochs, batch_size=32, training_curves=False):
    """Fit every setting on every seed of `data`, many at once; keep the last and best weights.

    build: a function, called with the arguments of a setting, that returns a compiled Keras model
        of one input and one output. What `regbook.fitting.kinds` lists is fitted at once. Whatever
        else `model.fit` takes is trained by one `model.fit` per network, with the same start and
        order of rows, but with its layers' own masks and noise; inside a `with` of
        `joblib.parallel_config(n_jobs=2)`, in two processes, to the same bits. No seed is needed in
        it. Weights that it sets itself stay as they are; all others are drawn anew for each seed.
    settings: {name: {argument of build: value}}. Besides, a setting may hold `each_epoch`, a
        function (epoch, x, y, random) → (x, y) that makes the rows of an epoch, counted from 0, for
        one seed; and `fit`, arguments of `model.fit`: `callbacks`, a function that makes their list
        for each network, where `val_loss` is that of the data; `class_weight`; `sample_weight`, a
        function (x, y) → (rows,). Or it is itself an object with `fit` and `predict`, such as
        scikit-learn's: a rival that is no network, fitted afresh for every seed.
    data: a DataSet whose test part was never opened. epochs, batch_size: as in `model.fit`.
    training_curves: measure the training rows in every epoch, for `curve`, and not in the last one
        alone. It takes about a third longer.

    Returns Runs: a table that shows itself, with `choose`, `open_test`, `curve`, `at_end`,
        `predict` and `model`.
    Raises TypeError or ValueError, naming the setting, before any training, also where memory would
    not suffice, and FloatingPointError where a loss stops being a number.

    Example: experiment(build, {"plain": {}, "L2": {"strength": 0.01}}, noisy_xor(), epochs=30)
    """
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        check_number(name, value, 1, 10**9)
    _check_data_set(data)
    _check_settings(build, settings)
    # On two threads boosted trees wait 30 times longer than they work.
    threadpool_limits(limits=1, user_api="openmp")
    networks = {name: setting for name, setting in settings.items() if isinstance(setting, dict)}
    sample = data.train.x[0][:2]
    plans = [Plan(name, build, setting, sample) for name, setting in networks.items()]
    for plan in plans:
        plan.check(data, batch_size)
    _tell_of(plans, len(data.seeds))
    runs = fit(plans, data, epochs, batch_size, training_curves)
    runs |= {name: Others.fit(rival, data) for name, rival in settings.items() if name not in runs}
    return Runs(data, settings, batch_size, {name: runs[name] for name in settings})


@dataclass(frozen=True)
class Choice:
    """A method with its choosing.

    picks: the setting that each seed took. stopped: is it read where it was stopped in time? refit:
    was it trained afresh on training and validation rows? ties: in how many seeds the first of
    several equal settings was taken.
    """

    picks: tuple
    stopped: bool = False
    refit: bool = False
    ties: int = field(default=0, compare=False)

    def __str__(self):
        names = sorted(dict.fromkeys(self.picks), key=self.picks.count, reverse=True)
        shares = [f"{name} in {self.picks.count(name)}" for name in names]
        notes = [f"the first of equals in {self.ties}"] if self.ties else []
        notes += ["rows given back"] if self.refit else []
        return ", ".join((shares if len(names) > 1 else names) + notes)


@dataclass(frozen=True, repr=False)
class Runs(Shown):
    """What an experiment saw of each setting and seed: curves, and the last and best weights."""

    data: DataSet
    settings: dict
    batch_size: int
    _runs: dict
    _refits: dict = field(default_factory=dict)
    _opened: list = field(default_factory=list)

    def choose(self, *names, stopped=False, by=None, refit=False) -> Choice:
        """Let each seed choose one setting of a method, by the loss on its own validation rows.

        names: of the settings, or of a single one; ties go to the first. stopped: read each network
        at its epoch of smallest validation loss, instead of at the last. by: "accuracy" to choose
        by it, at the same epoch; few rows give many ties, which the Choice tells. refit: give the
        validation rows back: what was chosen is trained afresh on training and validation rows, for
        as many epochs as it was read after.

        Example: runs.choose("L2 0.003", "L2 0.01", stopped=True, refit=True)
        """
        if not names:
            raise ValueError("choose needs the names of settings")
        seen = [self._run(name).seen("validation", stopped) for name in names]
        if by is None and len({tuple(scores) for scores in seen}) > 1:
            raise ValueError(
                f"{', '.join(names)} can't be compared: they are not judged by the same loss"
            )
        metric = by or next((metric for metric in seen[0] if metric != "accuracy"), "accuracy")
        for name, scores in zip(names, seen):
            if metric not in scores:
                raise ValueError(f"'{name}' has no {metric}; it has {', '.join(scores)}")
        losses = np.array([scores[metric] for scores in seen]) * (-1 if metric == "accuracy" else 1)
        picks = tuple(names[pick] for pick in losses.argmin(axis=0))
        ties = int(((losses == losses.min(axis=0)).sum(axis=0) > 1).sum())
        choice = Choice(picks, stopped, refit, ties if by else 0)
        if refit and choice not in self._refits:
            options = stopped, self.batch_size
            self._refits[choice] = {
                name: self._run(name).refit(self.data, _places(picks, name), *options)
                for name in dict.fromkeys(picks)
            }
        return choice

    def open_test(self, methods) -> Scores:
        """Open the test set, once, for all methods: {name: a Choice, or the name of a setting}.

        A setting that is only named is read at its last epoch. Give the validation rows back to all
        methods or to none.
        Asked again for the same methods, it gives the same scores. Raises ValueError for others:
        what is chosen after looking is no longer tested.

        Example: runs.open_test({"plain": "plain", "L2": runs.choose("L2 0.003", "L2 0.01")})
        """
        if not isinstance(methods, dict):
            raise TypeError("methods must be a dictionary, {name: a Choice or a setting's name}")
        methods = {
            name: c if isinstance(c, Choice) else self.choose(c) for name, c in methods.items()
        }
        if self.data.opened and not (self._opened and self._opened[0].methods == methods):
            raise ValueError(
                f"the test set of '{self.data.name}' was opened before: what is chosen after "
                "looking at it is no longer tested. Choose all methods first, or draw the data "
                "anew with other seeds"
            )
        if not self._opened:
            scores = {name: self._scores(choice) for name, choice in methods.items()}
            self.data.unseal()
            others = tuple(
                name for name, c in methods.items() if isinstance(self._run(c.picks[0]), Others)
            )
            self._opened.append(Scores(scores, methods, self.data.overlap, others))
        return self._opened[0]

    def curve(self, name, what="val_loss") -> np.ndarray:
        """(seeds, epochs): `val_loss` or `val_accuracy` of a network, at the end of each epoch.

        Of an experiment with `training_curves` also `loss` and `accuracy` on the training rows, and
        `penalty`. All losses are those of the data, without penalty and label smoothing.
        """
        curves = self._run(name).curves
        if what not in curves:
            raise ValueError(
                f"'{name}' has no curve {what!r}; it has {', '.join(curves) or 'none'}"
            )
        if curves[what].shape != curves["val_loss"].shape:
            raise ValueError(
                f"'{what}' was measured at the last epoch alone, for `at_end`; for its curve call "
                "experiment(..., training_curves=True)"
            )
        return curves[what]

    def at_end(self, name, what="val_loss") -> np.ndarray:
        """(seeds,): what `curve` ends with; `loss`, `accuracy` and `penalty` need no curves."""
        return self._run(name).curves[what][:, -1]

    def predict(self, name, x, stopped=False) -> np.ndarray:
        """(seeds, rows, …): what a setting's models say of x, (rows, …) or (seeds, rows, …)."""
        return self._run(name).outputs(x, stopped)

    def model(self, name, seed, stopped=False):
        """The fitted model of a setting and a seed: a Keras model, or an object with `predict`."""
        if seed not in self.data.seeds:
            seeds = ", ".join(map(str, self.data.seeds))
            raise ValueError(f"there is no seed {seed}; there are {seeds}")
        return self._run(name).model(self.data.seeds.index(seed), stopped)

    def _run(self, name):
        if not isinstance(name, str) or name not in self._runs:
            raise ValueError(f"there is no setting {name!r}; there are {', '.join(self._runs)}")
        return self._runs[name]

    # {metric: (seeds,)} of a method on the test part.
    def _scores(self, choice):
        scores, runs = {}, self._refits[choice] if choice.refit else self._runs
        # What was trained afresh ended where it was to stop.
        test, stopped = self.data._test, choice.stopped and not choice.refit
        for name in dict.fromkeys(choice.picks):
            places = _places(choice.picks, name)
            for metric, values in runs[name].scores(test.x, test.y, stopped, places).items():
                scores.setdefault(metric, np.full(len(choice.picks), np.nan))[places] = values
        return scores

    def table(self) -> Forest:
        """A row per setting, on validation rows at the end and stopped in time, drawn and as text.

        A thin line marks the mean on the training rows.
        """
        last = {name: run.seen("validation", False) for name, run in self._runs.items()}
        metrics = sorted({metric for scores in last.values() for metric in scores})
        columns = [
            f"{metric}: {when}" for metric in metrics for when in ("validation", "stopped in time")
        ]
        rows, entries, first, overlap = [], {}, metrics[0], self.data.overlap
        for name, run in self._runs.items():
            stopped = run.seen("validation", True) if run.curves else {}
            training = run.seen("training", False)
            cells = [(training, first)]
            cells += [(scores, metric) for metric in metrics for scores in (last[name], stopped)]
            rows.append([name, *(mean_and_error(s.get(m), m, overlap) for s, m in cells)])
            beside = (
                {"beside": scale_of(first)[0] * training[first].mean()} if first in training else {}
            )
            for ending, scores, more in (("", last[name], beside), (STOPPED, stopped, {})):
                cells = {
                    metric: mean_and_error(scores.get(metric), metric, overlap)
                    for metric in metrics
                }
                cells[f"{first}: training"] = rows[-1][1] if more else ""
                # A setting may be called so itself, such as one with a callback that stops.
                if scores and not (ending and name + ending in self._runs):
                    entries[name + ending] = shown_scores(
                        scores.get(first), first, cells, overlap, **more
                    )
        text = Table(["setting", f"{first}: training", *columns], rows)
        others = tuple(name for name, run in self._runs.items() if isinstance(run, Others))
        note = "A thin line is the mean on the training rows, at the end."
        note += " ○ was chosen on these rows." * any(run.curves for run in self._runs.values())
        caption = f"{first.capitalize()} on the validation rows"
        return Forest(text, {"": entries}, first, caption, others, False, note)


# The places of the seeds that took the setting `name`.
def _places(picks, name):
    return np.flatnonzero(np.array(picks) == name)


def _check_data_set(data):
    if not isinstance(data, DataSet):
        raise TypeError(
            f"data must be a data set, such as noisy_xor() gives, not {type(data).__name__}"
        )
    if data.validation is None or not data.validation.y.size:
        raise ValueError(
            f"'{data.name}' has no validation data: methods could not choose, nor be stopped"
        )
    if data.opened:
        raise ValueError(
            f"the test set of '{data.name}' was opened before: what is chosen after looking at it "
            "is no longer tested. Draw the data anew, with other seeds"
        )


def _check_settings(build, settings):
    if not isinstance(settings, dict) or not settings:
        raise TypeError(
            "settings must be a dictionary, {name: {argument of build: value}}, with a name or more"
        )
    if not callable(build) or hasattr(build, "fit"):
        raise TypeError("build must be a function that returns a model, not a model")
    taken = signature(build).parameters
    for name, setting in settings.items():
        if isinstance(setting, dict):
            strange = [
                key for key in setting if key not in taken and key not in ("each_epoch", "fit")
            ]
            if strange and not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
                raise ValueError(
                    f"setting '{name}' names {strange[0]!r}, which is no argument of "
                    f"build({', '.join(taken)})"
                )
        elif not (hasattr(setting, "fit") and hasattr(setting, "predict")):
            raise TypeError(
                f"setting '{name}' must be a dictionary, or have `fit` and `predict`, not "
                f"{setting!r}"
            )


# Say what a reader may not expect: weights that stay, settings that make one network, slow ones.
def _tell_of(plans, seeds):
    first, alone = {}, {}
    for plan in plans:
        kept, same = ", ".join(plan.start.kept), first.setdefault(plan.key, plan.name)
        if kept:
            print(f"'{plan.name}' begins with the weights that build set: {kept}.")
        if same != plan.name:
            print(f"'{same}' and '{plan.name}' are the same network, with equal results.")
        if plan.reason:
            alone.setdefault(plan.reason, []).append(f"'{plan.name}'")
    for reason, names in alone.items():
        print(f"{', '.join(names)}: one model.fit for each of {seeds} seeds, since {reason}.")
    # A worker first imports TensorFlow, some four seconds and 700 MB.
    if alone and effective_n_jobs(None) == 1:
        print(
            "On two processors joblib.parallel_config(n_jobs=2) pays where all these fits take "
            "more than half a minute; it needs 700 MB for each."
        )
