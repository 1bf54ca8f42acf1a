"""Is a figure with a knob the same text on every machine, complete, and of use without a script?"""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

from regbook.knobs import Knob

BITS = 1e-13  # what another processor's arithmetic may move


def knob(move=0.0, **changes):
    def draw(value):
        _, axes = plt.subplots()
        axes.plot(np.linspace(0, 1, 5) * (value + move), "o-", label="<line>")
        axes.legend()
        return f"value {value} & more"

    settings = {"draw": draw, "values": [1, 2, 3], "label": "value", "start": 2, "caption": "A line."} | changes
    return Knob(**{"name": "line"} | settings)


def test_one_frame_a_value_and_only_the_first_is_seen_without_script():
    before = plt.get_fignums()
    html = knob()._repr_html_()
    assert plt.get_fignums() == before  # no figure is left open
    found = re.findall(r'<div class="knob-frame" data-says="([^"]*)"( hidden)?>(<svg.*?</svg>)</div>', html, re.DOTALL)
    assert [says for says, _, _ in found] == ["value 1 &amp; more", "value 2 &amp; more", "value 3 &amp; more"]
    assert [hidden == "" for _, hidden, _ in found] == [False, True, False]
    assert '<div class="knob-turn" hidden>' in html
    for _, _, svg in found:
        drawing = ElementTree.fromstring(svg)
        assert drawing.get("role") == "img" and drawing.get("aria-label").startswith("value")


def test_it_asks_no_host_and_repeats_no_id():
    html = knob()._repr_html_() + knob(name="other")._repr_html_()
    assert not re.search(r'(src|href)="(?!#)', html)
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"|for="([^"]*)"', html)
    assert used and {a or b or c for a, b, c in used} <= set(ids)


def test_the_same_text_whatever_the_last_bits_the_process_and_the_time():
    html = knob()._repr_html_()
    assert knob(BITS)._repr_html_() == html != knob(0.01)._repr_html_()
    code = "from test_knobs import knob; print(knob()._repr_html_())"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent).stdout.rstrip() == html


def test_as_text_it_says_every_place():
    assert repr(knob()) == "value:\nvalue 1 & more\nvalue 2 & more\nvalue 3 & more"


@pytest.mark.parametrize(
    "changes, message",
    [({"name": "Two words"}, "small letters and hyphens"), ({"start": 7}, "must be one of the values, not 7")],
)
def test_bad_input_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        knob(**changes)
