"""Are the data sets what their functions say, the same for the same seed, and is the test part sealed?"""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_digits

from regbook import diabetes, digits, load, noisy_xor, rng, split, wave

SHAPES = {  # rows to train on, validate on, test on; inputs
    noisy_xor: (1000, 200, 4000, 2),
    digits: (150, 50, 1000, 100),
    diabetes: (200, 50, 192, 10),
    wave: (30, 100, 501, 1),
}


def parts_of(data):
    return [data.train, data.validation, data.open_test()]


@pytest.mark.parametrize("make", SHAPES)
def test_shapes_and_seeds(make):
    data, again = make(seeds=[3, 5]), make(seeds=[5])
    *rows, inputs = SHAPES[make]
    parts = parts_of(data)
    assert [part.x.shape for part in parts] == [(2, n, inputs) for n in rows]
    assert [part.y.shape for part in parts] == [part.mislabelled.shape for part in parts] == [(2, n) for n in rows]
    for part, same in zip(parts, parts_of(again)):
        np.testing.assert_array_equal(part.x[1], same.x[0])
        np.testing.assert_array_equal(part.y[1], same.y[0])
    assert not np.array_equal(data.train.x[0], data.train.x[1]) or make is wave
    assert data.seeds == (3, 5) and data.overlap == pytest.approx(192 / 200 if make is diabetes else 0)


def test_noisy_xor_follows_its_rule_but_for_the_false_labels():
    data = noisy_xor(seeds=range(3), irrelevant=8, label_noise=0.1)
    for part, share in zip(parts_of(data), (0.1, 0.1, 0)):
        true = (part.x[..., 0] * part.x[..., 1] > 0).astype(int)
        np.testing.assert_array_equal(part.y != true, part.mislabelled)
        assert abs(part.mislabelled.mean() - share) < 0.02
    assert data.train.x.shape == (3, 1000, 10)


def test_every_image_has_one_job_within_a_division():
    true = {}
    for division in (0, 7):
        data = digits(seeds=range(20 * division, 20 * division + 20))
        parts = parts_of(data)
        assert all((part.x[0] == part.x[1]).all() == (part is parts[2]) for part in parts)  # one test set for all
        images = np.concatenate([*parts[0].x, *parts[1].x, parts[2].x[0]])
        labels = np.concatenate([*parts[0].y, *parts[1].y, parts[2].y[0]])
        assert len({image.tobytes() for image in images}) == 5000
        assert 0 <= images.min() and images.max() == 1
        np.testing.assert_array_equal(np.bincount(parts[2].y[0]), 100)
        for seed in range(20):
            np.testing.assert_array_equal(np.bincount(parts[0].y[seed]), 15)
            np.testing.assert_array_equal(np.bincount(parts[1].y[seed]), 5)
        for image, label in zip(images, labels):
            assert true.setdefault(image.tobytes(), label) == label  # both divisions are of the same images
    with pytest.raises(ValueError, match="seeds must be of one division, such as 0 … 19 or 20 … 39.* these are of 2"):
        digits(seeds=[19, 20])


def test_false_labels_of_images_are_marked_and_never_tested_on():
    clean, noisy = digits(seeds=range(20)), digits(label_noise=0.2, seeds=range(20))
    for one, other in ((clean.train, noisy.train), (clean.validation, noisy.validation)):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y != other.y, other.mislabelled)
        assert abs(other.mislabelled.mean() - 0.2) < 0.03
    assert not noisy.open_test().mislabelled.any()


def test_diabetes_is_standardised_with_the_training_rows():
    train = diabetes(seeds=[1]).train
    np.testing.assert_allclose([train.x[0].mean(0), train.x[0].std(0) - 1], 0, atol=1e-12)
    np.testing.assert_allclose([train.y[0].mean(), train.y[0].std() - 1], 0, atol=1e-12)


def test_the_test_set_says_how_often_it_was_opened(capsys):
    data = wave(seeds=[0])
    assert "_test" not in repr(data) and not data.opened
    data.open_test()
    assert capsys.readouterr().out == "The test set of 'wave' is open.\n" and data.opened
    data.open_test()
    assert "open for time number 2" in capsys.readouterr().out


def test_streams_of_a_seed_do_not_move_each_other():
    first = rng(3).random(4)
    np.testing.assert_array_equal(first, np.random.default_rng(3).random(4))
    assert (rng(3, 2).random(4) != first).all() and (rng(4).random(4) != first).all()


@pytest.mark.parametrize("label_noise", [0.0, 0.2])
def test_data_sets_draw_their_own_examples(label_noise):
    for data in (noisy_xor(label_noise=label_noise), digits(label_noise), diabetes(), wave()):
        with plt.rc_context():  # the course's style, which the first drawing sets, is for this test only
            plt.close("all")
            data.show()
            titles = [axes.get_title() for axes in plt.gcf().axes]
            legends = [axes.get_legend() for axes in plt.gcf().axes if axes.get_legend()]
        marked = [t for t in titles + [text.get_text() for key in legends for text in key.get_texts()] if "false" in t]
        if data.name == "digits":
            assert len(titles) == 20 and len(marked) == data.train.mislabelled[0, :20].sum()
        assert bool(marked) == (label_noise > 0 and data.name in ("digits", "noisy XOR"))


@pytest.mark.parametrize(
    "make, arguments, error, message",
    [
        (wave, dict(label_noise=0.1), TypeError, "unexpected keyword argument 'label_noise'"),
        (diabetes, dict(rows=400), ValueError, "rows must lie in 2 … 350, not 400"),
        (noisy_xor, dict(rows=0), ValueError, "rows must lie in 1 … "),
        (noisy_xor, dict(label_noise=float("nan")), ValueError, "label_noise must lie in 0.0 … 0.5, not nan"),
        (digits, dict(label_noise=-0.1), ValueError, "not -0.1"),
        (noisy_xor, dict(rows=2.5), TypeError, "rows must be a whole number, not 2.5"),
        (wave, dict(seeds=[]), ValueError, "seeds must be one or more whole numbers"),
        (wave, dict(seeds=[0.5]), ValueError, "seeds must be one or more whole numbers"),
        (digits, dict(seeds=3), TypeError, "seeds must be a list"),
    ],
)
def test_bad_input(make, arguments, error, message):
    with pytest.raises(error, match=message):
        make(**arguments)


def test_the_names_of_the_first_version_still_load():
    quadrants, xor = load("quadrants", seeds=[2], wrong=0.1), noisy_xor(label_noise=0.1, seeds=[2])
    np.testing.assert_array_equal(quadrants.train.x, xor.train.x)
    x, _ = load_digits(return_X_y=True)
    images = np.concatenate([part.x[0] for part in parts_of(load("digits", seeds=[0]))])
    np.testing.assert_allclose(np.sort(images.sum(axis=1)), np.sort(x.sum(axis=1) / 16))
    with pytest.raises(ValueError, match="no data set 'iris'; there are quadrants, digits, diabetes, wave"):
        load("iris")


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
