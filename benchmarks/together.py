"""Measure `fit_together` against a loop of `model.fit`, side by side in one run. Writes together.md.
With the argument `architectures` or `members`, measure peak memory instead, in a process of its own.

Run by `make bench`; the loops alone take several minutes. All times are from this machine, so read the ratios.
"""

import resource
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from regbook import experiment, fit_together, noisy_xor, reproducible, seed_weights

reproducible(0)

import keras
import numpy as np
from keras import layers

from regbook import stack

HERE = Path(__file__).parent
TIMES = 5
STRENGTHS = [float(strength) for strength in np.linspace(0, 0.05, 9)]
rng = np.random.default_rng(0)
X = rng.standard_normal((20_000, 10))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
IMAGES, LABELS = rng.standard_normal((20, 150, 10, 10, 1)), rng.integers(0, 10, (20, 150))


def original(seed, strength=0.01, width=8, inputs=2, seed_with=seed_weights):
    """The model of the original tutorial."""
    seed_with(seed)
    penalty = keras.regularizers.L2(strength)
    hidden = layers.Dense(width, "relu", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((inputs,)), hidden, layers.Dense(1, "sigmoid", kernel_regularizer=penalty)])
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def convolutional(seed, convolutions=1):
    seed_weights(seed)
    model = keras.Sequential([keras.Input((10, 10, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()])
    for _ in range(convolutions - 1):
        model.add(layers.Conv2D(8, 3, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, "softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def seconds(function, *arguments, **options):
    start = perf_counter()
    function(*arguments, **options)
    return perf_counter() - start


def together(build, x, y, epochs):
    """Seconds of a first fit, which compiles, and the median of later ones. All models are built before the first."""
    stack._compiled.clear()
    groups = [build() for _ in range(TIMES + 1)]
    times = [seconds(fit_together, models, x, y, epochs=epochs) for models in groups]
    return times[0], median(times[1:])


def to_scores(epochs):
    """Seconds of an experiment, 9 strengths × 20 seeds, from building to test scores: the first, and a later one."""
    stack._compiled.clear()
    settings = {f"L2 {strength:.4f}": {"strength": strength} for strength in STRENGTHS}
    times = []
    for repeat in range(TIMES + 1):
        data = noisy_xor(seeds=range(20 * repeat, 20 * repeat + 20))
        whole = lambda data=data: experiment(  # noqa: E731
            lambda strength: original(0, strength), settings, data, epochs=epochs
        ).open_test({name: name for name in settings})
        times.append(seconds(whole))
    return times[0], median(times[1:])


def loop(build, x, y, epochs):
    """Seconds of building, fitting and evaluating all models one after the other, and those of fitting alone."""
    start, fitting = perf_counter(), 0.0
    models = build()
    for i, model in enumerate(models):
        own = (x[i], y[i]) if len(x) == len(models) else (x, y)
        fitting += seconds(model.fit, *own, epochs=epochs, verbose=0)
        model.evaluate(*own, verbose=0)
    return perf_counter() - start, fitting


def against_the_loop():
    def grid():
        return [original(seed, strength) for strength in STRENGTHS for seed in range(20)]

    def line(name, epochs, alone, first, later):
        times = f"{alone:.0f} | {first:.2f} | {later:.2f} | {alone / first:.0f} | {alone / later:.0f}"
        return f"| {name} | {epochs} | {times} |"

    scores, fits = to_scores(30), together(grid, X[:1000, :2], Y[:1000], 30)
    whole, fitting = loop(grid, X[:1000, :2], Y[:1000], 30)
    yield line("180 of the original tutorial's model: from building to scores, by `experiment`", 30, whole, *scores)
    yield line("the same: fit alone, by `fit_together`", 30, fitting, *fits)
    for number, name in ((1, "one convolution"), (2, "two convolutions")):
        build = partial(lambda number: [convolutional(seed, number) for seed in range(20)], number)
        for epochs in (30, 120):
            fits = together(build, IMAGES, LABELS, epochs)
            yield line(f"20 with {name}: fit alone", epochs, loop(build, IMAGES, LABELS, epochs)[1], *fits)


def growth():
    """Milliseconds of an epoch over members, width and rows; medians of five."""
    base = {"members": 100, "width": 8, "rows": 1000}
    sizes = {"members": [1, 10, 100, 1000], "width": [8, 16, 32, 64, 128], "rows": [250, 500, 1000, 2000]}
    for what, values in sizes.items():
        cells = []
        for value in values:
            size = base | {what: value}
            models = [original(seed, width=size["width"], inputs=10) for seed in range(size["members"])]
            fit = partial(seconds, fit_together, models, X[: size["rows"]], Y[: size["rows"]])
            fit(epochs=1)  # compiles
            cells.append(median((fit(epochs=11) - fit(epochs=1)) / 10 for _ in range(TIMES)))
        yield f"| {what} | " + " | ".join(map(str, values)) + " |"
        yield "|---" * (len(values) + 1) + "|"
        yield "| ms per epoch | " + " | ".join(f"{1000 * cell:.1f}" for cell in cells) + " |"
        yield ""


def peak():
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def architectures():
    """Print the peak after each of ten architectures: only two stay compiled."""
    for width in range(1, 11):
        fit_together([original(seed, width=width) for seed in range(20)], X[:1000, :2], Y[:1000], epochs=2)
        keras.utils.clear_session()
        print(f"{width:2} architectures: {peak():.0f} MB", flush=True)


def members():
    """Print the peak after fitting 1000 of the original tutorial's model."""
    fit_together([original(seed, seed_with=keras.utils.set_random_seed) for seed in range(1000)],
                 X[:1000, :2], Y[:1000], epochs=2)  # fmt: skip
    print(f"1000 members: {peak():.0f} MB")


def report():
    lines = [
        "# What `fit_together` costs",
        "",
        "Written by `make bench`, on one thread, in batches of 32: 1000 rows, or 150 images of 10 × 10. The loop is",
        "Keras's own, model after model; a first fit compiles, later ones of its shape do not: their median of five.",
        "",
        "| models | epochs | loop, s | first, s | later, s | first: times faster | later: times faster |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += against_the_loop()
    lines += [
        "",
        "## How the time grows",
        "",
        "100 members, width 8, 10 inputs, 1000 rows, but for the one that changes.",
        "",
    ]
    lines += growth()
    lines += [
        "## What limits it",
        "",
        "With few members, the start of TensorFlow's operations: some 200 in a step, whatever their size. With many,",
        "passes over memory: of the ten or so arrays of members × batch × units that a step makes, each is written and",
        "read, and from some 300 members on they no longer fit into the cache. A convolution of one channel",
        "is one matrix product; later ones are TensorFlow's own, whose gradient is a loop over the members.",
        "",
    ]
    (HERE / "together.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    {"": report, "architectures": architectures, "members": members}["".join(sys.argv[1:])]()
