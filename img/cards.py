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
    axes.plot(fine, np.polynomial.Chebyshev.fit(x, y, 11)(fine), "--", color=plots.PLAIN)
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
    for value, marker, color in ((False, "o", plots.GREY), (True, "s", plots.PLAIN)):
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
    """Single runs fall on both sides of a line: which side will be told?"""
    random = np.random.default_rng(7)
    gains = np.sort(random.normal(0.6, 1.5, 40))
    columns = np.round(gains * 2) / 2
    height = [np.sum(columns[:place] == column) for place, column in enumerate(columns)]
    won = columns > 0
    axes.axvline(0, color=plots.GREY, linewidth=1)
    inks = {"color": plots.PLAIN, "markersize": 6}
    axes.plot(columns[won], np.array(height)[won], "o", **inks)
    axes.plot(columns[~won], np.array(height)[~won], "o", fillstyle="none", **inks)
    axes.set_ylim(-1, 9)


def how_sure(axes):
    """What is said, beside what is so: a curve that bends away from the diagonal."""
    x = np.linspace(0, 1, 50)
    axes.plot(x, x, ":", color=plots.GREY)
    axes.plot(x, x**1.9, "-", color=plots.PLAIN)


def beyond_dense(axes):
    """Ranks that cross from one network to the next."""
    for ranks, ink in (((1, 3, 2), plots.PENALTY), ((2, 1, 3), plots.DROPOUT), ((3, 2, 1), "0.5")):
        axes.plot(range(3), ranks, "-o", color=ink, markersize=6)
    axes.margins(0.1)


def grokking(axes):
    """What was trained on is known at once, the rest late."""
    x = np.linspace(0, 10, 100)
    axes.plot(x, 1 / (1 + np.exp(-4 * (x - 1))), "-", color=plots.GREY, linewidth=1)
    axes.plot(x, 1 / (1 + np.exp(-4 * (x - 7))), "-", color=plots.PENALTY)


def double_descent(axes):
    """An error that falls, rises to a peak, and falls again."""
    x = np.linspace(0, 10, 200)
    axes.plot(x, np.exp(-x / 2) + 0.9 * np.exp(-((x - 4.5) ** 2) / 0.5), "-", color=plots.PLAIN)
    axes.axvline(4.5, color=plots.GREY, linestyle=":")


def weight_decay(axes):
    """Two ways down, from one weight."""
    x = np.linspace(0, 5, 50)
    axes.plot(x, np.exp(-x), "-", color=plots.PENALTY)
    axes.plot(x, np.exp(-x / 6), "-", color=plots.PLAIN)


def traps(axes):
    """A row of code in which one word does not do what it says."""
    for line, words in enumerate([(3, 2), (1, 4, 2), (2, 3)]):
        left = 0.5 * line
        for place, width in enumerate(words):
            trap = (line, place) == (1, 1)
            ink = plots.PLAIN if trap else plots.GREY
            axes.plot([left, left + width], [-line, -line], "-", color=ink, linewidth=7)
            left += width + 0.6
    axes.margins(0.15, 0.4)


def laboratory(axes):
    """Three sliders."""
    for line, at in enumerate((2, 5, 3)):
        axes.plot([0, 7], [-line, -line], "-", color=plots.GREY, linewidth=2)
        axes.plot(at, -line, "o", color=plots.PLAIN, markersize=11)
    axes.margins(0.1, 0.3)


def your_data(axes):
    """A table with one column that is to be told."""
    for row in range(4):
        for column in range(5):
            inks = {"facecolor": plots.GREY if column == 4 else "none"}
            spot = plt.Rectangle((column, -row), 0.9, 0.8, edgecolor=plots.PLAIN, **inks)
            axes.add_patch(spot)
    axes.autoscale()


def judge(axes):
    """Ten reports; a cross, a tick, a cross …"""
    for place, wrong in enumerate([1, 0, 1, 1, 0, 1, 1, 0, 1, 1]):
        ink = plots.PLAIN if wrong else plots.GREY
        spot = place % 5, -(place // 5)
        axes.plot(*spot, "X" if wrong else "o", color=ink, markersize=10)
    axes.margins(0.1, 0.5)


def card(draw, size):
    figure, axes = plt.subplots(figsize=size)
    draw(axes)
    axes.set_axis_off()
    return as_svg(figure)


CHAPTERS = (penalty, l2, dropout, choosing)
FURTHER = (how_sure, beyond_dense, grokking, double_descent, weight_decay, traps)
FURTHER += (laboratory, your_data, judge)
CARDS = {FOLDER / f"card-{draw.__name__}.svg": (draw, (3.2, 1.7)) for draw in CHAPTERS}
CARDS |= {FOLDER / f"card-{draw.__name__}.svg": (draw, (1.6, 0.9)) for draw in FURTHER}
if __name__ == "__main__":
    for path, drawing in CARDS.items():
        path.write_text(card(*drawing), encoding="utf-8")
