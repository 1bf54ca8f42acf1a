"""Are comparisons what SciPy's paired statistics say, and do claims stop what does not hold?"""

import re
from urllib.parse import unquote

import numpy as np
import pytest
from scipy import stats

from regbook import claim, compare
from regbook.evidence import Table

random = np.random.default_rng(0)
BASE = random.uniform(0.7, 0.8, 20)
NEW = BASE + random.normal(0.05, 0.02, 20)


def test_mean_and_error_are_those_of_the_paired_t_test_corrected_for_shared_rows():
    plain, corrected = compare(NEW, BASE), compare(NEW, BASE, overlap=0.5)
    assert plain.mean / plain.standard_error == pytest.approx(stats.ttest_rel(NEW, BASE).statistic)
    assert plain.standard_error == pytest.approx(100 * stats.sem(NEW - BASE))
    assert corrected.standard_error**2 == pytest.approx(
        (1 / 20 + 0.5) * np.var(plain.differences, ddof=1)
    )
    assert "(corrected for shared rows)" in repr(corrected) and "corrected" not in repr(plain)


def test_ties_are_no_losses_and_every_seed_has_its_dot():
    gain = compare([0.9, 0.8, 0.7, 0.6], [0.8, 0.8, 0.6, 0.7], names=("L2", "plain"))
    assert (gain.wins, gain.ties, gain.losses) == (2, 1, 1)
    words, drawn = repr(gain).splitlines()
    assert (
        words == "L2 against plain, accuracy: +2.5 ± 4.8 points; "
        "better in 2 of 4 seeds, worse in 1, equal in 1"
    )
    dots = "·                        ·                        :"
    assert drawn == f"← plain better [{dots}] L2 better →"
    assert str(gain) == "+2.5 ± 4.8 points, better in 2 of 4 seeds"
    # A ring at the left, a small dot for the tie, two filled dots upon each other at the right.
    kinds = [("ink", 7, "M18 12.5h0"), ("paper", 4, "M18 12.5h0"), ("grey", 5, "M50 12.5h0")]
    for ink, width, d in (*kinds, ("ink", 7, "M84 12.5h0M84 4.5h0")):
        assert f"path d='{d}' class='{ink}' stroke-width='{width}'" in unquote(gain._repr_html_())
    error = compare([0.5, 0.25], [1.0, 1.0], metric="error")  # less is better
    assert (error.wins, error.losses) == (2, 0) and repr(error).endswith("] new better →")
    assert str(error) == "-0.625 ± 0.125, better in 2 of 2 seeds"


def test_a_claim_about_a_verdict_leaves_two_standard_errors(capsys):
    gain = compare([0.52, 0.54, 0.56], [0.5, 0.5, 0.5])  # mean 4, standard error 1.1547
    for side, right, wrong in (
        ("above", 1.69, 1.70),
        ("below", 6.31, 6.30),
        ("within", 6.31, 6.30),
    ):
        claim("it gains", gain, **{side: right})
        with pytest.raises(
            AssertionError, match=rf"it gains \({side} {wrong} was claimed; \+4.0 ± 1.2 points"
        ):
            claim("it gains", gain, **{side: wrong})
    claim("water is wet", np.bool_(True))
    assert capsys.readouterr().out == "✓ it gains\n" * 3 + "✓ water is wet\n"
    with pytest.raises(AssertionError, match="does not hold: fire is cold"):
        claim("fire is cold", False)


def test_the_best_held_out_scores_of_a_table_are_bold_and_nothing_else():
    header = ["", "accuracy: training", "accuracy: validation", "log loss: validation", "note"]
    rows = [
        ["a", "99.0", "71.0 ± 0.3 %", "0.500", "9"],
        ["b", "98.0", "72.0 ± 0.4 %", "1.500", "8"],
    ]
    html = Table(header, [*rows, ["c", "", "72.0 ± 0.4 %", "", "7"]])._repr_html_()
    assert re.findall("<b>(.*?)</b>", html) == ["0.500", "72.0 ± 0.4 %", "72.0 ± 0.4 %"]
    assert "<b>" not in Table(header, rows[:1])._repr_html_()
    assert (
        '<td>−4.2</td><td class="words">C −3</td>'
        in Table(["", "a", "b"], [["x", "-4.2", "C -3"]])._repr_html_()
    )


@pytest.mark.parametrize(
    "new, baseline, metric, message",
    [
        ([0.1, 0.2], [0.1], "accuracy", r"shapes are \(2,\) and \(1,\)"),
        ([0.1], [0.1], "accuracy", "two or more seeds"),
        ([0.1, np.nan], [0.1, 0.2], "accuracy", "NaN"),
        ([93.0, 94.0], [92.0, 93.0], "accuracy", "between 0 and 1"),
        (NEW, BASE, "loss", "metric must be one of accuracy, error, log loss, not 'loss'"),
    ],
)
def test_scores_that_cannot_be_paired_are_refused(new, baseline, metric, message):
    with pytest.raises(ValueError, match=message):
        compare(new, baseline, metric)


def test_a_claim_needs_a_verdict_with_one_margin_or_true_or_false():
    for margins in ({}, {"above": 1, "below": 9}, {"near": 1}):
        with pytest.raises(TypeError, match="needs one of above=, below= and within="):
            claim("it gains", compare(NEW, BASE), **margins)
    for evidence, margins in ((True, {"above": 1}), (1, {})):
        with pytest.raises(
            TypeError, match=f"a verdict and a margin, or True or False, not {evidence}"
        ):
            claim("it gains", evidence, **margins)
