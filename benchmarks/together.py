"""Measure `experiment` against a loop of `model.fit`, side by side in one run: writes together.md.

Run by `make bench`; the loops alone take several minutes. Times are of this machine: read the
ratios.
"""

from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from regbook import experiment, for_seeds, noisy_xor, reproducible, rng, seed_weights

reproducible(0)

import keras
import numpy as np
from keras import layers

from regbook.fitting import stack

TIMES = 5
STRENGTHS = [float(strength) for strength in np.linspace(0, 0.05, 9)]
X = np.random.default_rng(0).standard_normal((1000, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def original(strength=0.01, width=8, inputs=2):
    """The network of the original tutorial."""
    penalty = keras.regularizers.L2(strength)
    hidden = layers.Dense(width, "relu", kernel_regularizer=penalty)
    last = layers.Dense(1, "sigmoid", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((inputs,)), hidden, last])
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def convolutional(convolutions=1):
    inner = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()]
    inner += [layers.Conv2D(8, 3, activation="relu") for _ in range(convolutions - 1)]
    last = layers.Flatten(), layers.Dense(10, "softmax")
    model = keras.Sequential([keras.Input((10, 10, 1)), *inner, *last])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def images(seeds):
    def one(seed):
        random = rng(seed)
        for rows in (150, 50, 100):
            labels = random.integers(0, 10, rows)
            yield random.standard_normal((rows, 10, 10, 1)), labels, labels < 0

    return for_seeds("images", seeds, one)


def seconds(function, *arguments, **options):
    start = perf_counter()
    function(*arguments, **options)
    return perf_counter() - start


def at_once(build, settings, data, epochs):
    """Seconds of an experiment, from building to test scores: a first one, and later ones."""
    stack._stacks.clear()
    times = []
    for repeat in range(TIMES + 1):
        rows = data(seeds=range(20 * repeat, 20 * repeat + 20))
        methods = {name: name for name in settings}

        def whole(rows=rows, methods=methods):
            experiment(build, settings, rows, epochs=epochs).open_test(methods)

        times.append(seconds(whole))
    return times[0], median(times[1:])


def loop(build, settings, data, epochs):
    """Seconds of building, fitting and evaluating all models one after the other."""
    rows, start = data(seeds=range(20)), perf_counter()
    for setting in settings.values():
        for seed, x, y in zip(rows.seeds, rows.train.x, rows.train.y):
            seed_weights(seed)
            model = build(**setting)
            model.fit(x, y, epochs=epochs, verbose=0)
            model.evaluate(x, y, verbose=0)
    return perf_counter() - start


def against_the_loop():
    tutorials = {f"L2 {strength:.4f}": {"strength": strength} for strength in STRENGTHS}
    cases = [("180 of the original tutorial's", original, tutorials, noisy_xor, 30)]
    for number, name in ((1, "20 with one convolution"), (2, "20 with two convolutions")):
        setting = {name: {"convolutions": number}}
        cases += [(name, convolutional, setting, images, epochs) for epochs in (30, 120)]
    for name, *case in cases:
        (first, later), alone = at_once(*case), loop(*case)
        ratios = f"{alone / first:.0f} | {alone / later:.0f}"
        yield f"| {name} | {case[-1]} | {alone:.0f} | {first:.2f} | {later:.2f} | {ratios} |"


def growth():
    """Milliseconds of an epoch over members, width and rows; medians of five."""
    base = {"members": 100, "width": 8, "rows": 1000}
    sizes = {"members": [1, 10, 100, 1000], "width": [8, 16, 32, 64, 128]}
    for what, values in (sizes | {"rows": [250, 500, 1000, 2000]}).items():
        cells = []
        for value in values:
            size = base | {what: value}
            data = noisy_xor(size["rows"], irrelevant=8, seeds=range(size["members"]))
            build = partial(original, width=size["width"], inputs=10)
            fit = partial(seconds, experiment, build, {"it": {}}, data)
            fit(epochs=1)  # compiles
            cells.append(median((fit(epochs=11) - fit(epochs=1)) / 10 for _ in range(TIMES)))
        yield f"| {what} | " + " | ".join(map(str, values)) + " |"
        yield "|---" * (len(values) + 1) + "|"
        yield "| ms per epoch | " + " | ".join(f"{1000 * cell:.1f}" for cell in cells) + " |"
        yield ""


PAGE = """# What many networks at once cost

Written by `make bench`, on one thread, in batches of 32: 1000 rows, or 150 images of 10 × 10. Times
run from building to scores. The loop is Keras's own, model by model; a first experiment compiles,
later ones of its kind do not: their median of five.

| networks | epochs | loop, s | first, s | later, s | first: times faster | later: times faster |
|---|---:|---:|---:|---:|---:|---:|
{loop}

## How the time grows

100 members, width 8, 10 inputs, 1000 rows, but for the one that changes.

{growth}
## What limits it

With few members, the start of TensorFlow's operations: some 200 in a step, whatever their size.
With many, passes over memory: of the ten or so arrays of members × batch × units that a step makes,
each is written and read, and from some 300 members on they no longer fit into the cache. A
convolution of one channel is one matrix product; later ones are TensorFlow's own, whose gradient is
a loop over the members.
"""

if __name__ == "__main__":
    page = PAGE.format(loop="\n".join(against_the_loop()), growth="\n".join(growth()))
    Path(__file__).with_suffix(".md").write_text(page, encoding="utf-8")
    print(page)
