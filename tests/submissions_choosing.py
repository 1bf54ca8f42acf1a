"""What readers might hand in for the code exercises of chapter 4: right, each written in another way, and wrong, with a
part of the diagnosis that they should get."""

import statistics

import numpy as np
import tensorflow as tf
from scipy import stats


def paired_by_hand(new, baseline):
    differences = [a - b for a, b in zip(new, baseline)]
    return [statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5]


def folds_in_a_loop(strengths, errors):
    totals = [sum(row[column] for row in errors) for column in range(len(strengths))]
    return strengths[totals.index(min(totals))]


def patience_by_counting(losses, patience):
    best, lowest, waited = 0, float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < lowest:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
            if waited == patience:
                return best
    return best


def patience_by_minima(losses, patience):
    losses = np.array(losses)
    lows = [int(losses[: epoch + 1].argmin()) for epoch in range(len(losses))]
    return next((low for epoch, low in enumerate(lows) if epoch - low >= patience), lows[-1])


def mixup_row_by_row(x, y, partner, share):
    rows = []
    for i, (j, s) in enumerate(zip(partner, share)):
        rows.append([s * a + (1 - s) * b for a, b in zip([*x[i], *y[i]], [*x[j], *y[j]])])
    return rows


def members_in_a_loop(x, kernels, biases):
    return [np.maximum(rows @ kernel + bias, 0) for rows, kernel, bias in zip(x, kernels, biases)]


RIGHT = {
    "paired": [
        paired_by_hand,
        lambda new, baseline: (np.mean(new) - np.mean(baseline), stats.sem(new - baseline)),
        lambda new, baseline: np.float32([(new - baseline).mean(), stats.sem(np.subtract(new, baseline))]),
    ],
    "folds": [
        folds_in_a_loop,
        lambda strengths, errors: np.array(strengths)[errors.sum(0) == errors.sum(0).min()],
        lambda strengths, errors: tf.gather(strengths, tf.argmin(tf.reduce_mean(errors, 0))),
    ],
    "patience": [
        patience_by_counting,
        patience_by_minima,
        lambda losses, patience: np.int32(patience_by_counting(losses, patience)),
    ],
    "mixup": [
        mixup_row_by_row,
        lambda x, y, partner, share: (lambda both: both[partner] + (both - both[partner]) * np.c_[share])(np.c_[x, y]),
        lambda x, y, partner, share: tf.concat(
            [share[:, None] * a + (1 - share[:, None]) * tf.gather(a, partner) for a in (x, y)], axis=1
        ),
    ],
    "members": [
        members_in_a_loop,
        lambda x, kernels, biases: np.einsum("mri,mio->mro", x, kernels).__add__(biases[:, None, :]).clip(0),
        lambda x, kernels, biases: tf.nn.relu(tf.matmul(x, kernels) + biases[:, tf.newaxis]),
    ],
}


def paired_with(error):
    return lambda new, baseline: [(new - baseline).mean(), error(new, baseline)]


def layer(x, kernel, bias):
    return np.maximum(np.einsum("mri,mio->mro", x, kernel) + bias[:, None], 0)


WRONG = {
    "paired": [
        (paired_with(lambda a, b: np.hypot(stats.sem(a), stats.sem(b))), "unpaired"),
        (paired_with(lambda a, b: statistics.stdev(a - b)), "standard deviation"),
        (paired_with(lambda a, b: statistics.stdev(a - b) / len(a)), "by its root"),
        (paired_with(lambda a, b: stats.sem(a - b, ddof=0)), "ddof=1"),
        (lambda new, baseline: [np.mean(baseline - new), stats.sem(new - baseline)], "other way round"),
        (paired_with(lambda a, b: 2 * stats.sem(a - b)), "one standard error"),
        (paired_with(lambda a, b: stats.sem(a)), "new way alone"),
        (paired_with(lambda a, b: stats.sem(a - b) ** 2), "root is missing"),
        (lambda new, baseline: [100 * np.mean(new - baseline), 100 * stats.sem(new - baseline)], "points"),
        (lambda new, baseline: new - baseline, "shape"),
    ],
    "folds": [
        (lambda s, errors: sum(s[i] for i in np.argmin(errors, 1)) / len(errors), "nobody measured"),
        (lambda s, errors: s[np.argmin(errors) % len(s)], "luckiest single fold"),
        (lambda s, errors: s[list(errors[0]).index(min(errors[0]))], "first fold"),
        (lambda s, errors: errors.sum(0).argmin(), "place"),
        (lambda s, errors: s[errors.sum(0).argmax()], "largest error"),
        (lambda s, errors: statistics.mode(s[i] for i in errors.argmin(1)), "voted"),
        (lambda s, errors: errors.mean(0).min(), "at which strength"),
    ],
    "patience": [
        (lambda losses, patience: losses.index(min(losses)), "stopped before"),
        (lambda losses, patience: min(patience_by_counting(losses, patience) + patience, len(losses) - 1),
         "weights that are kept are older"),
        (lambda losses, patience: patience_by_counting(losses, 1), "patience allows some"),
        (lambda losses, patience: patience_by_counting(losses, patience) + 1, "counted from 1"),
        (lambda losses, patience: patience_by_counting(losses, patience + 1), "too long"),
        (lambda losses, patience: len(losses) - 1, "last epoch"),
        (lambda losses, patience: losses[patience_by_counting(losses, patience)], "give the epoch"),
    ],
    "mixup": [
        (lambda x, y, partner, s: np.c_[(x.T * s + x[partner].T * (1 - s)).T, y], "labels were not blended"),
        (lambda x, y, partner, s: np.c_[x, (y.T * s + y[partner].T * (1 - s)).T], "inputs were not blended"),
        (lambda x, y, partner, s: np.c_[(x.T * s + x[partner].T * (1 - s)).T, (y.T * (1 - s) + y[partner].T * s).T],
         "opposite proportions"),
        (lambda x, y, partner, s: (np.c_[x, y].T * (1 - s) + np.c_[x, y][partner].T * s).T, "row's own"),
        (lambda x, y, partner, s: np.c_[x, y] * s[0] + np.c_[x, y][partner] * (1 - s[0]), "same share"),
        (lambda x, y, partner, s: (np.c_[x, y] + np.c_[x, y][partner]) / 2, "half and half"),
        (lambda x, y, partner, s: np.c_[(x.T * s + x[partner].T * (1 - s)).T, y[partner]], "taken whole"),
        (lambda x, y, partner, s: (x.T * s + x[partner].T * (1 - s)).T, "shape"),
    ],
    "members": [
        (lambda x, kernels, biases: np.einsum("mri,mio->mro", x, kernels) + biases[:, None], "ReLU were missing"),
        (lambda x, kernels, biases: np.einsum("mri,mio->mro", x, kernels).clip(0), "biases were missing"),
        (lambda x, kernels, biases: np.maximum(x @ kernels[0] + biases[:, None], 0), "first one's kernel"),
        (lambda x, kernels, biases: np.maximum(x @ kernels + biases[0], 0), "first one's biases"),
        (lambda x, kernels, biases: np.maximum(x @ kernels, 0) + biases[:, None], "after the ReLU"),
        (lambda x, kernels, biases: np.maximum(x @ kernels.mean(0) + biases[:, None], 0), "averaged"),
        (lambda x, kernels, biases: layer(x, kernels, biases)[0], "shape"),
        (lambda x, kernels, biases: np.maximum(x @ kernels + biases, 0), "in line"),
    ],
}  # fmt: skip
