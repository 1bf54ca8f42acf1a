"""Is what is drawn where the numbers say, and does it say the same in every place that shows it?"""

import re
from html import unescape
from urllib.parse import unquote

import numpy as np
import pytest

from regbook import Scores, compare
from regbook.figures import strip
from regbook.figures.colours import DROPOUT, GREY, INKS, PENALTY, PLAIN, ink_of
from regbook.forest import whole
from regbook.tables import Table, powers, typeset
from tools.notebooks import ROOT, outputs, read, shown

random = np.random.default_rng(0)
NAMES = ("plain", "plain, stopped", "L2", "L2, stopped", "dropout, stopped", "trees")
SCORES = {
    name: {
        "accuracy": random.integers(600 + 30 * place, 700 + 30 * place, 20) / 1000,
        "log loss": random.uniform(0.6, 0.7, 20) - 0.01 * place,
    }
    for place, name in enumerate(NAMES)
}
scores = Scores(SCORES, {"trees": "100 trees"}, others=("trees",))


def rows_of(html):
    """{name: (data, SVG, [cells])} of a forest's rows."""
    rows = {}
    for row in re.findall(r"<tr[^>]*><th scope=\"row\">.*?</tr>", html, re.DOTALL):
        name = unescape(re.search('"row">(.*?)</th>', row)[1])
        svg = unquote((re.findall('src="([^"]*)"', row) or [""])[0])
        data = dict(re.findall('data-([a-z]+)="([^"]*)"', row))
        rows[name] = data, svg, re.findall("<td[^>]*>(.*?)</td>", row, re.DOTALL)[1:]
    return rows


@pytest.mark.parametrize("metric, unit", [("accuracy", 1000), ("log loss", 1000)])
def test_a_row_holds_both_readings_where_their_numbers_say(metric, unit):
    html = scores.forest("plain, stopped", metric=metric)._repr_html_()
    rows = rows_of(html)
    assert set(rows) == {"plain", "L2", "dropout", "trees"}
    assert all(
        row[0]["gains"] and row[0]["names"].endswith("|plain, stopped") for row in rows.values()
    )
    over_plain = rows_of(scores.forest("plain", metric=metric)._repr_html_())
    assert (
        over_plain["plain"][0]["names"] == "plain, stopped|plain"
    )  # its other reading is the rival
    sign = 1 if metric == "accuracy" else -1
    rival = SCORES["plain, stopped"][metric]
    all_gains = {
        name: sign * unit * (SCORES[name][metric] - rival) for name in NAMES if "n, s" not in name
    }
    low, high = min(map(min, all_gains.values())), max(map(max, all_gains.values()))
    data, svg, cells = rows["L2"]
    assert data["names"] == "L2|plain, stopped" and data["metric"] == metric
    for key, name, line in (("gains", "L2", 10), ("stopped", "L2, stopped", 30)):
        gains = list(map(int, data[key].split()))
        np.testing.assert_allclose(gains, all_gains[name], atol=0.5001)
        # The axis is of whole steps, and each dot is on it where its gain is.
        numbers = [float(n.replace("−", "-")) for n in re.findall("<span>([^<]*)</span>", html)]
        ends = [sign * (10 if metric == "accuracy" else 1000) * numbers[end] for end in (0, -1)]
        assert ends[0] <= low and high <= ends[1] and 0 in numbers
        places = sorted((np.array(gains) - ends[0]) / (ends[1] - ends[0]) * 100)
        drawn = re.search(rf"d='M(\d+) {line}h0((?:m\d+ 0h0)+)'[^/]*opacity", svg)
        steps = list(map(int, [drawn[1], *re.findall(r"m(\d+)", drawn[2])]))
        np.testing.assert_allclose(np.cumsum(steps), places, atol=0.51)
    end, stopped = cells[0].replace("\N{NO-BREAK SPACE}", " ").replace("−", "-").split("<br> ")
    verdicts = [scores.compare(name, "plain, stopped", metric) for name in ("L2", "L2, stopped")]
    assert [end, stopped] == [
        f"{mark} {verdict.numbers.removesuffix(' points')}" for mark, verdict in zip("●○", verdicts)
    ]


def test_the_best_stands_first_and_what_it_is_gives_its_colour():
    html = scores._repr_html_()  # over plain, stopped
    rows = rows_of(html)
    assert list(rows) == ["trees", "dropout", "L2", "plain"]
    for name, ink in zip(rows, (GREY, DROPOUT, PENALTY, PLAIN)):
        assert f"class='{INKS[ink.lower()][0]}'" in rows[name][1]
    lines = [line.split("  ")[0] for line in repr(scores).splitlines()]
    assert lines == ["on the test set", "trees", "dropout, stopped", "L2, stopped", "L2",
                     "plain, stopped", "plain"]  # fmt: skip
    assert "a dot is" not in html.lower() and "better →" in html


def test_further_rivals_are_folded_and_groups_have_headings():
    groups = {"networks": ["L2", "L2, stopped"], "others": ["trees"]}
    forest = scores.forest("plain, stopped", "plain", methods=groups)
    html = forest._repr_html_()
    assert html.count("<details") == 1 and "<summary>▸ over plain</summary>" in html
    assert re.findall('rowgroup" colspan="[36]">([^<]*)<', html) == ["networks", "others"] * 2
    assert html.count(">log loss<") == repr(forest).count("log loss") == 1  # in the first alone
    assert repr(forest).count("on the test set") == 2
    with pytest.raises(ValueError, match="there is no method 'L1'; there are plain, plain, stop"):
        scores.forest("L1")
    alone = Scores({"a": SCORES["L2"], "b": SCORES["trees"]}, others=("b",))
    assert "over" not in repr(alone) and rows_of(alone._repr_html_())["a"][1]
    wrongs = [({"metric": "f1"}, "'plain' has no f1; it has accuracy, log loss")]
    for wrong, message in [*wrongs, ({"methods": {"a": []}}, "forest needs the names of methods")]:
        with pytest.raises(ValueError, match=message):
            scores.forest("plain", **wrong)


@pytest.mark.parametrize(
    "given",
    [
        {"a": {"accuracy": [0.5]}, "plain": {"accuracy": [0.6]}},
        {"a": {"accuracy": [0.5, 0.25]}, "plain": {"error": [0.6, 0.25]}},
        {"a": {"my own": [0.5, 0.25]}, "plain": {"my own": [0.6, 0.25]}},
        {"a": {"accuracy": [0.5, np.nan]}, "plain": {"accuracy": [0.6, 0.25]}},
        {"a": {"accuracy": [0.5, 0.25, 0.5]}, "plain": {"accuracy": [0.6, 0.25]}},
        {"a": {"accuracy": [0.5, 0.5]}, "plain": {"accuracy": [0.5, 0.5]}},
        {"plain": {"accuracy": [0.5, 0.25]}},
    ],
    ids=[
        "one seed",
        "nothing in common",
        "a metric of one's own",
        "no number",
        "uneven",
        "equal",
        "alone",
    ],
)
def test_what_can_not_be_compared_is_shown_all_the_same(given):
    shown = Scores(given)
    assert all(name in repr(shown) and f">{name}<" in shown._repr_html_() for name in given)


def test_a_single_seed_is_no_picture():
    single = Scores({"a": {"accuracy": np.array([0.5])}, "b": {"accuracy": np.array([0.6])}})
    assert "nan" in repr(single) and "<img" not in single._repr_html_()


def test_above_forty_seeds_a_dot_is_five_of_them_and_says_so():
    new, old = (random.integers(400, 600, 103) / 1000 for _ in range(2))
    verdict = compare(new, old, names=("new", "old"))
    dots = strip.grouped(verdict.gains)
    assert len(dots) == 21 and "a dot is 5 seeds" in verdict._repr_html_()
    expected = np.sort(verdict.gains)[:100].reshape(20, 5).mean(axis=1)
    np.testing.assert_allclose(dots[:20], expected, atol=0.5001)
    many = Scores({"new": {"accuracy": new}, "plain": {"accuracy": old}})
    assert "A pale dot is five seeds" in many._repr_html_()


def test_halves_are_rounded_alike_whatever_the_last_bit():
    assert whole([0.25, np.nextafter(0.25, 0)], "accuracy") == [3, 3]
    assert strip.scale(-37, 37) == (-40, 40, 20) and strip.scale(0, 0) == (0, 1, 1)
    assert strip.scale(-3, 118) == (-50, 150, 50)


def test_numbers_are_set_as_numbers():
    assert typeset("1e-06 and 3e-07 < -2") == "10⁻⁶ and 3 · 10⁻⁷ &lt; −2"
    assert list(map(powers, (1e-06, 0.5, 2e10))) == ["10⁻⁶", "0.5", "2 · 10¹⁰"]
    html = Table(
        ["", "gain", "setting"], [["a", "-1.0 ± 0.2 points", "16 units in 9"]]
    )._repr_html_()
    assert '<td class="words">16 units' in html and "<td>−1.0" in html  # by column, not by cell
    assert ink_of("dropout, norm") == DROPOUT and ink_of("4 units, own λ") == PENALTY


def test_the_largest_forest_of_the_course_is_light():
    forests = [
        shown(output, "text/html") for output in outputs(read(ROOT / "chapters/choosing.ipynb"))
    ]
    largest = max((html for html in forests if "forest" in html), key=len)
    first = largest.partition("<details")[0]  # the others are folded
    assert len(rows_of(first)) >= 12
    assert len(first.encode()) <= 20_000 and len(re.findall("<[a-z]", first)) <= 150
