"""One job: the data sets of the course, each split into train, validation and a sealed test part."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from regbook.numerics import nudged


@dataclass(frozen=True)
class Part:
    """Rows of a data set, once a seed. x: (seeds, rows, inputs). y: (seeds, rows). wrong: (seeds, rows), True where
    the label was replaced by a false one."""

    x: np.ndarray
    y: np.ndarray
    wrong: np.ndarray


@dataclass(frozen=True)
class DataSet:
    """A data set, drawn or split afresh for every seed. Look at `train` and `validation` as often as you like."""

    name: str
    train: Part
    validation: Part
    _test: Part = field(repr=False)
    _openings: list = field(default_factory=list, repr=False)

    def open_test(self) -> Part:
        """The test part, its labels never falsified. Says how often it was opened: once is a test, twice is not."""
        self._openings.append(True)
        times = len(self._openings)
        print(
            f"The test set of '{self.name}' is open."
            if times == 1
            else f"The test set of '{self.name}' is open for time number {times}: "
            "what is chosen after looking at it is no longer tested."
        )
        return self._test


def load(name: str, seeds=range(20), **settings) -> DataSet:
    """The data set `name`, once for every seed.

    'quadrants': two normal inputs, y = 1 where x₀·x₁ > 0. rows=1000 to train on, irrelevant=0 more normal columns
        that y does not depend on, wrong=0.0 as the share of false labels in train and validation.
        200 rows to validate on, 4000 to test on.
    'digits': scikit-learn's 8 x 8 images, 64 inputs in 0…1, classes 0…9. rows=200, wrong=0.0 as above.
        200 rows to validate on, the others to test on.
    'diabetes': scikit-learn's diabetes progression, 10 inputs; inputs and y standardised with the training rows.
        rows=200; 50 rows to validate on, the others to test on.
    'wave': y = sin(πx) + 0.3 · normal noise, one input on an even grid over -1…1. rows=30; 100 rows to validate
        on, 501 to test on.

    seeds: whole numbers; the same seed gives the same rows.

    Raises ValueError for an unknown name, setting or value. Source of the real data:
    https://scikit-learn.org/stable/datasets/toy_dataset.html (both ship with scikit-learn).
    """
    if name not in _MAKERS:
        raise ValueError(f"there is no data set {name!r}; there are {', '.join(_MAKERS)}")
    make, limits = _MAKERS[name]
    defaults = {setting: default for setting, (default, _, _) in limits.items()}
    for setting, value in settings.items():
        if setting not in limits:
            raise ValueError(f"'{name}' has no setting {setting!r}; it has {', '.join(limits)}")
        default, low, high = limits[setting]
        whole = isinstance(default, int)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer) if whole else (int, float, np.floating)):
            raise TypeError(f"{setting} must be a {'whole ' if whole else ''}number, not {value!r}")
        if not low <= value <= high:
            raise ValueError(f"{setting} must lie in {low} … {high} for '{name}', not {value}")
    check_seeds(seeds)
    return gathered(name, [make(int(seed), **(defaults | settings)) for seed in seeds])


def check_seeds(seeds):
    """Raise TypeError or ValueError unless `seeds` is a list, tuple, range or array of whole numbers from 0 on."""
    if not isinstance(seeds, (list, tuple, range, np.ndarray)):
        raise TypeError(f"seeds must be a list or range of whole numbers, not {seeds!r}")
    if not len(seeds) or not all(isinstance(s, (int, np.integer)) and s >= 0 for s in seeds):
        raise ValueError(f"seeds must be one or more whole numbers of at least 0, not {seeds}")


def gathered(name, drawn) -> DataSet:
    """A data set of what was drawn for each seed: three times (x, y, wrong), to train, to validate and to test on."""
    return DataSet(name, *(Part(*(np.stack(arrays) for arrays in zip(*same))) for same in zip(*drawn)))


def cut_in_three(x, y, rows, held_rows, seed, stratify):
    """((x, y) to train on, to validate on, to test on), drawn at random; class shares kept where `stratify`.

    rows, of all, and held_rows, of the rest, are whole numbers or shares. Source: scikit-learn's train_test_split.
    """

    def cut(x, y, size):
        first_x, rest_x, first_y, rest_y = train_test_split(
            x, y, train_size=size, random_state=seed, stratify=y if stratify else None
        )
        return (first_x, first_y), (rest_x, rest_y)

    train, rest = cut(x, y, rows)
    return train, *cut(*rest, held_rows)


def _quadrants(seed, rows, irrelevant, wrong):
    rng = np.random.default_rng(seed)

    def draw(n, share):
        x = rng.standard_normal((n, 2 + irrelevant))
        y = (x[:, 0] * x[:, 1] > 0).astype(int)
        false = rng.random(n) < share
        return nudged(x), np.where(false, 1 - y, y), false

    return draw(rows, wrong), draw(200, wrong), draw(4000, 0.0)


def _digits(seed, rows, wrong):
    x, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    (x_train, y_train), (x_held, y_held), test = cut_in_three(nudged(x / 16), y, rows, 200, seed, stratify=True)

    def falsify(labels):
        false = rng.random(len(labels)) < wrong
        return np.where(false, (labels + rng.integers(1, 10, len(labels))) % 10, labels), false

    return (x_train, *falsify(y_train)), (x_held, *falsify(y_held)), (*test, np.zeros(len(test[1]), bool))


def _diabetes(seed, rows):
    x, y = load_diabetes(return_X_y=True, scaled=False)
    parts = cut_in_three(x, y, rows, 50, seed, stratify=False)
    (x_train, y_train), _, _ = parts

    def standardise(x, y):
        x = (x - x_train.mean(axis=0)) / x_train.std(axis=0)
        return nudged(x), nudged((y - y_train.mean()) / y_train.std()), np.zeros(len(y), bool)

    return [standardise(*part) for part in parts]


def _wave(seed, rows):
    rng = np.random.default_rng(seed)

    def draw(n):
        x = np.linspace(-1, 1, n)
        y = np.sin(np.pi * x) + 0.3 * rng.standard_normal(n)
        return nudged(x[:, None]), nudged(y), np.zeros(n, bool)

    return draw(rows), draw(100), draw(501)


# Each data set's maker, and its settings as (default, smallest, largest): enough rows must stay for the test.
_MAKERS = {
    "quadrants": (_quadrants, {"rows": (1000, 1, 100_000), "irrelevant": (0, 0, 1000), "wrong": (0.0, 0.0, 0.5)}),
    "digits": (_digits, {"rows": (200, 10, 1500), "wrong": (0.0, 0.0, 0.9)}),
    "diabetes": (_diabetes, {"rows": (200, 2, 350)}),
    "wave": (_wave, {"rows": (30, 2, 100_000)}),
}
