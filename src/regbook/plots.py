"""One job: the figures of the course, in one style: colour-blind-safe, and never told apart by colour alone."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats

# Okabe and Ito's palette, told apart with every common colour vision deficiency.
PLAIN, PENALTY, DROPOUT, OTHER, GREY = "#000000", "#0072B2", "#D55E00", "#009E73", "#777777"

plt.rcParams.update(
    {
        "figure.figsize": (7, 3.6),
        "figure.constrained_layout.use": True,
        "figure.facecolor": "white",
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#dddddd",
        "axes.prop_cycle": plt.cycler(
            color=[PENALTY, DROPOUT, OTHER, "#CC79A7", PLAIN], linestyle=["-", "--", "-.", ":", "-"]
        ),
        "legend.frameon": False,
        "lines.linewidth": 2,
    }
)
set_matplotlib_formats("retina")


def u_curve(axes, strengths, scores, label, color=PENALTY, style="-"):
    """Draw mean scores over strengths, a band of two standard errors, and a dot a seed.

    axes: Matplotlib axes. strengths: (strengths,), the first may be 0, drawn left of the others under the name 0.
    scores: (strengths, seeds).
    """
    strengths, scores = np.asarray(strengths, float), np.asarray(scores, float)
    places = np.arange(len(strengths))
    mean = scores.mean(axis=1)
    error = 2 * scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
    axes.plot(places, mean, style, color=color, marker="o", label=label)
    axes.fill_between(places, mean - error, mean + error, color=color, alpha=0.2, linewidth=0)
    axes.plot(places, scores, ".", color=color, alpha=0.25, markersize=4)
    axes.set_xticks(places, [f"{s:g}" for s in strengths])


def pairs(axes, baseline, new, names):
    """Draw one line a seed from its score with the baseline to its score with the new way; means in bold.

    axes: Matplotlib axes. baseline, new: (seeds,). names: the two ways.
    """
    both = np.array([baseline, new])
    worse = both[1] < both[0]
    axes.plot(both[:, ~worse], "-", color=PENALTY, alpha=0.6, linewidth=1, marker=".")
    axes.plot(both[:, worse], "--", color=DROPOUT, alpha=0.6, linewidth=1, marker=".")
    axes.plot(both.mean(axis=1), color=PLAIN, linewidth=3, marker="o")
    axes.set_xticks([0, 1], names)
    axes.set_xlim(-0.3, 1.3)


def learning_curves(axes, train, held_out, label, color=PENALTY):
    """Draw the mean over seeds by epoch: training solid, held-out dashed. train, held_out: (epochs, seeds)."""
    epochs = np.arange(1, len(train) + 1)
    axes.plot(epochs, np.mean(train, axis=1), "-", color=color, label=f"{label}, training")
    axes.plot(epochs, np.mean(held_out, axis=1), "--", color=color, label=f"{label}, held out")
    axes.set_xlabel("epoch")
