"""One job: say what a comparison shows, and stop where it does not show what the text says."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Paired:
    """The differences between two ways of training, one a seed: same data, same initial weights, one thing changed.

    differences: (seeds,), in points (hundredths) for an accuracy, in its own unit for an error. wins: in how many
    seeds the new way was better. standard_error: of the mean over the seeds, which it treats as independent.
    """

    differences: np.ndarray
    of: str

    @property
    def mean(self) -> float:
        return float(self.differences.mean())

    @property
    def standard_error(self) -> float:
        return float(self.differences.std(ddof=1) / np.sqrt(len(self.differences)))

    @property
    def wins(self) -> int:
        return int((self.differences > 0).sum() if self.of == "accuracy" else (self.differences < 0).sum())

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
        digits, unit = (1, " points") if self.of == "accuracy" else (3, "")
        mean = round(self.mean, digits) + 0.0  # no "-0.0"
        numbers = f"{mean:+.{digits}f} ± {self.standard_error:.{digits}f}{unit}"
        return f"{numbers}, better in {self.wins} of {len(self.differences)} seeds"


def compare(new, baseline, of="accuracy") -> Paired:
    """Compare two ways of training seed by seed.

    new, baseline: (seeds,), the scores of the same seeds in the same order; at least two.
    of: 'accuracy', a share between 0 and 1, more is better; or 'error', in its own unit, less is better.

    Raises ValueError where the scores can't be paired. Source: the paired design of any textbook on experiments;
    Bouthillier et al. (2021), arXiv:2103.03098, for why one seed is not enough.
    """
    if of not in ("accuracy", "error"):
        raise ValueError(f"of must be 'accuracy' or 'error', not {of!r}")
    new, baseline = np.asarray(new, float), np.asarray(baseline, float)
    if new.ndim != 1 or new.shape != baseline.shape or len(new) < 2:
        raise ValueError(
            "new and baseline must hold one score a seed, for the same two or more seeds; "
            f"their shapes are {new.shape} and {baseline.shape}"
        )
    if not (np.isfinite(new).all() and np.isfinite(baseline).all()):
        raise ValueError("new and baseline must not contain NaN or infinity")
    if of == "accuracy" and not all(((0 <= scores) & (scores <= 1)).all() for scores in (new, baseline)):
        raise ValueError("an accuracy must lie between 0 and 1")
    return Paired((new - baseline) * (100 if of == "accuracy" else 1), of)


def claim(text: str, condition) -> None:
    """Print `text` with a tick where `condition` is True, and raise AssertionError where it is not.

    Every verdict in the course stands beside such a line, so that it can't outlive its evidence.
    """
    if not isinstance(condition, (bool, np.bool_)):
        raise TypeError(f"a claim is True or False, not {condition!r}")
    if not condition:
        raise AssertionError(f"This claim does not hold: {text}")
    print(f"✓ {text}")
