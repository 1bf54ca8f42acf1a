"""Are the data sets what their functions say, the same for the same seed, and is the test part
sealed?"""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regbook import diabetes, digits, noisy_xor, rng, split, wave


def parts_of(data):
    return [data.train, data.validation, data.open_test()]


@pytest.mark.parametrize(
    "make, rows, inputs",
    [
        (noisy_xor, (1000, 200, 4000), 2),  # to train on, to validate on, to test on
        (digits, (150, 50, 1000), 100),
        (diabetes, (200, 50, 192), 10),
        (wave, (30, 100, 501), 1),
    ],
)
def test_each_seed_draws_its_own_rows_of_the_shapes_that_are_promised(make, rows, inputs):
    data, again = make(seeds=[3, 5]), make(seeds=[5])
    for part, same, n in zip(parts_of(data), parts_of(again), rows):
        assert part.x.shape == (2, n, inputs) and part.y.shape == part.mislabelled.shape == (2, n)
        assert_array_equal(part.x[1], same.x[0])
        assert_array_equal(part.y[1], same.y[0])
    assert not np.array_equal(data.train.y[0], data.train.y[1])
    assert data.seeds == (3, 5) and data.overlap == pytest.approx(
        192 / 200 if make is diabetes else 0
    )
    for values in (
        (data.train.x[0], data.train.y[0]) if make is diabetes else ()
    ):  # standardised with the training rows
        assert_allclose([values.mean(axis=0), values.std(axis=0) - 1], 0, atol=1e-12)


def test_false_labels_are_marked_and_never_tested_on():
    xor, images, clean = (
        noisy_xor(irrelevant=8, label_noise=0.2),
        digits(label_noise=0.2),
        parts_of(digits()),
    )
    assert xor.train.x.shape == (20, 1000, 10)
    rule = [part.x[..., 0] * part.x[..., 1] > 0 for part in parts_of(xor)]
    for data, truth in ((xor, rule), (images, [part.y for part in clean])):
        for part, true, share in zip(parts_of(data), truth, (0.2, 0.2, 0)):
            assert_array_equal(part.y != true, part.mislabelled)
            assert abs(part.mislabelled.mean() - share) < 0.03
    assert_array_equal(images.train.x, clean[0].x)


def test_every_image_has_one_job_within_a_division():
    true = {}
    for division in (0, 7):
        data = digits(seeds=range(20 * division, 20 * division + 20))
        parts = parts_of(data)
        assert all(
            (part.x[0] == part.x[1]).all() == (part is parts[2]) for part in parts
        )  # one test set for all
        images = np.concatenate([*parts[0].x, *parts[1].x, parts[2].x[0]])
        labels = np.concatenate([*parts[0].y, *parts[1].y, parts[2].y[0]])
        assert len({image.tobytes() for image in images}) == 5000
        assert 0 <= images.min() and images.max() == 1
        assert_array_equal(np.bincount(parts[2].y[0]), 100)
        for part, rows in ((parts[0], 15), (parts[1], 5)):
            assert_array_equal([np.bincount(labels) for labels in part.y], rows)
        for image, label in zip(images, labels):
            assert (
                true.setdefault(image.tobytes(), label) == label
            )  # both divisions are of the same images
    with pytest.raises(
        ValueError,
        match="seeds must be of one division, such as 0 … 19 or 20 … 39.* these are of 2",
    ):
        digits(seeds=[19, 20])


def test_the_test_set_says_how_often_it_was_opened(capsys):
    data = wave(seeds=[0])
    assert "_test" not in repr(data) and not data.opened
    for times, said in enumerate(
        ("The test set of 'wave' is open.\n", "open for time number 2"), 1
    ):
        data.open_test()
        assert said in capsys.readouterr().out and data.opened and len(data._openings) == times


def test_streams_of_a_seed_do_not_move_each_other():
    first = rng(3).random(4)
    assert_array_equal(first, np.random.default_rng(3).random(4))
    assert (rng(3, 2).random(4) != first).all() and (rng(4).random(4) != first).all()


@pytest.mark.parametrize("label_noise", [0.0, 0.2])
def test_data_sets_draw_their_own_examples_with_false_labels_marked(label_noise):
    for data in (noisy_xor(label_noise=label_noise), digits(label_noise), diabetes(), wave()):
        with (
            plt.rc_context()
        ):  # the course's style, which the first drawing sets, is for this test only
            plt.close("all")
            data.show()
            words = [
                text
                for text in plt.gcf().findobj(plt.Text)
                if re.search("false|✗", text.get_text())
            ]
        if data.name == "digits":
            assert len(plt.gcf().axes) == 20 and len(words) == data.train.mislabelled[0, :20].sum()
        assert bool(words) == (label_noise > 0 and data.name in ("digits", "noisy XOR"))


@pytest.mark.parametrize(
    "make, arguments, error, message",
    [
        (wave, dict(label_noise=0.1), TypeError, "unexpected keyword argument 'label_noise'"),
        (diabetes, dict(rows=400), ValueError, "rows must lie in 2 … 350, not 400"),
        (
            noisy_xor,
            dict(label_noise=float("nan")),
            ValueError,
            "label_noise must lie in 0.0 … 0.5, not nan",
        ),
        (noisy_xor, dict(rows=2.5), TypeError, "rows must be a whole number, not 2.5"),
        (wave, dict(seeds=[]), ValueError, "seeds must be one or more whole numbers"),
        (digits, dict(seeds=3), TypeError, "seeds must be a list"),
    ],
)
def test_bad_input_is_named(make, arguments, error, message):
    with pytest.raises(error, match=message):
        make(**arguments)


X = np.random.default_rng(0).normal(3, 5, (60, 4))  # a table of one's own
LABELS = np.array(["yes", "no", "no"] * 20)


def test_a_table_of_ones_own_is_split_without_overlap_and_standardised_with_the_training_rows():
    data = split(X, LABELS, seeds=[3, 5])
    parts = parts_of(data)
    assert [part.x.shape for part in parts] == [(2, 36, 4), (2, 12, 4), (2, 12, 4)]
    for seed in range(2):
        train = parts[0].x[seed]
        assert_allclose([train.mean(0), train.std(0) - 1], 0, atol=1e-12)
        # All parts together are the table, moved and scaled: no row twice, and one scale for all.
        whole = [
            np.sort(rows, axis=0) for rows in (X, np.concatenate([part.x[seed] for part in parts]))
        ]
        assert_allclose(*((rows - rows[0]) / (rows[-1] - rows[0]) for rows in whole), atol=1e-12)
        assert [part.y[seed].mean() for part in parts] == [1 / 3] * 3  # 'no' is 0, 'yes' is 1
    again = split(X.astype(str), LABELS.tolist(), seeds=[5])  # as read from a file of text
    assert_array_equal(again.train.x[0], data.train.x[1])
    assert_array_equal(again.train.y[0], data.train.y[1])


def test_classes_of_objects_are_numbered_in_the_order_of_np_unique():
    for first, second in ((9, 10), ("9", "10"), (False, True), (1.5, "a")):
        labels = [first] * 20 + [second] * 40
        data, (_, counts) = (
            split(X, np.array(labels, dtype=object), seeds=[0]),
            np.unique(labels, return_counts=True),
        )
        assert_array_equal(np.bincount(data.train.y[0]), (counts * 0.6).round())


@pytest.mark.parametrize(
    "x, labels, message",
    [
        (np.where(X == X[2, 1], "red", X.astype(str)), LABELS, r"hold words: 1 \('red'\)"),
        (np.where(X == X[5, 0], "", X.astype(str)), LABELS, r"missing or infinite values: 0 \(1\)"),
        (np.ma.masked_where(X == X[2, 3], X), LABELS, r"missing or infinite values: 3 \(1\)"),
        (np.c_[X, np.ones(60)], LABELS, "the same in every row: 4"),
        (X[:, 0], LABELS, r"its shape is \(60,\)"),
        (X.view([(name, float) for name in "abcd"]), LABELS, r"a, b, c, d: .*\[x\['a'\]"),
        ([[1, 2], [3]] * 30, LABELS, "the rows of x differ in length"),
        (X, LABELS[:50], "x has 60 rows, and there are 50 labels"),
        (X, np.eye(2)[[0, 1] * 30], r"np.argmax\(labels, axis=1\)"),
        (X, ["a"] * 60, "all labels are a"),
        (
            X,
            X[:, 0].astype(object),
            r"60 different labels in 60 rows look like measurements, not classes",
        ),
        (X, ["a"] * 57 + ["b"] * 3, r"fewer than 10 rows can't be split: b \(3\)"),
        (X, np.where(np.arange(60) < 12, "", LABELS), "12 labels are missing, the first in row 0"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_words(x, labels, message):
    with pytest.raises((TypeError, ValueError), match=message):
        split(x, labels)
