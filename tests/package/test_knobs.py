"""Is a figure with a knob the same text on every machine, complete, and of use without a script?"""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

from regbook import plots  # noqa: F401, its import sets the style of all figures
from regbook.figures.knobs import Knob

BITS = 1e-13  # what another processor's arithmetic may move


def knob(move=0.0, **changes):
    def draw(value):
        _, axes = plt.subplots()
        axes.plot(np.linspace(0, 1, 5) * (value + move), "o-", label="<line>")
        axes.legend()
        return f"value {value} & more"

    settings = {"name": "line", "draw": draw, "values": [1, 2, 3], "start": 2}
    settings |= {"label": "value", "caption": "A line."}
    return Knob(**settings | changes)


def test_one_frame_a_value_and_the_first_is_seen_without_script():
    before = plt.get_fignums()
    html = knob()._repr_html_()
    assert plt.get_fignums() == before  # no figure is left open
    assert repr(knob()) == "value:\nvalue 1 & more\nvalue 2 & more\nvalue 3 & more"
    frames = json.loads(re.search(r"frames = (\[\[.*?\]\]), stops", html)[1])
    assert [says for says, _ in frames] == ["value 1 & more", "value 2 & more", "value 3 & more"]
    assert all(ElementTree.fromstring(svg).tag.endswith("svg") for _, svg in frames)
    image = r'<img src="data:image/svg\+xml;base64,([^"]*)" alt="([^"]*)">'
    picture, says = re.search(image, html).groups()
    assert says == "value 2 &amp; more" and base64.b64decode(picture).decode() == frames[1][1]


def test_no_words_can_end_the_script():
    end = "</script>"
    html = knob(caption=end, label=end, draw=lambda value: f"{plt.figure()} {end}")._repr_html_()
    assert html.count("</script>") == 1 and html.endswith("</script>")


def test_stops_are_named_as_many_as_a_phone_has_room_for():
    def stops(values):
        turned = knob(values=values, start=values[0], draw=lambda x: f"{plt.figure()} {x}")
        html = turned._repr_html_()
        return json.loads(re.search(r"stops = (\[.*?\]);", html)[1])

    assert stops([1e-6, 0.01, 10]) == ["10⁻⁶", "0.01", "10"]
    assert stops(["<a>", "b"][:1]) == ["&lt;a&gt;"]
    named = [name for name in stops(list(range(20))) if name]
    assert named == [str(stop) for stop in range(0, 20, 2)]


def test_it_asks_no_host_and_repeats_no_id():
    html = knob()._repr_html_() + knob(name="other")._repr_html_()
    assert not re.search(r'(src|href)="(?!#|data:)', html)
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids)) and set(re.findall(r'for="([^"]*)"', html)) <= set(ids)


def test_the_same_text_whatever_the_last_bits_the_process_and_the_time():
    html = knob()._repr_html_()
    assert knob(BITS)._repr_html_() == html != knob(0.01)._repr_html_()
    command = [sys.executable, "-c", "from test_knobs import knob; print(knob()._repr_html_())"]
    here = Path(__file__).parent
    result = subprocess.run(command, capture_output=True, text=True, cwd=here)
    assert result.stdout.rstrip() == html


def test_a_bad_name_and_an_unknown_start_are_refused():
    with pytest.raises(ValueError, match="small letters and hyphens"):
        knob(name="Two words")
    with pytest.raises(ValueError, match="values, not 7"):
        knob(start=7)
