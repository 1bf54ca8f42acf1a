"""Draw regularisation.png, which is shown where the course is shared and heads README.md.

By hand: `python img/regularisation.py`. The curves are those of the welcome page.
"""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

opening = runpy.run_path(str(Path(__file__).with_name("opening.py")))
x = np.linspace(-1, 1, 600)
figure, axes = plt.subplots(figsize=(12, 6.3))
figure.subplots_adjust(0.04, 0.13, 0.96, 0.64)
wild = np.clip(opening["curve"](0)(x), -3, 2.2)
axes.plot(x, wild, color="#b34700", linewidth=2, linestyle="--")
axes.plot(x, opening["curve"](opening["best"]())(x), color="#0072b2", linewidth=5)
axes.plot(opening["SEEN"], opening["TARGETS"], "o", color="black", markersize=13)
axes.set(ylim=(-1.7, 1.7), xlim=(-1.04, 1.04))
axes.set_axis_off()
title = "A model that remembers\neverything understands little"
figure.text(0.05, 0.93, title, size=40, weight="bold", va="top", linespacing=1.15)
figure.text(0.05, 0.035, "Regularisation, with evidence: a short course", size=22, color="#444444")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=100, metadata={"Software": None})
