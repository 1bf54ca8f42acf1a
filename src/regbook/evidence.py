"""One job: say what a comparison shows, and stop where it does not show what the text says."""

import re
from dataclasses import dataclass
from html import escape

import numpy as np

from regbook.numerics import replicating

METRICS = {"accuracy": (100, 1, " points"), "error": (1, 3, ""), "log loss": (1, 3, "")}  # factor, digits, unit


@dataclass(frozen=True, repr=False)
class Verdict:
    """The differences between two methods, one per seed: same data, same initial weights, one thing changed.

    differences: (seeds,), in points (hundredths) for an accuracy, in its own unit otherwise. metric: what was
    compared. overlap: rows to test on per row to train on where the seeds share rows, else 0. names: of the two.
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
        """Of the mean. Where seeds share rows, by Nadeau and Bengio's correction: 1/seeds becomes 1/seeds + overlap."""
        return _standard_error(self.differences, self.overlap)

    @property
    def wins(self) -> int:
        """In how many seeds the first method was better; `losses`: worse; `ties`: equal."""
        return int((self.differences > 0).sum() if self.metric == "accuracy" else (self.differences < 0).sum())

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
        """Does the interval of two standard errors around the mean lie inside -margin … +margin? (A null result.)"""
        return self.above(-margin) and self.below(margin)

    def __str__(self):
        return f"{self.numbers}, better in {self.wins} of {len(self.differences)} seeds"

    def __repr__(self):
        low, high, place = self._strip()
        dots = [" ·:∴∷#"[min(count, 5)] for count in np.bincount(place(self.differences), minlength=41)]
        zero = place(0)
        dots[zero] = "|" if dots[zero] == " " else dots[zero]
        return f"{self._words()}\n{low} [{''.join(dots)}] {high}"

    def _repr_html_(self):
        low, high, place = self._strip()
        places = place(self.differences)
        heights = [np.sum(places[:seed] == own) for seed, own in enumerate(places)]
        top = max(heights)
        dots = "".join(f"M{5 * own + 5} {5 * (top - height) + 5}h0" for own, height in zip(places, heights))
        bottom = 5 * top + 12
        left, right = (5 * place(self.mean + side * self.standard_error) + 5 for side in (-2, 2))
        return (  # JupyterLab shows no picture before it trusts a notebook: "-4.2 … +0.4"
            f'<div class="verdict"><p>{_typeset(self._words())}</p><div><span>{_typeset(low)}</span> <i>…</i> '
            f'<svg viewBox="0 0 210 {bottom + 2}" width="420" fill="none" stroke="currentColor" aria-hidden="true">'
            f'<path d="M0 {bottom}H210M{5 * place(0) + 5} 0V{bottom}" stroke-width=".5"/>'
            f'<path d="M{left} {bottom}H{right}" stroke-width="3"/>'
            f'<path d="{dots}" stroke-width="4" stroke-linecap="round"/></svg> <span>{high}</span></div></div>'
        )

    @property
    def numbers(self) -> str:
        """The mean and its standard error, such as '+8.6 ± 0.4 points'."""
        _, digits, unit = METRICS[self.metric]
        mean = round(self.mean, digits) + 0.0  # no "-0.0"
        return f"{mean:+.{digits}f} ± {self.standard_error:.{digits}f}{unit}"

    def _words(self):
        corrected = " (corrected for shared rows)" if self.overlap else ""
        counts = f"better in {self.wins} of {len(self.differences)} seeds, worse in {self.losses}, equal in {self.ties}"
        return f"{self.names[0]} against {self.names[1]}, {self.metric}: {self.numbers}{corrected}; {counts}"

    def _strip(self):
        """The smallest and the largest difference, zero included, as text, and the function of places 0 … 40."""
        _, digits, _ = METRICS[self.metric]
        low, high = min(self.differences.min(), 0), max(self.differences.max(), 0)

        def place(difference):
            return np.clip(np.round(40 * (difference - low) / (high - low or 1)), 0, 40).astype(int)

        return f"{low:+.{digits}f}", f"{high:+.{digits}f}", place


def compare(new, baseline, metric="accuracy", overlap=0.0, names=("new", "baseline")) -> Verdict:
    """Compare two methods seed by seed.

    new, baseline: (seeds,), the scores of the same seeds in the same order; at least two.
    metric: 'accuracy', a share between 0 and 1, more is better; 'error' or 'log loss', in its own unit, less is better.
    overlap: rows to test on per row to train on, where the seeds are splits of one table; 0 where they share no row.

    Raises ValueError where the scores can't be paired. Example: compare([0.9, 0.8], [0.8, 0.8]).mean
    Source: Bouthillier et al. (2021), arXiv:2103.03098, for why one seed is not enough; Nadeau and Bengio (2003),
    doi:10.1023/A:1024068626366, for shared rows.
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    new, baseline = np.asarray(new, float), np.asarray(baseline, float)
    if new.ndim != 1 or new.shape != baseline.shape or len(new) < 2:
        raise ValueError(
            "new and baseline must hold one score per seed, for the same two or more seeds; "
            f"their shapes are {new.shape} and {baseline.shape}"
        )
    if not (np.isfinite(new).all() and np.isfinite(baseline).all()):
        raise ValueError("new and baseline must not contain NaN or infinity")
    if metric == "accuracy" and not all(((0 <= scores) & (scores <= 1)).all() for scores in (new, baseline)):
        raise ValueError("an accuracy must lie between 0 and 1")
    return Verdict((new - baseline) * METRICS[metric][0], metric, overlap, tuple(names))


def claim(text: str, evidence, **margin) -> None:
    """Print `text` with a tick where `evidence` bears it out, and raise AssertionError where it does not.

    In a replication, on other seeds, it prints the evidence as well, and a cross where the claim does not hold.

    evidence: a Verdict with `above=`, `below=` or `within=` a margin that was set before these seeds were drawn; or,
    without a margin, True or False.

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


class Shown:
    """What has a `table()` shows it: as HTML in a notebook, as text with the same numbers anywhere else."""

    def __repr__(self):
        return repr(self.table())

    def _repr_html_(self):
        return self.table()._repr_html_()


def mean_and_error(scores, metric, overlap=0.0):
    """The mean of (seeds,) scores and its standard error, corrected as a Verdict's, as text; '' for None."""
    if scores is None:
        return ""
    factor, digits, unit = METRICS[metric]
    error = _standard_error(scores, overlap) if len(scores) > 1 else np.nan
    return f"{factor * scores.mean():.{digits}f} ± {factor * error:.{digits}f}{' %' if unit else ''}"


class Table:
    """Rows of cells below a header, that show themselves; the best held-out score of a column in bold."""

    def __init__(self, header, rows):
        self.cells = [list(map(str, row)) for row in (header, *rows)]

    def __repr__(self):
        widths = [max(map(len, column)) for column in zip(*self.cells)]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in self.cells]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self):
        best = list(map(_best, zip(*self.cells)))
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.cells[0])
        body = ""
        for name, *cells in self.cells[1:]:
            body += f'<tr><th scope="row">{escape(name)}</th>'
            for cell, first in zip(cells, best[1:]):
                words = ' class="words"' if re.match(r"[^\W\d]", cell) else ""
                shown = f"<b>{_typeset(cell)}</b>" if cell == first else _typeset(cell)
                body += f"<td{words}>{shown}</td>"
            body += "</tr>"
        return f'<table class="results"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _typeset(text):
    """Text as HTML, with a minus instead of a hyphen before a number."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", escape(text))


def _best(column):
    """The cell of a column of held-out scores that holds the best of two or more; None for other columns."""
    header, *cells = column
    metric, _, part = header.partition(": ")
    scored = [cell for cell in cells if cell]
    if metric not in METRICS or part == "training" or len(scored) < 2:
        return None
    return (max if metric == "accuracy" else min)(scored, key=lambda cell: float(cell.partition(" ")[0]))


def _standard_error(values, overlap):
    return float(values.std(ddof=1) * np.sqrt(1 / len(values) + overlap))
