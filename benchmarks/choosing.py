"""What does it cost a method to choose its setting on 50 validation rows of its own, by loss or by
accuracy? Writes choosing.md: why `choose` looks at the loss of each seed.

Run by `make bench`. Three divisions of the images that no notebook uses, with false labels and
without.
"""

from pathlib import Path

import regbook as rb

rb.reproducible(0)

import keras
import numpy as np
from keras import layers
from keras.regularizers import L2

from regbook.experiments import Choice

DIVISIONS = (500, 501, 502)
SETTINGS = {f"L2 {strength}": {"strength": strength} for strength in (0.001, 0.003, 0.01, 0.03)}
SETTINGS |= {f"dropout {rate}": {"rate": rate} for rate in (0.2, 0.5, 0.7, 0.9)}
HEAD = """# What choosing costs

Written by `make bench`: gains over plain on the 1000 test images of a division, 20 paired seeds of
150 images to train and 50 to validate on. A method's setting is chosen by each seed on its own
validation loss, by each on its own validation accuracy, or once for all seeds by their mean
validation accuracy. Accuracy in points (more is better), then log loss (less is better).
"""
FOOT = """
By loss, a seed chooses as well as all seeds together where no setting of the grid is far too
strong; by accuracy it loses up to about a point where labels are false: 50 rows tell accuracies
apart only roughly. But where validation labels are false, the loss prefers a network that is unsure
of everything: with a rate of 0.9 in the grid, many seeds take it, and what the mean accuracy of all
seeds chooses is better by two to three points. Such a grid is too wide for 50 rows.
"""
METHODS = {
    "L2": list(SETTINGS)[:4],
    "dropout to 0.7": list(SETTINGS)[4:7],
    "dropout to 0.9": list(SETTINGS)[4:],
}


def build(strength=0.0, rate=0.0):
    hidden = layers.Dense(64, "relu", kernel_regularizer=L2(strength))
    last = layers.Dense(10, "softmax", kernel_regularizer=L2(strength))
    model = keras.Sequential([keras.Input((100,)), hidden, layers.Dropout(rate), last])
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy")
    return model


def choices(runs, names):
    """The three ways: each seed by its loss or accuracy, or all as one by their mean accuracy."""
    accuracy = np.array([runs.curve(name, "val_accuracy")[:, -1] for name in names])
    pooled = names[accuracy.mean(axis=1).argmax()]
    return {
        "own loss": runs.choose(*names),
        "own accuracy": Choice(tuple(names[pick] for pick in accuracy.argmax(axis=0))),
        "pooled accuracy": Choice((pooled,) * accuracy.shape[1]),
    }


def rows():
    for label_noise in (0.2, 0.0):
        for division in DIVISIONS:
            images = rb.digits(label_noise, seeds=range(20 * division, 20 * division + 20))
            runs = rb.experiment(build, {"plain": {}} | SETTINGS, images, epochs=60)
            methods = {"plain": "plain"}
            for method, grid in METHODS.items():
                for way, choice in choices(runs, grid).items():
                    methods[f"{method}, {way}"] = choice
            scores = runs.open_test(methods)
            for method in METHODS:
                gains = [
                    str(scores.compare(f"{method}, {way}", "plain", metric)).split(",")[0]
                    for metric in ("accuracy", "log loss")
                    for way in ("own loss", "own accuracy", "pooled accuracy")
                ]
                yield f"| {label_noise:.0%} | {division} | {method} | " + " | ".join(gains) + " |"


def main():
    ways = "own loss | own accuracy | pooled"
    lines = [
        HEAD,
        f"| false labels | division | method | accuracy: {ways} | log loss: {ways} |",
        "|---:|---:|---|---|---|---|---|---|---|",
        *rows(),
        FOOT,
    ]
    Path(__file__).with_name("choosing.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
