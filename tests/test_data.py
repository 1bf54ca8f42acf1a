"""Are the data sets what `load` says, the same for the same seed, and is the test part sealed?"""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from regbook import load

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
