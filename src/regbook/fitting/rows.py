"""A reader's rows as the compiled programs take them, checked in the reader's words."""

from contextlib import contextmanager

import numpy as np


def inputs_for(x, row, dtype, seeds, name=""):
    """x as an array of rows for each seed, (seeds, rows, …); an x of (rows, …) is for all of them.

    row: the shape of a row, or None where the model takes what comes. dtype: to hand it on in, or
    None. Raises ValueError where x can't be taken.
    """
    x = _finite(f"{name}x", x)
    # A view, not a copy: all seeds look at the same rows.
    if row is not None and x.ndim == len(row) + 1:
        x = np.broadcast_to(x, (seeds, *x.shape))
    if x.shape[:1] != (seeds,) or row is not None and x.shape[2:] != row:
        row = ", ".join(map(str, row or "…"))
        shape = f"(rows, {row}) or ({seeds}, rows, {row})"
        raise ValueError(f"{name}x must have the shape {shape}; it has {x.shape}")
    return x.astype(dtype or x.dtype, copy=False)


def targets_for(judge, y, x, name=""):
    """y, (seeds, rows) or (seeds, rows, …), for the loss of `judge`; x as `inputs_for` gave it.

    Class numbers become columns of 0 and 1 where the loss takes those. Raises ValueError.
    """
    y, classes = _finite(f"{name}y", y), judge.outputs[-1]
    if y.shape[:2] != x.shape[:2]:
        raise ValueError(f"{name}x and y do not match: x has the shape {x.shape}, y {y.shape}")
    # A column of class numbers is a row of them.
    if y.ndim == len(judge.outputs) + 2 and y.shape[-1] == 1 < classes:
        y = y[..., 0]
    # Labels with one axis less than the outputs are numbers of classes.
    numbered = y.ndim == len(judge.outputs) + 1 and (judge.takes_classes or judge.takes_columns)
    if numbered and not np.isin(y, range(classes)).all():
        raise ValueError(f"{name}y must hold class numbers from 0 to {classes - 1}")
    if numbered and judge.takes_columns:
        y = np.eye(classes)[y.astype(int)]
    # A single output has an axis of its own, which labels of rows lack.
    if not numbered and classes == 1 and y.ndim == len(judge.outputs) + 1:
        y = y[..., None]
    shape = judge.outputs[:-1] if judge.takes_classes else judge.outputs
    if y.shape[2:] != shape and judge.listed:
        raise ValueError(f"{name}y has the shape {y.shape}, but a row of this model takes {shape}")
    return y.astype("int64" if judge.takes_classes else judge.dtype, copy=False)


def changed_rows(change, judge, epoch, x, y, random, dtype=None):
    """x and y of one seed, (rows, …) each, as the function `change` makes them for an epoch.

    Raises ValueError where they are not as many, or can't be taken.
    """
    new_x, new_y = change(epoch, x, y, random)
    new_x = inputs_for(new_x, x.shape[1:], dtype, 1)
    new_y = targets_for(judge, np.asarray(new_y)[None], new_x)
    if new_x.shape[1] != len(x):
        raise ValueError(f"each_epoch made {new_x.shape[1]} rows of {len(x)} in epoch {epoch + 1}")
    return new_x[0], new_y[0]


@contextmanager
def naming(setting):
    """Name the setting in what is refused meanwhile."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"setting '{setting}': {error}") from None


def _finite(name, values):
    values = np.asarray(values)
    if values.dtype.kind not in "biuf" or not values.size or not np.isfinite(values).all():
        raise ValueError(f"{name} must hold finite numbers, in one row at least")
    return values
