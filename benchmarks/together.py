"""Measure `fit_together` against a loop of `model.fit`, side by side in one run. Writes together.md and together.png.
With the argument `memory`, measure the peak memory of 1000 members instead.

Run by `make bench`; the loop alone takes several minutes. All times are from this machine, so read the ratios.
"""

import resource
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

from regbook import fit_together, reproducible, seed_weights

reproducible(0)

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers

HERE = Path(__file__).parent
EPOCHS, BATCH = 30, 32
rng = np.random.default_rng(0)
X = rng.standard_normal((20_000, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def build(l2, seed, width=8, seed_with=seed_weights):
    """The seed notebook's model."""
    seed_with(seed)
    price = keras.regularizers.L2(l2)
    hidden, last = (
        layers.Dense(width, "relu", kernel_regularizer=price),
        layers.Dense(1, "sigmoid", kernel_regularizer=price),
    )
    model = keras.Sequential([keras.Input((2,)), hidden, last])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def seconds(function):
    start = perf_counter()
    result = function()
    return perf_counter() - start, result


def grid(seed_with):
    return [build(l2, seed, seed_with=seed_with) for l2 in np.linspace(0, 0.05, 9) for seed in range(20)]


def against_the_loop(rows=1000):
    """Times of building, fitting and reading 180 models: (loop, together), three numbers each."""
    x, y = X[:rows], Y[:rows]
    built, models = seconds(lambda: grid(seed_weights))
    fitted, history = seconds(lambda: fit_together(models, x, y, epochs=EPOCHS, batch_size=BATCH))
    read, _ = seconds(lambda: history.accuracy[-1])
    del models
    # The loop comes second: what it leaves behind in TensorFlow would slow down whatever follows.
    built_loop, models = seconds(lambda: grid(keras.utils.set_random_seed))
    fitted_loop, _ = seconds(lambda: [m.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0) for m in models])
    read_loop, _ = seconds(lambda: [m.evaluate(x, y, verbose=0) for m in models])
    return (built_loop, fitted_loop, read_loop), (built, fitted, read)


def growth():
    """Seconds of fitting, over members, width and rows."""
    base = {"members": 100, "width": 8, "rows": 1000}
    table = {}
    for what, values in {
        "members": [1, 10, 100, 1000],
        "width": [8, 16, 32, 64, 128],
        "rows": [250, 500, 1000, 2000],
    }.items():
        table[what] = {}
        for value in values:
            size = base | {what: value}
            models = [build(0.01, seed, size["width"]) for seed in range(size["members"])]
            x, y = X[: size["rows"]], Y[: size["rows"]]
            table[what][value], _ = seconds(partial(fit_together, models, x, y, epochs=EPOCHS, batch_size=BATCH))
    return table


def matmul_gflops():
    """What one core does in a large float64 matrix product: the speed limit of the arithmetic."""
    a = rng.standard_normal((1000, 1000))
    return 2 * 1000**3 / min(seconds(lambda: a @ a)[0] for _ in range(5)) / 1e9


def peak_memory_of_1000():
    """Peak memory in MB of this process, which must be a fresh one, after fitting 1000 members."""
    models = [build(0.01, seed, seed_with=keras.utils.set_random_seed) for seed in range(1000)]
    fit_together(models, X[:1000], Y[:1000], epochs=2, batch_size=BATCH)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def report():
    table = growth()
    loop, ours = against_the_loop()
    steps = EPOCHS * -(-1000 // BATCH)
    few, many = table["members"][1], table["members"][1000]
    a_member = (many - few) / 999 / steps
    flops = 3 * 2 * BATCH * (2 * 8 + 8)  # forward, and twice that backward
    lines = [
        "# What `fit_together` costs",
        "",
        "Written by `make bench`: the seed notebook's model, 30 epochs of 1000 rows in batches of 32, one thread.",
        "",
        "## 180 models: the loop of `model.fit`, and `fit_together`",
        "",
        "| | loop, seconds | together, seconds | ratio |",
        "|---|---:|---:|---:|",
        f"| fit | {loop[1]:.1f} | {ours[1]:.2f} | {loop[1] / ours[1]:.0f} |",
        f"| build, fit, read the accuracies | {sum(loop):.1f} | {sum(ours):.2f} | {sum(loop) / sum(ours):.0f} |",
        "",
        f"Of the {sum(ours):.1f} seconds, building the Keras models takes {ours[0]:.1f}.",
        "",
        "## How the time grows",
        "",
        "100 members, width 8, 1000 rows, but for the one that changes.",
        "",
    ]
    for what, column in table.items():
        lines += [f"| {what} | " + " | ".join(map(str, column)) + " |", "|---" * (len(column) + 1) + "|"]
        lines += ["| seconds | " + " | ".join(f"{value:.2f}" for value in column.values()) + " |", ""]
    lines += [
        "## What limits it",
        "",
        f"A step costs {1e6 * few / steps:.0f} µs with one member, start-up included, and",
        f"{1e6 * a_member:.1f} µs more for each further member. The arithmetic of a member's step, {flops}",
        "floating-point operations, would take",
        f"{1e-3 * flops / matmul_gflops():.2f} µs at the speed of a large matrix product on this core. What is left is",
        "overhead: of TensorFlow's operations with few members, of element-wise passes over memory with many.",
        "",
    ]
    (HERE / "together.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    figure, all_axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
    for axes, (what, column) in zip(all_axes, table.items()):
        axes.loglog(column.keys(), column.values(), "o-")
        axes.set_xticks(list(column), list(column))
        axes.minorticks_off()
        axes.set_xlabel(what)
    all_axes[0].set_ylabel("seconds")
    figure.savefig(HERE / "together.png", dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    if sys.argv[1:] == ["memory"]:
        print(f"Peak memory of a process that fits 1000 members: {peak_memory_of_1000():.0f} MB.")
    else:
        report()
