"""Are comparisons what SciPy's paired statistics say, and do claims stop what does not hold?"""

import numpy as np
import pytest
from scipy import stats

from regbook import claim, compare

rng = np.random.default_rng(0)
BASE = rng.uniform(0.7, 0.8, 20)
NEW = BASE + rng.normal(0.05, 0.02, 20)


def test_mean_and_standard_error_are_those_of_the_paired_t_test():
    gain = compare(NEW, BASE)
    assert gain.mean / gain.standard_error == pytest.approx(stats.ttest_rel(NEW, BASE).statistic)
    assert gain.standard_error == pytest.approx(100 * stats.sem(NEW - BASE))


def test_wins_and_text():
    assert str(compare([0.9, 0.8, 0.7], [0.8, 0.8, 0.6])) == "+6.7 ± 3.3 points, better in 2 of 3 seeds"
    assert str(compare([0.5, 0.25], [1.0, 1.0], metric="error")) == "-0.625 ± 0.125, better in 2 of 2 seeds"


def test_statements_leave_two_standard_errors():
    gain = compare([0.52, 0.54, 0.56], [0.5, 0.5, 0.5])  # mean 4, standard error 1.1547
    assert gain.above(1.69) and not gain.above(1.70)
    assert gain.below(6.31) and not gain.below(6.30)
    assert gain.within(6.31) and not gain.within(6.30)


def test_a_claim_holds_or_stops(capsys):
    claim("water is wet", np.bool_(True))
    assert capsys.readouterr().out == "✓ water is wet\n"
    with pytest.raises(AssertionError, match="does not hold: fire is cold"):
        claim("fire is cold", False)
    with pytest.raises(TypeError, match="True or False, not 1"):
        claim("a number is not a verdict", 1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(new=[0.1, 0.2], baseline=[0.1]), r"shapes are \(2,\) and \(1,\)"),
        (dict(new=[0.1], baseline=[0.1]), "two or more seeds"),
        (dict(new=[0.1, np.nan], baseline=[0.1, 0.2]), "NaN"),
        (dict(new=[93.0, 94.0], baseline=[92.0, 93.0]), "between 0 and 1"),
        (dict(new=[0.1, 0.2], baseline=[0.1, 0.2], metric="loss"), "'accuracy' or 'error', not 'loss'"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(**arguments)
