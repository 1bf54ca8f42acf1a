"""Draw regularisation.png, the picture at the head of the course.

By hand: `python img/regularisation.py`.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge

from regbook import plots

rng = np.random.default_rng(3)
x = np.linspace(-1, 1, 12)
y = np.sin(np.pi * x) + 0.25 * rng.standard_normal(12)
fine = np.linspace(-1, 1, 500)

figure, all_axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True)
for axes, strength, title in zip(all_axes, (1e-10, 1e-3), ("without a penalty", "with a penalty")):
    powers = np.arange(1, 12)
    fit = Ridge(alpha=12 * strength, solver="svd").fit(x[:, None] ** powers, y)
    axes.plot(fine, np.sin(np.pi * fine), ":", color=plots.GREY, label="the wave behind the points")
    curve = fit.predict(fine[:, None] ** powers)
    axes.plot(fine, curve, "-", color=plots.PENALTY, label="the fitted curve")
    axes.plot(x, y, "o", color=plots.PLAIN, label="noisy points")
    axes.set(title=title, ylim=(-2.2, 2.2), xticks=[], yticks=[])
    axes.grid(False)
all_axes[0].legend(fontsize=8, loc="upper left")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=150, metadata={"Software": None})
