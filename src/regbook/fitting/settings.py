"""The fitted models of one setting, one for each seed: networks, fitted many at once, or others."""

from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss

from regbook.fitting.alone import built, check_options, measure, outputs_of, train_alone
from regbook.fitting.judge import Judge
from regbook.fitting.kinds import check_model, kind_of, loss_of, numbers_of
from regbook.fitting.loop import Job, train
from regbook.fitting.passes import members_at_once
from regbook.fitting.rows import changed_rows, inputs_for, naming, targets_for
from regbook.fitting.stack import stack_for
from regbook.fitting.start import Start, write_weights
from regbook.numerics import rng


class Plan:
    """What a setting asks for, before anything is fitted: a network, its start and its rows.

    kind: that of the models that are fitted at once with this one; None where it is trained alone,
    and `reason` says why. key: what makes its networks what they are: equal keys, equal networks.
    """

    def __init__(self, name, build, setting, sample):
        self.name, self.build, self.change = name, build, setting.get("each_epoch")
        self.arguments = {key: setting[key] for key in setting if key not in ("each_epoch", "fit")}
        self.options, self.kind, self.reason, self.numbers = setting.get("fit"), None, None, None
        with naming(name):
            self.start = Start(build, self.arguments, sample)
            check_model(self.start.model)
            # What can be fitted at once is; for whatever else the reason is kept, and told.
            try:
                self.kind = kind_of(self.start.model) if self.options is None else None
            except ValueError as reason:
                self.reason = str(reason)
            self._describe(sample)
            if self.options is not None:
                check_options(self.options, self.judge)
        self.key = self.kind or id(self), self.change, repr(self.numbers), self.start.recipe

    # What is told apart: models that are fitted at once, and one that is trained alone.
    def _describe(self, sample):
        model = self.start.model
        if self.kind:
            self.numbers, stack = numbers_of(model), self.stack
            self.judge, self.inputs, self.dtype = stack.judge, stack.inputs, stack.dtype
        else:
            self.reason = self.reason or "it has arguments for model.fit"
            outputs = tuple(outputs_of(model, sample).shape[1:])
            self.judge = Judge(loss_of(model), outputs, keras.config.floatx())
            self.inputs, self.dtype = sample.shape[1:], None

    @property
    def stack(self):
        return stack_for(self.kind, self.start.model)

    def rows(self, part, name=""):
        """x and y of all seeds as the networks take them: (seeds, rows, …) each."""
        x = inputs_for(part.x, self.inputs, self.dtype, len(part.x), name)
        return x, targets_for(self.judge, part.y, x, name)

    def model(self):
        """A new model, with its weights."""
        return built(self.build, self.arguments, np.zeros((1, *self.inputs)))

    def write(self, model, *weights):
        """`model`, with the weights of one seed as the fit keeps them written into it."""
        if self.kind:
            write_weights(model, *weights)
        else:
            model.set_weights(*weights)
        return model

    def changed(self, epoch, x, y, random):
        """x and y of one seed, (rows, …) each, as `each_epoch` makes them for an epoch."""
        with naming(self.name):
            return changed_rows(self.change, self.judge, epoch, x, y, random, self.dtype)

    def check(self, data, batch_size):
        """Raise ValueError, naming the setting, where it can't be fitted on these data."""
        with naming(self.name):
            (x, y), _ = self.rows(data.train), self.rows(data.validation, "validation ")
            if self.kind:
                members_at_once(self.stack, x.shape[1], batch_size)
        if self.change:  # for trial, with a stream that the fit does not go on with
            self.changed(0, x[0], y[0], rng(data.seeds[0], 0, 1))


@dataclass(frozen=True)
class Networks:
    """The fitted networks of one plan.

    curves: {what: (seeds, epochs)}. last, best: the weights of each, at the end and at the epoch of
    smallest validation loss, where a network is stopped in time. ran: (seeds,), epochs.
    """

    plan: Plan
    curves: dict
    last: list
    best: list
    ran: np.ndarray

    def seen(self, part, stopped):
        """{metric: (seeds,)} on the training or validation rows."""
        # The end of a curve is its last place; a curve may hold no more than that.
        names = {"training": ("loss", "accuracy"), "validation": ("val_loss", "val_accuracy")}[part]
        epochs = self.epochs(stopped) if stopped else np.zeros(len(self.ran), int)
        places = np.arange(len(epochs)), epochs - 1
        return self.plan.judge.metrics(*(self.curves[name][places] for name in names))

    def epochs(self, stopped):
        """(seeds,): after how many epochs each network is read."""
        return self.curves["val_loss"].argmin(axis=1) + 1 if stopped else self.ran

    def refit(self, data, places, stopped, batch_size):
        """Networks of some seeds trained afresh, for as many epochs, on validation rows too."""
        # Where a network was to stop was found before the validation rows were given back.
        members, ends = [(self.plan, place) for place in places], self.epochs(stopped)[places]

        def rows(plan):
            return _joined(plan.rows(data.train), plan.rows(data.validation))

        fitted = self._fit_members(members, data.seeds, rows, None, ends, batch_size)
        last = [np.zeros_like(weights) for weights in self.last]
        for weights, new in zip(last, fitted[1]):
            weights[places] = new
        return replace(self, last=last)

    def model(self, place, stopped):
        """The network of one seed: an ordinary Keras model."""
        return self.plan.write(self.plan.model(), *(rows[place] for rows in self._weights(stopped)))

    def _weights(self, stopped):
        return self.best if stopped else self.last


class AtOnce(Networks):
    """Networks that were fitted many at once: their weights and states are rows, (seeds, …)."""

    def outputs(self, x, stopped):
        """(seeds, rows, …): what the networks say of x."""
        x = inputs_for(x, self.plan.inputs, self.plan.dtype, len(self.ran))
        return self.plan.stack.predict(*self._weights(stopped), x)

    def scores(self, x, y, stopped, places):
        """{metric: (places,)} of some of the seeds, on their x and y: those of all are given."""
        x = inputs_for(x[places], self.plan.inputs, self.plan.dtype, len(places))
        weights = (rows[places] for rows in self._weights(stopped))
        y = targets_for(self.plan.judge, y[places], x)
        return self.plan.judge.metrics(*self.plan.stack.measure(*weights, x, y))

    # Members, (plan, place of a seed) each, in jobs that a small machine has memory for.
    # rows, held_out: what gives x and y of all seeds, (seeds, rows, …) each, for a plan. ends:
    # (members,), epochs of each. Returns curves, {what: (members, epochs)}, the last and the best
    # weights, rows of members each, and `ends`.
    @staticmethod
    def _fit_members(members, seeds, rows, held_out, ends, batch_size, training_curves=False):
        # As many jobs as memory asks for, about equal; a setting may be cut between seeds.
        plan, fits = members[0][0], []
        rows, held_out = rows(plan), held_out and held_out(plan)
        most = members_at_once(plan.stack, rows[0].shape[1], batch_size)
        for part in np.array_split(np.arange(len(members)), -(-len(members) // most)):
            job = Job([members[number] for number in part], ends[part], seeds, rows)
            fits.append(train(job, held_out, batch_size, training_curves))
        curves, *weights = zip(*fits)
        curves = {what: np.concatenate([of_job[what] for of_job in curves]) for what in curves[0]}
        last, best = ([np.concatenate(parts) for parts in zip(*kept)] for kept in weights)
        return curves, last, best, ends


class Alone(Networks):
    """Networks that were trained one after the other: a row of lists of weight arrays, (seeds,)."""

    def outputs(self, x, stopped):
        """(seeds, rows, …): what the networks say of x."""
        x = inputs_for(x, self.plan.inputs, None, len(self.ran))
        return np.stack(
            [outputs_of(self._filled(place, stopped), rows) for place, rows in enumerate(x)]
        )

    def scores(self, x, y, stopped, places):
        """{metric: (places,)} of some of the seeds, on their x and y: those of all are given."""
        x = inputs_for(x[places], self.plan.inputs, None, len(places))
        y, judge = targets_for(self.plan.judge, y[places], x), self.plan.judge
        seeds = zip(places, x, y)
        seen = [measure(self._filled(place, stopped), judge, *rows) for place, *rows in seeds]
        return judge.metrics(*np.transpose(seen))

    # The model that every seed's weights are written into where they are only looked at.
    def _filled(self, place, stopped):
        return self.plan.write(self.plan.start.model, *(r[place] for r in self._weights(stopped)))

    @staticmethod
    def _fit_members(members, seeds, rows, held_out, ends, batch_size, training_curves=False):
        # Settings differ in how they take x and y; of a setting, all seeds are made ready at once.
        plans = dict.fromkeys(plan for plan, _ in members)
        rows, held_out = (
            of_plan and {plan: of_plan(plan) for plan in plans} for of_plan in (rows, held_out)
        )
        tasks = [
            {
                "name": plan.name, "build": plan.build, "arguments": plan.arguments,
                "change": plan.change, "options": plan.options or {},
                "weights": plan.start.arrays(seeds[place]),
                "rows": [part[place] for part in rows[plan]],
                "held_out": held_out and [part[place] for part in held_out[plan]],
                "seed": seeds[place], "epochs": int(end), "batch_size": batch_size,
                "training_curves": training_curves,
            }
            for (plan, place), end in zip(members, ends)
        ]  # fmt: skip
        curves, last, best, ran = zip(*train_alone(tasks))
        curves = {what: np.stack([of_seed[what] for of_seed in curves]) for what in curves[0]}
        return curves, [np.fromiter(last, object)], [np.fromiter(best, object)], np.array(ran)


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
        # Fitted afresh, as they were asked for, on more rows.
        models = list(self.models)
        for place in places:
            models[place] = clone(models[place], safe=False).fit(x[place], y[place])
        return replace(self, models=models)


def fit(plans, data, epochs, batch_size, training_curves):
    """{setting: its Networks}, fitted on all seeds of `data`, many at once where that can be."""
    networks, groups = {}, {}
    for plan in plans:
        groups.setdefault(plan.kind, []).append(plan)
    # Settings of one kind are one group, and so are all that are trained alone.
    for kind, group in groups.items():
        members = [(plan, place) for plan in group for place in range(len(data.seeds))]
        rows, held_out = (partial(Plan.rows, part=part) for part in (data.train, data.validation))
        ends, way = np.full(len(members), epochs), AtOnce if kind else Alone
        curves, *weights, ran = way._fit_members(
            members, data.seeds, rows, held_out, ends, batch_size, training_curves
        )
        for plan in group:
            places = np.array([plan is asked for asked, _ in members])
            of_plan = {what: values[places] for what, values in curves.items()}
            kept = [[rows[places] for rows in part] for part in weights]
            networks[plan.name] = way(plan, of_plan, *kept, ran[places])
    return networks


# x and y, (seeds, rows, …) each, of training and validation rows together.
def _joined(training, validation):
    return [np.concatenate(pair, axis=1) for pair in zip(training, validation)]
