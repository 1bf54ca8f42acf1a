"""A reader's own table, checked and split as the course's data sets are."""

from dataclasses import replace

import numpy as np
from sklearn.preprocessing import StandardScaler

from regbook.data import DataSet, check_seeds, cut_in_three, for_seeds
from regbook.numerics import nudged

FEWEST = 10  # rows of a class: two of them are validated on, two tested on
MISSING = ("", "?", "na", "n/a", "nan", "none", "<na>")  # what stands for a value that is not there


def split(x, labels, seeds=range(20)) -> DataSet:
    """Split a table of your own for every seed: 60 % to train, 20 % to validate, 20 % to test on.

    x: (rows, inputs), numbers or their texts. labels: (rows,), the class of each row as a number or
    a word. Each part gets about the same share of each class. The inputs are standardised with the
    training rows. In the result the classes are numbered 0, 1, 2, … in the order of
    `np.unique(labels)`.

    Rows must be independent: of a person with several, some would be trained on, others tested.

    Raises TypeError or ValueError, naming the columns or classes, where the table can't be used as
    it is.
    Source: scikit-learn's train_test_split and StandardScaler.
    """
    check_seeds(seeds)
    x, labels = nudged(_checked_inputs(x)), _checked_labels(labels)
    if len(x) != len(labels):
        raise ValueError(
            f"x has {len(x)} rows, and there are {len(labels)} labels: each row needs one"
        )
    classes, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"all labels are {classes[0]!s}: there is nothing to tell apart")
    if labels.dtype.kind in "iuf" and len(classes) > len(labels) / FEWEST:
        raise ValueError(
            f"{len(classes)} different labels in {len(labels)} rows look like measurements, not "
            "classes, and this template tells classes apart"
        )
    rare = [f"{name} ({count})" for name, count in zip(classes, counts) if count < FEWEST]
    if rare:
        raise ValueError(
            f"classes with fewer than {FEWEST} rows can't be split: {', '.join(rare)}. Join or "
            "leave them out"
        )

    data = for_seeds("your data", seeds, lambda seed: _split_once(x, y, seed))
    return replace(data, overlap=data._test.y.shape[1] / data.train.y.shape[1])


def _split_once(x, y, seed):
    """Three times (x, y, mislabelled): to train on, to validate on, to test on."""
    parts = cut_in_three(x, y, 0.6, 0.5, seed, stratify=True)
    scale = StandardScaler().fit(parts[0][0]).transform
    return [(scale(x), y, np.zeros(len(y), bool)) for x, y in parts]


def _checked_inputs(x):
    if np.ma.isMaskedArray(x):
        # asarray would hand on whatever stands below the mask.
        x = np.ma.filled(x.astype(float), np.nan)
    try:
        x = np.asarray(x)
    except ValueError:
        raise ValueError(
            "the rows of x differ in length: each needs a value in every column"
        ) from None
    if x.dtype.names:
        raise ValueError(
            f"x holds named columns, {', '.join(x.dtype.names)}: join those that are inputs, such "
            f"as np.column_stack([x[{x.dtype.names[0]!r}], ...])"
        )
    if x.ndim != 2 or not x.size:
        raise ValueError(f"x must be a table, (rows, inputs); its shape is {x.shape}")
    if x.dtype.kind not in "biuf":
        x = np.array([[_number(value) for value in row] for row in x.tolist()], dtype=object)
        words = [
            f"{i} ('{next(filter(_is_word, column))}')"
            for i, column in enumerate(x.T)
            if any(map(_is_word, column))
        ]
        if words:
            raise TypeError(
                f"these columns of x (counted from 0) hold words: {', '.join(words)}. Replace a "
                "word by columns of 0 and 1, or leave the column out; where it means a missing "
                "value, fill that in, or leave out the row"
            )
    x = x.astype(float)
    holes = [f"{i} ({count})" for i, count in enumerate((~np.isfinite(x)).sum(axis=0)) if count]
    if holes:
        raise ValueError(
            "these columns of x (counted from 0) hold missing or infinite values: "
            f"{', '.join(holes)}. Fill them in, "
            "or leave out those rows or columns"
        )
    constant = [str(i) for i in np.flatnonzero((x == x[:1]).all(axis=0))]
    if constant:
        raise ValueError(
            "these columns of x (counted from 0) are the same in every row: "
            f"{', '.join(constant)}. Leave them out"
        )
    return x


def _number(value):
    """A value of a table as a number: NaN where it is missing, and itself where it is a word."""
    if str(value).strip().lower() in MISSING:
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _is_word(value):
    return not isinstance(value, float)


def _checked_labels(labels):
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ValueError(
            "labels must be one column; np.argmax(labels, axis=1) turns columns of 0 and 1 into it"
        )
    labels = labels.ravel() if labels.ndim == 2 else labels
    if labels.ndim != 1:
        raise ValueError(f"labels must be one column, (rows,); their shape is {labels.shape}")
    missing = np.array([str(label).strip().lower() in MISSING for label in labels.tolist()])
    if missing.any():
        raise ValueError(
            f"{missing.sum()} labels are missing, the first in row {missing.argmax()}: leave out "
            "those rows"
        )
    # Numbers stay numbers, so that np.unique puts them in the same order here and at the caller's:
    # 9 before 10.
    return np.array(labels.tolist()) if labels.dtype.kind == "O" else labels
