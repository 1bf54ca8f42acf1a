"""Is a figure the same text on every machine, and does it take its inks from the page?"""

import base64
import io
import re
import runpy
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from conftest import ROOT
from regbook.figures.plots import STYLE
from regbook.figures.svg import INKS, as_png, as_svg


@pytest.fixture
def drawn():
    """A function that draws a line, marks and four pixels, moved by so much."""

    def draw(move=0.0):
        figure, (left, right) = plt.subplots(1, 2)
        left.plot(np.linspace(0, 1, 5) + move, "o-", color="#0072B2")
        left.fill_between([0, 1], [0, 0], [1, 1 + move], color="#123456")
        left.text(0, 0.5, "λ <b>")
        right.imshow([[0, 1], [1, 0.5]], cmap="gray_r", vmin=0, vmax=1, interpolation="none")
        return figure

    yield draw
    plt.close("all")


def test_last_bits_leave_it_as_it_is_and_a_tenth_of_a_pixel_does_not(drawn):
    assert as_svg(drawn()) == as_svg(drawn(1e-13)) != as_svg(drawn(0.01))


def test_inks_of_the_course_are_the_page_s_and_others_stay(drawn):
    svg = as_svg(drawn())
    assert "stroke: var(--blue)" in svg and "fill: #123456" in svg
    style = re.search("<style>(.*?)</style>", svg)[1]
    light, dark = style.split("@media(prefers-color-scheme:dark)")
    for ink, (name, other) in INKS.items():  # those that are drawn with, and letters' own
        inside = f"var(--{name})" in svg
        assert (f"--{name}:{ink};" in light) == (f"--{name}:{other};" in dark) == inside


def test_points_that_fall_together_are_kept_once(drawn):
    def line(heights):
        figure = drawn()
        figure.axes[0].plot([0, *np.linspace(0.5, 0.5001, len(heights)), 1], [0, *heights, 1])
        return as_svg(figure)

    assert line([0.3, 0.3001] * 20) == line([0.3] * 2)


def test_it_is_a_whole_document_of_few_elements(drawn):
    root = ElementTree.fromstring(as_svg(drawn()))
    text = as_svg(drawn())
    used = set(re.findall(r"#(i\d+)", text))
    assert used == set(re.findall(r' id="(i\d+)"', text))
    assert "date" not in text and "λ &lt;b&gt;" in text
    assert all(element.attrib for element in root.iter() if element.tag.endswith("}g"))


def test_pixels_are_kept_as_they_are_in_a_form_that_no_processor_packs_otherwise(drawn):
    packed = re.search(r'href="data:image/bmp;base64,([^"]*)"', as_svg(drawn()))[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed))))[..., 0]
    np.testing.assert_allclose(pixels, [[255, 0], [0, 128]], atol=2)


def test_the_cards_of_the_welcome_page_are_what_their_program_draws():
    cards = runpy.run_path(str(ROOT / "img/cards.py"))
    assert len(cards["CARDS"]) == 4 + 9
    with plt.rc_context(STYLE):
        for path, drawing in cards["CARDS"].items():
            assert path.read_text(encoding="utf-8") == cards["card"](*drawing)
    plt.close("all")


def test_the_png_is_small_and_shows_the_same(drawn):
    figure = drawn()
    picture = Image.open(io.BytesIO(as_png(figure)))
    assert len(as_png(figure)) < 20_000 and picture.size == tuple(
        int(100 * inches) for inches in figure.get_size_inches()
    )
    assert len(picture.convert("RGB").getcolors()) > 8
