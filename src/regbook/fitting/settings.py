"""The fitted models of one setting, one for each seed: networks, fitted many at once, or others."""

from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss

from regbook.fitting.kinds import kind_of, numbers_of
from regbook.fitting.loop import Job, train
from regbook.fitting.passes import members_at_once
from regbook.fitting.rows import inputs_for, targets_for
from regbook.fitting.stack import stack_for
from regbook.fitting.start import Start, write_weights
from regbook.numerics import rng


class Plan:
    """What a setting asks for, before anything is fitted: a network, its start and its rows.

    key: what makes its networks what they are; plans with equal keys give equal networks.
    """

    def __init__(self, name, build, setting):
        self.name, self.build, self.change = name, build, setting.get("each_epoch")
        self.arguments = {key: value for key, value in setting.items() if key != "each_epoch"}
        self.start = Start(build, self.arguments)
        with naming(name):
            self.kind = kind_of(self.start.model)
        self.numbers = numbers_of(self.start.model)
        self.key = self.kind, self.change, repr(self.numbers), self.start.recipe

    @property
    def stack(self):
        return stack_for(self.kind, self.start.model)

    def rows(self, part, name=""):
        """x and y of all seeds as the networks take them: (seeds, rows, …) each."""
        x = inputs_for(self.stack, part.x, len(part.x), name)
        return x, targets_for(self.stack, part.y, x, name)

    def changed(self, epoch, x, y, random):
        """x and y of one seed, (rows, …) each, as `each_epoch` makes them for an epoch."""
        new_x, new_y = self.change(epoch, x, y, random)
        new_x = inputs_for(self.stack, new_x, 1)
        new_y = targets_for(self.stack, np.asarray(new_y)[None], new_x)
        if new_x.shape[1] != len(x):
            raise ValueError(
                f"each_epoch made {new_x.shape[1]} rows of {len(x)} in epoch {epoch + 1}"
            )
        return new_x[0], new_y[0]

    def check(self, data, batch_size):
        """Raise ValueError, naming the setting, where it can't be fitted on these data."""
        with naming(self.name):
            (x, y), _ = self.rows(data.train), self.rows(data.validation, "validation ")
            members_at_once(self.stack, x.shape[1], batch_size)
            if self.change:  # for trial, with a stream that the fit does not go on with
                self.changed(0, x[0], y[0], rng(data.seeds[0], 0, 1))


@dataclass(frozen=True)
class Networks:
    """The fitted networks of one plan.

    curves: {what: (seeds, epochs)}. last, best: weights and states, (seeds, …) each, at the end and
    at the epoch of smallest validation loss, where a network is stopped in time.
    """

    plan: Plan
    curves: dict
    last: list
    best: list

    def seen(self, part, stopped):
        """{metric: (seeds,)} on the training or validation rows."""
        names = {"training": ("accuracy", "loss"), "validation": ("val_accuracy", "val_loss")}[part]
        epochs = self.epochs(stopped) if stopped else np.zeros(len(self.last[0]), int)
        return self._metrics(
            *(self.curves[name][np.arange(len(epochs)), epochs - 1] for name in names)
        )

    def epochs(self, stopped):
        """(seeds,): after how many epochs each network is read."""
        losses = self.curves["val_loss"]
        return losses.argmin(axis=1) + 1 if stopped else np.full(*losses.shape)

    def outputs(self, x, stopped):
        """(seeds, rows, …): what the networks say of x."""
        weights = self.best if stopped else self.last
        x = inputs_for(self.plan.stack, x, len(weights[0]))
        return self.plan.stack.predict(*weights, x)

    def scores(self, x, y, stopped, places):
        """{metric: (places,)} of some of the seeds, on their x and y: those of all are given."""
        stack, weights = self.plan.stack, self.best if stopped else self.last
        x = inputs_for(stack, x[places], len(places))
        y = targets_for(stack, y[places], x)
        loss, accuracy = stack.measure(*(rows[places] for rows in weights), x, y)
        return self._metrics(accuracy, loss)

    def model(self, place, stopped):
        """The network of one seed: an ordinary Keras model."""
        model = self.plan.build(**self.plan.arguments)
        write_weights(model, *(rows[place] for rows in (self.best if stopped else self.last)))
        return model

    def refit(self, data, places, stopped, batch_size):
        """Networks of some seeds trained afresh, for as many epochs, on validation rows too."""
        parts = [self.plan.rows(part) for part in (data.train, data.validation)]
        members, ends = [(self.plan, place) for place in places], self.epochs(stopped)[places]
        _, weights, _ = _fit_members(members, data.seeds, _joined(*parts), None, ends, batch_size)
        last = [np.zeros_like(rows) for rows in self.last]
        for rows, new in zip(last, weights):
            rows[places] = new
        return replace(self, last=last)

    def _metrics(self, accuracy, loss):
        heading = self.plan.stack.heading
        return {"error": loss} if heading == "error" else {"accuracy": accuracy, heading: loss}


@dataclass(frozen=True)
class Others:
    """The fitted models of a setting that are no networks: they have `fit` and `predict`.

    scored: {"training" or "validation": scores}.
    """

    models: list
    scored: dict
    curves = {}

    @classmethod
    def fit(cls, estimator, data):
        pairs = zip(data.train.x, data.train.y)
        fitted = cls([clone(estimator, safe=False).fit(x, y) for x, y in pairs], {})
        for name, part in (("training", data.train), ("validation", data.validation)):
            fitted.scored[name] = fitted.scores(part.x, part.y, False, range(len(data.seeds)))
        return fitted

    def seen(self, part, stopped):
        if stopped:
            raise ValueError("only networks can be stopped in time")
        return self.scored[part]

    def outputs(self, x, stopped):
        x = np.broadcast_to(x, (len(self.models), *np.shape(x)[-2:]))
        return np.stack(
            [getattr(m, "predict_proba", m.predict)(rows) for m, rows in zip(self.models, x)]
        )

    def scores(self, x, y, stopped, places):
        """{metric: (places,)} of some of the seeds, on their x and y: those of all are given."""
        rows = [(self.models[place], x[place], y[place]) for place in places]
        if not hasattr(rows[0][0], "classes_"):
            errors = [np.mean((model.predict(x) - y) ** 2) for model, x, y in rows]
            return {"error": np.array(errors)}
        scores = {"accuracy": np.array([np.mean(model.predict(x) == y) for model, x, y in rows])}
        if hasattr(rows[0][0], "predict_proba"):
            losses = [log_loss(y, m.predict_proba(x), labels=m.classes_) for m, x, y in rows]
            scores["log loss"] = np.array(losses)
        return scores

    def model(self, place, stopped):
        return self.models[place]

    def refit(self, data, places, stopped, batch_size):
        x, y = _joined((data.train.x, data.train.y), (data.validation.x, data.validation.y))
        models = list(self.models)
        for place in places:
            models[place] = clone(models[place], safe=False).fit(x[place], y[place])
        return replace(self, models=models)


def fit(plans, data, epochs, batch_size, training_curves):
    """{setting: its Networks}, fitted on all seeds of `data`, many at once."""
    networks, kinds = {}, {}
    for plan in plans:
        kinds.setdefault(plan.kind, []).append(plan)
    for group in kinds.values():
        members = [(plan, place) for plan in group for place in range(len(data.seeds))]
        rows, held_out = (group[0].rows(part) for part in (data.train, data.validation))
        ends = np.full(len(members), epochs)
        fitted = _fit_members(
            members, data.seeds, rows, held_out, ends, batch_size, training_curves
        )
        for plan in group:
            places = [plan is asked for asked, _ in members]
            curves = {what: values[places] for what, values in fitted[0].items()}
            weights = [[rows[places] for rows in kept] for kept in fitted[1:]]
            networks[plan.name] = Networks(plan, curves, *weights)
    return networks


# Fit members, (plan, place of a seed) each, in jobs that a small machine has memory for.
# rows, held_out: x and y of all seeds, (seeds, rows, …) each. ends: (members,), the epochs of each.
# Returns curves, {what: (members, epochs)}, and the last and best weights and states.
def _fit_members(members, seeds, rows, held_out, ends, batch_size, training_curves=False):
    most, fits = members_at_once(members[0][0].stack, rows[0].shape[1], batch_size), []
    for part in np.array_split(np.arange(len(members)), -(-len(members) // most)):
        job = Job([members[number] for number in part], ends[part], seeds, rows)
        fits.append(train(job, held_out, batch_size, training_curves))
    curves, *weights = zip(*fits)
    curves = {what: np.concatenate([of_job[what] for of_job in curves]) for what in curves[0]}
    return curves, *([np.concatenate(parts) for parts in zip(*kept)] for kept in weights)


# x and y, (seeds, rows, …) each, of training and validation rows together.
def _joined(training, validation):
    return [np.concatenate(pair, axis=1) for pair in zip(training, validation)]


@contextmanager
def naming(setting):
    """Name the setting in what is refused meanwhile."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"setting '{setting}': {error}") from None
