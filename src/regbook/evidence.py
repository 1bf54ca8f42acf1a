"""Say what a comparison shows, and stop where it does not show what the text says."""

from dataclasses import dataclass, field

import numpy as np

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
        low, high, place = self._strip()
        dots = [
            " ·:∴∷#"[min(count, 5)] for count in np.bincount(place(self.differences), minlength=41)
        ]
        zero = place(0)
        dots[zero] = "|" if dots[zero] == " " else dots[zero]
        return f"{self._words()}\n{low} [{''.join(dots)}] {high}"

    def _repr_html_(self):
        low, high, place = self._strip()
        places = place(self.differences)
        heights = [np.sum(places[:seed] == own) for seed, own in enumerate(places)]
        top = max(heights)
        pairs = zip(5 * places + 5, heights)
        dots = "".join(f"M{place} {5 * (top - height) + 5}h0" for place, height in pairs)
        bottom = 5 * top + 12
        left, right = (5 * place(self.mean + side * self.standard_error) + 5 for side in (-2, 2))
        return (  # JupyterLab shows no picture before it trusts a notebook: "-4.2 … +0.4"
            f'<div class="verdict"><p>{typeset(self._words())}</p><div>'
            f"<span>{typeset(low)}</span> <i>…</i> "
            f'<svg viewBox="0 0 210 {bottom + 2}" width="420" fill="none" stroke="currentColor" '
            'aria-hidden="true">'
            f'<path d="M0 {bottom}H210M{5 * place(0) + 5} 0V{bottom}" stroke-width=".5"/>'
            f'<path d="M{left} {bottom}H{right}" stroke-width="3"/>'
            f'<path d="{dots}" stroke-width="4" stroke-linecap="round"/></svg> '
            f"<span>{high}</span></div></div>"
        )

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

    def _strip(self):
        """The smallest and largest difference, or zero, as text, and the function of places."""
        _, digits, _ = scale_of(self.metric)
        low, high = min(self.differences.min(), 0), max(self.differences.max(), 0)

        def place(difference):
            return np.clip(np.round(40 * (difference - low) / (high - low or 1)), 0, 40).astype(int)

        return f"{low:+.{digits}f}", f"{high:+.{digits}f}", place


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
    """Scores of methods on the same seeds, `scores[method][metric]`: (seeds,); shown as a table.

    scores: {method: {metric: (seeds,)}}, as `compare` takes them. methods: {method: what to say of
    it}. overlap: rows to test on per row to train on, where the seeds are splits of one table.

    Example: Scores({"new": {"accuracy": new}, "old": {"accuracy": old}}).compare("new", "old")
    """

    scores: dict
    methods: dict = field(default_factory=dict)
    overlap: float = 0.0

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

    def gains(self, *rivals, methods=None) -> Table:
        """What each of the methods, all unless they are named, gains over each rival.

        Example: scores.gains("plain", "plain, stopped")
        """
        methods = self.scores if methods is None else methods
        rows = [
            [name, *(self.compare(name, rival).numbers for rival in rivals)] for name in methods
        ]
        return Table(["gain over", *rivals], rows)

    def table(self) -> Table:
        """One row per method: mean over the seeds, its standard error, and what was chosen."""
        metrics = list(dict.fromkeys(name for scores in self.scores.values() for name in scores))
        rows = [
            [
                name,
                *(mean_and_error(scores.get(m), m, self.overlap) for m in metrics),
                self._chosen(name),
            ]
            for name, scores in self.scores.items()
        ]
        return Table(["on the test set", *metrics, "setting"], rows)

    def _chosen(self, name):
        """The setting, where it does not merely repeat the method's name."""
        chosen = str(self.methods.get(name, ""))
        return "" if chosen == name else chosen


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
