"""Are the data sets what `load` says, the same for the same seed, and is the test part sealed?"""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from regbook import load, split

SHAPES = {  # rows to train on, validate on, test on; inputs
    "quadrants": (1000, 200, 4000, 2),
    "digits": (200, 200, 1397, 64),
    "diabetes": (200, 50, 192, 10),
    "wave": (30, 100, 501, 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_seeds(name):
    data, again = load(name, seeds=[3, 5]), load(name, seeds=[5])
    *rows, inputs = SHAPES[name]
    parts = [data.train, data.validation, data.open_test()]
    assert [part.x.shape for part in parts] == [(2, n, inputs) for n in rows]
    assert [part.y.shape for part in parts] == [part.wrong.shape for part in parts] == [(2, n) for n in rows]
    for part, same in zip(parts, [again.train, again.validation, again.open_test()]):
        np.testing.assert_array_equal(part.x[1], same.x[0])
        np.testing.assert_array_equal(part.y[1], same.y[0])
    assert not np.array_equal(data.train.y[0], data.train.y[1])


def test_quadrants_follow_their_rule_but_for_the_wrong_labels():
    data = load("quadrants", seeds=range(3), irrelevant=8, wrong=0.1)
    for part, share in ((data.train, 0.1), (data.validation, 0.1), (data.open_test(), 0)):
        true = (part.x[..., 0] * part.x[..., 1] > 0).astype(int)
        np.testing.assert_array_equal(part.y != true, part.wrong)
        assert abs(part.wrong.mean() - share) < 0.02
    assert data.train.x.shape == (3, 1000, 10)


def test_digits_are_split_without_overlap_and_wrong_labels_are_marked():
    x, y = load_digits(return_X_y=True)
    label = {tuple(image): digit for image, digit in zip(x, y)}
    data = load("digits", seeds=[0], wrong=0.2)
    parts = [data.train, data.validation, data.open_test()]
    images = [tuple(image) for part in parts for image in np.round(part.x[0] * 16)]
    assert sorted(images) == sorted(label)
    for part in parts:
        true = [label[tuple(image)] for image in np.round(part.x[0] * 16)]
        np.testing.assert_array_equal(part.y[0] != true, part.wrong[0])
    assert 0.1 < data.train.wrong.mean() < 0.3 and not data.open_test().wrong.any()


def test_diabetes_is_standardised_with_the_training_rows():
    train = load("diabetes", seeds=[1]).train
    np.testing.assert_allclose([train.x[0].mean(0), train.x[0].std(0) - 1], 0, atol=1e-12)
    np.testing.assert_allclose([train.y[0].mean(), train.y[0].std() - 1], 0, atol=1e-12)


def test_the_test_set_says_how_often_it_was_opened(capsys):
    data = load("wave", seeds=[0])
    assert "_test" not in repr(data)
    data.open_test()
    assert capsys.readouterr().out == "The test set of 'wave' is open.\n"
    data.open_test()
    assert "open for time number 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (dict(name="iris"), ValueError, "no data set 'iris'; there are quadrants, digits, diabetes, wave"),
        (dict(name="wave", wrong=0.1), ValueError, "'wave' has no setting 'wrong'; it has rows"),
        (dict(name="digits", rows=1797), ValueError, "rows must lie in 10 … 1500 for 'digits', not 1797"),
        (dict(name="quadrants", rows=0), ValueError, "rows must lie in 1 … "),
        (
            dict(name="quadrants", wrong=float("nan")),
            ValueError,
            "wrong must lie in 0.0 … 0.5 for 'quadrants', not nan",
        ),
        (dict(name="quadrants", wrong=-0.1), ValueError, "not -0.1"),
        (dict(name="quadrants", rows=2.5), TypeError, "rows must be a whole number, not 2.5"),
        (dict(name="wave", seeds=[]), ValueError, "seeds must be one or more whole numbers"),
        (dict(name="wave", seeds=[0.5]), ValueError, "seeds must be one or more whole numbers"),
        (dict(name="wave", seeds=3), TypeError, "seeds must be a list"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        load(**arguments)


def own_table(rows=60):
    rng = np.random.default_rng(0)
    return rng.normal(3, 5, (rows, 4)), np.array(["yes", "no", "no"] * (rows // 3))


def test_a_table_of_ones_own_is_split_without_overlap_and_standardised_with_the_training_rows():
    x, labels = own_table()
    data = split(x, labels, seeds=[3, 5])
    parts = [data.train, data.validation, data.open_test()]
    assert [part.x.shape for part in parts] == [(2, 36, 4), (2, 12, 4), (2, 12, 4)]
    for seed in range(2):
        train = parts[0].x[seed]
        np.testing.assert_allclose([train.mean(0), train.std(0) - 1], 0, atol=1e-12)
        # All parts together are the table, moved and scaled: no row twice, and one scale for all.
        whole = [np.sort(rows, axis=0) for rows in (x, np.concatenate([part.x[seed] for part in parts]))]
        np.testing.assert_allclose(*((rows - rows[0]) / (rows[-1] - rows[0]) for rows in whole), atol=1e-12)
        assert [part.y[seed].mean() for part in parts] == [1 / 3] * 3  # 'no' is 0, 'yes' is 1
    again = split(x.astype(str), labels.tolist(), seeds=[5])  # as read from a file of text
    np.testing.assert_array_equal(again.train.x[0], data.train.x[1])
    np.testing.assert_array_equal(again.train.y[0], data.train.y[1])


@pytest.mark.parametrize("names", [[9, 10], ["9", "10"], [False, True], [1.5, "a"]])
def test_classes_of_objects_are_numbered_in_the_order_of_np_unique(names):
    labels = [names[0]] * 20 + [names[1]] * 40
    data = split(own_table()[0], np.array(labels, dtype=object), seeds=[0])
    _, counts = np.unique(labels, return_counts=True)
    assert np.bincount(data.train.y[0]).tolist() == (counts * 0.6).round().astype(int).tolist()


def _replaced(array, place, value):
    changed = np.array(array, dtype=object)
    changed[place] = value
    return changed


X, LABELS = own_table()
UNFIT = {
    "words": (_replaced(X, (2, 1), "red"), LABELS, TypeError, r"hold words: 1 \('red'\)"),
    "a gap in text": (
        np.where(X == X[5, 0], "", X.astype(str)),
        LABELS,
        ValueError,
        r"missing or infinite values: 0 \(1\)",
    ),
    "missing": (_replaced(X, (2, 3), None), LABELS, ValueError, r"missing or infinite values: 3 \(1\)"),
    "masked": (np.ma.masked_where(X == X[2, 3], X), LABELS, ValueError, r"missing or infinite values: 3 \(1\)"),
    "infinite": (np.where(X == X[5, 0], np.inf, X), LABELS, ValueError, r"missing or infinite values: 0 \(1\)"),
    "constant": (np.c_[X, np.ones(60)], LABELS, ValueError, "the same in every row: 4"),
    "one column": (X[:, 0], LABELS, ValueError, r"its shape is \(60,\)"),
    "named columns": (X.view([(name, float) for name in "abcd"]), LABELS, ValueError, r"a, b, c, d: .*\[x\['a'\]"),
    "ragged": ([[1, 2], [3]] * 30, LABELS, ValueError, "the rows of x differ in length"),
    "no rows": (X[:0], LABELS[:0], ValueError, r"its shape is \(0, 4\)"),
    "other length": (X, LABELS[:50], ValueError, "x has 60 rows, and there are 50 labels"),
    "one-hot": (X, np.eye(2)[[0, 1] * 30], ValueError, r"np.argmax\(labels, axis=1\)"),
    "one class": (X, ["a"] * 60, ValueError, "all labels are a"),
    "measurements": (X, X[:, 0], ValueError, "60 different labels in 60 rows look like measurements"),
    "measurements as objects": (X, X[:, 0].astype(object), ValueError, "look like measurements"),
    "a rare class": (X, ["a"] * 57 + ["b"] * 3, ValueError, r"fewer than 10 rows can't be split: b \(3\)"),
    "missing label": (X, _replaced(LABELS, 7, None), ValueError, "1 labels are missing, the first in row 7"),
    "an empty label": (
        X,
        np.where(np.arange(60) < 12, "", LABELS),
        ValueError,
        "12 labels are missing, the first in row 0",
    ),
    "missing number": (X, np.where(np.arange(60) == 4, np.nan, 1), ValueError, "the first in row 4"),
    "few rows": (X[:6], ["a", "b"] * 3, ValueError, r"fewer than 10 rows can't be split: a \(3\), b \(3\)"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_table_that_cannot_be_used_is_refused_in_words(name):
    x, labels, kind, message = UNFIT[name]
    with pytest.raises(kind, match=message):
        split(x, labels)
