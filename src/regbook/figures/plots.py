"""The figures of the course, in one style: colour-blind-safe, and never told apart by colour alone."""

import matplotlib.pyplot as plt
import matplotlib_inline.backend_inline  # noqa: F401, its import registers formats of its own, which ours replace
import numpy as np
from IPython import get_ipython
from matplotlib.figure import Figure

from regbook.figures.colours import DROPOUT, GREY, PENALTY, PLAIN
from regbook.figures.svg import as_png, as_svg
from regbook.tables import powers

OTHER = "#009E73"

STYLE = {
    "figure.figsize": (7, 3.6),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 13,
    "axes.titlesize": "medium",
    "xtick.labelsize": "medium",
    "ytick.labelsize": "medium",
    "legend.fontsize": "medium",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.prop_cycle": plt.cycler(
        color=[PENALTY, DROPOUT, OTHER, "#CC79A7", PLAIN], linestyle=["-", "--", "-.", ":", "-"]
    ),
    "legend.frameon": False,
    "lines.linewidth": 2,
    "path.simplify": False,  # it leaves out other points where last bits differ
}
plt.rcParams.update(STYLE)
if get_ipython():
    formatters = get_ipython().display_formatter.formatters
    formatters["image/svg+xml"].for_type(Figure, as_svg)  # the tests compare it
    formatters["image/png"].for_type(Figure, as_png)


def u_curve(axes, strengths, scores, label, color=PENALTY, style="-"):
    """Draw mean scores over strengths, a band of two standard errors, and a dot per seed.

    axes: Matplotlib axes. strengths: (strengths,), the first may be 0, drawn left of the others under the name 0.
    scores: (strengths, seeds).
    """
    strengths, scores = np.asarray(strengths, float), np.asarray(scores, float)
    places = np.arange(len(strengths))
    mean = scores.mean(axis=1)
    error = 2 * scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
    axes.plot(places, mean, style, color=color, marker="o", label=label)
    axes.fill_between(places, mean - error, mean + error, color=color, alpha=0.2, linewidth=0)
    axes.plot(places, scores, ".", color=color, alpha=0.4, markersize=4)
    axes.set_xticks(places, map(powers, strengths))


def examples(data):
    """Draw what a data set's first seed trains on: images with their labels, a curve, or dots; false labels are marked.

    data: a DataSet. Of more than two inputs, two are drawn: the first, or, for a number y, those most correlated
    with it.
    """
    x, y, false = (values[0] for values in (data.train.x, data.train.y, data.train.mislabelled))
    if data.name == "digits":
        side = int(np.sqrt(x.shape[1]))
        figure, all_axes = plt.subplots(2, 10, figsize=(7, 2))
        for axes, image, label, is_false in zip(all_axes.flat, x, y, false):
            axes.imshow(image.reshape(side, side), cmap="gray_r", vmin=0, vmax=1, interpolation="none")
            axes.set_title(f"{label}" + " ✗" * bool(is_false))
            axes.set_axis_off()
    elif x.shape[1] == 1:
        figure, axes = plt.subplots()
        axes.plot(x, y, "o", color=PLAIN)
        axes.set(xlabel="x", ylabel="y")
    elif y.dtype.kind in "iu":
        figure, axes = plt.subplots(figsize=(6, 4))
        for label, marker, color in zip(np.unique(y), "os^Dv*", (GREY, PLAIN) * 3):
            axes.plot(*x[y == label, :2].T, marker, color=color, markersize=4, alpha=0.7, label=f"label {label}")
        if false.any():
            axes.plot(*x[false, :2].T, "o", color=PLAIN, fillstyle="none", markersize=9, label="false label")
        axes.set(xlabel="x₀", ylabel="x₁", aspect="equal")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    else:
        figure, all_axes = plt.subplots(1, 2, sharey=True)
        telling = np.abs((x * y[:, None]).mean(axis=0)).argsort()[::-1]
        for place, axes in zip(telling, all_axes):
            axes.plot(x[:, place], y, ".", color=PLAIN)
            axes.set_xlabel(f"input {place}, standardised")
        all_axes[0].set_ylabel("y")
    plt.show()
