"""Say what a comparison shows, and stop where it does not show what the text says."""

from dataclasses import dataclass, field
from html import escape

import numpy as np

from regbook.figures import strip
from regbook.forest import STOPPED, Entry, Forest, interval, shown_scores, unit_and_sign, whole
from regbook.numerics import replicating
from regbook.tables import (
    METRICS,
    OTHER_LOSS,
    Shown,
    Table,
    mean_and_error,
    scale_of,
    standard_error,
    typeset,
)


@dataclass(frozen=True, repr=False)
class Verdict:
    """The differences between two methods, one per seed: same data and start, one thing changed.

    differences: (seeds,), in points (hundredths) for an accuracy, in its own unit otherwise.
    metric: what was compared. overlap: rows to test on per row to train on where the seeds share
    rows, else 0. names: of the two.
    """

    differences: np.ndarray
    metric: str
    overlap: float = 0.0
    names: tuple = ("new", "baseline")

    @property
    def mean(self) -> float:
        return float(self.differences.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean, with Nadeau and Bengio's correction where seeds share rows."""
        return standard_error(self.differences, self.overlap)

    @property
    def wins(self) -> int:
        """In how many seeds the first method was better; `losses`: worse; `ties`: equal."""
        better = self.differences if self.metric == "accuracy" else -self.differences
        return int((better > 0).sum())

    @property
    def ties(self) -> int:
        return int((self.differences == 0).sum())

    @property
    def losses(self) -> int:
        return len(self.differences) - self.wins - self.ties

    def above(self, margin) -> bool:
        """Is the mean more than two standard errors above `margin`?"""
        return self.mean - 2 * self.standard_error > margin

    def below(self, margin) -> bool:
        """Is the mean more than two standard errors below `margin`?"""
        return self.mean + 2 * self.standard_error < margin

    def within(self, margin) -> bool:
        """Do two standard errors around the mean lie inside -margin … +margin: a null result?"""
        return self.above(-margin) and self.below(margin)

    def __str__(self):
        return f"{self.numbers}, better in {self.wins} of {len(self.differences)} seeds"

    def __repr__(self):
        reach = max(map(abs, self.gains), default=0)
        axis, dots = strip.scale(-reach, reach), [0] * 51
        for gain in self.gains:
            dots[strip.place(gain, axis) // 2] += 1
        line = "".join(" ·:∴∷#"[min(count, 5)] for count in dots)
        line = line if dots[25] else f"{line[:25]}|{line[26:]}"
        new, baseline = self.names
        return f"{self._words()}\n← {baseline} better [{line}] {new} better →"

    def _repr_html_(self):
        new, baseline = self.names
        how = (*unit_and_sign(self.metric), (baseline, new))
        drawn = strip.strip(self.gains, self.ends, *how)
        data = "".join(f' data-{name}="{escape(text)}"' for name, text in self.data.items())
        return f'<div class="verdict"{data}><p>{typeset(self._words())}</p>{drawn}</div>'

    @property
    def gains(self) -> list:
        """(seeds,): the differences as whole numbers of the last digit shown, more being better."""
        return whole(self.differences, self.metric)

    @property
    def ends(self) -> tuple:
        """Two standard errors from the mean of the gains, in their unit."""
        return interval(Entry(self.differences, {}, self.standard_error), self.metric)

    @property
    def data(self) -> dict:
        """What a script in the page may read: gains, metric and names."""
        gains = " ".join(map(str, self.gains))
        return {"gains": gains, "metric": self.metric, "names": "|".join(self.names)}

    @property
    def numbers(self) -> str:
        """The mean and its standard error, such as '+8.6 ± 0.4 points'."""
        _, digits, unit = scale_of(self.metric)
        mean = round(self.mean, digits) + 0.0  # no "-0.0"
        return f"{mean:+.{digits}f} ± {self.standard_error:.{digits}f}{unit}"

    def _words(self):
        corrected = " (corrected for shared rows)" if self.overlap else ""
        new, baseline = self.names
        return (
            f"{new} against {baseline}, {self.metric}: {self.numbers}{corrected}; better in "
            f"{self.wins} of {len(self.differences)} seeds, worse in {self.losses}, "
            f"equal in {self.ties}"
        )


def compare(new, baseline, metric="accuracy", overlap=0.0, names=("new", "baseline")) -> Verdict:
    """Compare two methods seed by seed.

    new, baseline: (seeds,), the scores of the same seeds in the same order; at least two.
    metric: 'accuracy', a share between 0 and 1, more is better; 'error', 'log loss' or a loss of
    another name, in its own unit, less is better. overlap: rows to test on per row to train on,
    where the seeds are splits of one table; 0 where they share no row.

    Raises ValueError where the scores can't be paired.
    Example: compare([0.9, 0.8], [0.8, 0.8]).mean
    Source: Bouthillier et al. (2021), arXiv:2103.03098, for why one seed is not enough; Nadeau and
    Bengio (2003), doi:10.1023/A:1024068626366, for shared rows.
    """
    if metric not in METRICS and not metric.startswith(OTHER_LOSS):
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    new, baseline = np.asarray(new, float), np.asarray(baseline, float)
    if new.ndim != 1 or new.shape != baseline.shape or len(new) < 2:
        raise ValueError(
            "new and baseline must hold one score per seed, for the same two or more seeds; "
            f"their shapes are {new.shape} and {baseline.shape}"
        )
    if not (np.isfinite(new).all() and np.isfinite(baseline).all()):
        raise ValueError("new and baseline must not contain NaN or infinity")
    if metric == "accuracy" and not all(
        ((0 <= scores) & (scores <= 1)).all() for scores in (new, baseline)
    ):
        raise ValueError("an accuracy must lie between 0 and 1")
    return Verdict((new - baseline) * scale_of(metric)[0], metric, overlap, tuple(names))


@dataclass(frozen=True, repr=False)
class Scores(Shown):
    """Scores of methods on the same seeds, `scores[method][metric]`: (seeds,); shown as a forest.

    scores: {method: {metric: (seeds,)}}, as `compare` takes them. methods: {method: what to say of
    it}. overlap: rows to test on per row to train on, where the seeds are splits of one table.
    others: the methods that are no networks.

    Example: Scores({"new": {"accuracy": new}, "old": {"accuracy": old}}).compare("new", "old")
    """

    scores: dict
    methods: dict = field(default_factory=dict)
    overlap: float = 0.0
    others: tuple = ()

    def __post_init__(self):
        arrays = {
            method: {metric: np.asarray(values, float) for metric, values in scores.items()}
            for method, scores in self.scores.items()
        }
        object.__setattr__(self, "scores", arrays)

    def __getitem__(self, method):
        if method not in self.scores:
            raise ValueError(f"there is no method {method!r}; there are {', '.join(self.scores)}")
        return self.scores[method]

    def compare(self, new, baseline, metric=None) -> Verdict:
        """Compare two methods seed by seed, by their first metric unless `metric` names one."""
        metric = metric or next(iter(self[new]))
        if metric not in self[new] or metric not in self[baseline]:
            raise ValueError(
                f"'{new}' and '{baseline}' have no {metric} in common; they have "
                f"{', '.join(self[new])}"
            )
        return compare(
            self[new][metric], self[baseline][metric], metric, self.overlap, (new, baseline)
        )

    def table(self) -> Forest:
        """What is shown: gains over "plain, stopped", else over "plain", else the scores."""
        metric = next(iter(next(iter(self.scores.values()))))
        usual = [
            name
            for name in (f"plain{STOPPED}", "plain")
            if name in self.scores and _comparable(self[name].get(metric), metric)
        ]
        return self.forest(*usual[:1])

    def forest(self, *rivals, methods=None, metric=None) -> Forest:
        """What the methods gain over a rival, drawn, the best first; over further ones, folded.

        methods: those that are shown, all unless they are named: a list, or {heading: a list}. A
        method and its reading ", stopped" share a row. metric: by which, else by their first.
        Without a rival the scores themselves are drawn.

        Example: scores.forest("plain, stopped", "plain")
        """
        groups = methods if isinstance(methods, dict) else {"": methods or list(self.scores)}
        names = [name for group in groups.values() for name in group]
        if not names:
            raise ValueError("forest needs the names of methods")
        metric = metric or next(iter(self[names[0]]))
        for name in rivals or names[:1]:
            if metric not in self[name]:
                raise ValueError(f"'{name}' has no {metric}; it has {', '.join(self[name])}")
        first = self._forest(groups, *rivals[:1] or (None,), metric)
        # Scores and choices stand in the first, once.
        first.more = {f"over {r}": self._forest(groups, r, metric, full=False) for r in rivals[1:]}
        return first

    def _forest(self, groups, rival, metric, full=True):
        entries = {
            heading: {name: self._entry(name, rival, metric, full) for name in names}
            for heading, names in groups.items()
        }
        sign = unit_and_sign(metric)[1]
        for heading, group in entries.items():
            means = {
                n: np.nan if e.values is None else sign * e.values.mean() for n, e in group.items()
            }
            means |= {rival: 0.0} if rival in group else {}
            # The best first; what has no such score last.
            order = sorted(group, key=lambda name: -np.nan_to_num(means[name], nan=-np.inf))
            entries[heading] = {name: group[name] for name in order}
        rows = {name: entry.cells for group in entries.values() for name, entry in group.items()}
        heads = list(next(iter(rows.values())))
        text = Table(
            ["on the test set", *heads], [[n, *cells.values()] for n, cells in rows.items()]
        )
        difference = f"points over {rival}" if metric == "accuracy" else f"against {rival}"
        caption = f"{metric.capitalize()}, {difference}" if rival else metric.capitalize()
        note = "Errors are corrected for shared rows." if self.overlap else ""
        return Forest(text, entries, metric, caption, self.others, bool(rival), note)

    # A method's reading: its gain over the rival, and in full its scores and what was chosen.
    def _entry(self, name, rival, metric, full):
        cells, scores = {}, self[name].get(metric)
        if full:
            metrics = dict.fromkeys(m for scored in self.scores.values() for m in scored)
            cells = {m: mean_and_error(self[name].get(m), m, self.overlap) for m in metrics}
            cells["chosen, in seeds"] = self._chosen(name)
        if not rival:
            return shown_scores(scores, metric, cells, self.overlap)
        if name == rival or not _comparable(scores, metric, len(self[rival][metric])):
            nothing = "rival: 0" if name == rival else ""
            return Entry(None, {f"over {rival}": nothing, **cells})
        verdict = self.compare(name, rival, metric)
        cells = {f"over {rival}": verdict.numbers, **cells}
        return Entry(verdict.differences, cells, verdict.standard_error, verdict.data)

    def _chosen(self, name):
        """The setting, where it does not merely repeat the method's name."""
        chosen = str(self.methods.get(name, ""))
        return "" if chosen == name else chosen


# Can (seeds,) scores be compared, seed by seed?
def _comparable(scores, metric, seeds=None):
    if scores is None or len(scores) < 2 or not np.isfinite(scores).all():
        return False
    if seeds not in (None, len(scores)):
        return False
    return metric in METRICS or metric.startswith(OTHER_LOSS)


def claim(text: str, evidence, **margin) -> None:
    """Print `text` with a tick where `evidence` bears it out, and raise AssertionError where it
    does not.

    In a replication, on other seeds, it prints the evidence as well, and a cross where the claim
    does not hold.

    evidence: a Verdict with `above=`, `below=` or `within=` a margin that was set before these
    seeds were drawn; or, without a margin, True or False.

    Example: claim("L2 gains more than 7 points", verdict, above=7)
    """
    if isinstance(evidence, Verdict):
        if len(margin) != 1 or not {"above", "below", "within"} & set(margin):
            raise TypeError("a claim about a verdict needs one of above=, below= and within=")
        [(side, value)] = margin.items()
        holds, seen = getattr(evidence, side)(value), f" ({side} {value} was claimed; {evidence})"
    elif isinstance(evidence, (bool, np.bool_)) and not margin:
        holds, seen = evidence, ""
    else:
        raise TypeError(f"a claim takes a verdict and a margin, or True or False, not {evidence!r}")
    if not holds and not replicating():
        raise AssertionError(f"This claim does not hold: {text}{seen}")
    print("✓" if holds else "✗", text + (seen if replicating() else ""))
