"""Draw the small pictures of the welcome page, one for each chapter: `python img/cards.py`."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from regbook import plots
from regbook.figures.svg import as_svg

FOLDER = Path(__file__).parent


def penalty(axes):
    """Points, the curve that runs through all, and the one that pays."""
    x = np.linspace(-1, 1, 12)
    y = np.sin(np.pi * x) + 0.25 * np.random.default_rng(3).standard_normal(12)
    fine = np.linspace(-1, 1, 300)
    axes.plot(fine, np.polynomial.Chebyshev.fit(x, y, 11)(fine), "--", color=plots.DROPOUT)
    X, powers = x[:, None] ** np.arange(1, 12), fine[:, None] ** np.arange(1, 12)
    w = np.linalg.solve(X.T @ X + 0.01 * np.eye(11), X.T @ (y - y.mean()))
    axes.plot(fine, powers @ w + y.mean(), "-", color=plots.PENALTY)
    axes.plot(x, y, "o", color=plots.PLAIN)
    axes.set_ylim(-2, 2)


def l2(axes):
    """Noisy XOR, some labels false."""
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, (150, 2))
    false = random.random(150) < 0.1
    label = (x[:, 0] * x[:, 1] > 0) ^ false
    for value, marker, color in ((False, "o", plots.PENALTY), (True, "s", plots.DROPOUT)):
        axes.plot(*x[label == value].T, marker, color=color, markersize=4)
    axes.plot(*x[false].T, "o", color=plots.PLAIN, fillstyle="none", markersize=9)


def dropout(axes):
    """A network in training: some units are off."""
    layers = [(0, 3), (1, 7), (2, 7), (3, 1)]
    off = {(1, 1), (1, 4), (2, 0), (2, 3), (2, 5)}
    spots = [[(place, unit - (units - 1) / 2) for unit in range(units)] for place, units in layers]
    on = [
        [spot for unit, spot in enumerate(row) if (place, unit) not in off]
        for place, row in enumerate(spots)
    ]
    for left, right in zip(on, on[1:]):
        for a in left:
            for b in right:
                axes.plot(*zip(a, b), "-", color=plots.GREY, linewidth=0.5)
    axes.plot(*zip(*(spot for row in on for spot in row)), "o", color=plots.DROPOUT, markersize=9)
    crossed = [spots[place][unit] for place, unit in off]
    axes.plot(*zip(*crossed), "x", color=plots.PLAIN, markersize=7)


def choosing(axes):
    """Five folds: in each, other rows judge."""
    for fold in range(5):
        for part in range(5):
            inks = {
                "facecolor": plots.DROPOUT if part == fold else "none",
                "edgecolor": plots.PLAIN,
            }
            axes.add_patch(plt.Rectangle((part, -fold), 0.9, 0.7, **inks))
    axes.autoscale()


def card(draw):
    figure, axes = plt.subplots(figsize=(3.2, 1.7))
    draw(axes)
    axes.set_axis_off()
    return as_svg(figure)


CARDS = {FOLDER / f"card-{draw.__name__}.svg": draw for draw in (penalty, l2, dropout, choosing)}
if __name__ == "__main__":
    for path, draw in CARDS.items():
        path.write_text(card(draw), encoding="utf-8")
