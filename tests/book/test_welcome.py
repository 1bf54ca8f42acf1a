"""Does the first screen show what it says, with a script, without one, and where it is shared?"""

import gzip
import json
import re
import runpy

import numpy as np
import pytest

from conftest import ROOT, SITE
from tools import fooled

PAGE = SITE / "chapters/welcome.html"
TEXT = (ROOT / "chapters/welcome.md").read_text(encoding="utf-8")
SCORES = np.array(json.loads(fooled.SCORES.search(TEXT)[0]))
OPENING = runpy.run_path(str(ROOT / "img/opening.py"))
SHIFTS = """window.shifts = [];
  const inArticle = ({ node }) => node?.parentElement?.closest("article");
  new PerformanceObserver(list => list.getEntries().forEach(entry =>
    entry.sources.some(inArticle) && shifts.push(entry.value)
  )).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture(scope="module")
def one_tab(browser):
    with browser.new_page(viewport={"width": 1300, "height": 900}) as page:
        page.set_default_timeout(10_000)
        yield page


@pytest.fixture
def tab(one_tab):
    one_tab.emulate_media(media="null")
    one_tab.goto(PAGE.as_uri())
    return one_tab


def said(gains):
    """Gains in tenths of a point, as pages write them: +0.8 ± 0.3."""
    mean, error = np.mean(gains) / 10, np.std(gains, ddof=1) / np.sqrt(len(gains)) / 10
    return f"{mean:+.1f} ± {error:.1f}".replace("-", "−")


def test_the_still_is_what_its_program_draws_and_what_the_script_draws(tab):
    best = OPENING["best"]()
    still = (ROOT / "img/opening.svg").read_text(encoding="utf-8")
    assert still == OPENING["drawn"](best) and tab.evaluate("opening.best") == best
    for position in (0, 20, best, 100):
        ours, theirs = (
            [float(number) for number in re.findall(r"-?\d+\.\d", text)]
            for text in (
                OPENING["drawn"](position).partition("</style>")[2],
                tab.evaluate(f"opening.drawn({position})"),
            )
        )
        # Without any price the system is badly conditioned, and the curve leaves the picture.
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.11)
        errors = tab.evaluate(f"opening.errors({position})")
        np.testing.assert_allclose(errors, OPENING["errors"](position), rtol=0, atol=1e-6)
    told = re.search(r"saw: (\d\.\d\d)\. .* saw: (\d\.\d\d)\.", TEXT).groups()
    assert told == tuple(f"{error:.2f}" for error in OPENING["errors"](best))


def test_it_plays_once_and_rests_at_the_best_and_the_keyboard_moves_it(browser):
    tab = browser.new_page()
    tab.clock.install()  # a busy computer would see the end of it only
    tab.clock.pause_at(tab.evaluate("Date.now()") + 1000)
    tab.goto(PAGE.as_uri())
    slider, seen = tab.locator("#opening input"), []
    for _ in range(8):
        seen.append(int(slider.input_value()))
        tab.clock.run_for(400)
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == OPENING["best"]()
    assert len(set(seen)) > 4
    for key, words in (("Home", "by heart: error 0.00"), ("End", "too stiff: error 0.44")):
        slider.press(key)
        assert slider.get_attribute("aria-valuetext").startswith(words)
    tab.close()
    still = browser.new_page(reduced_motion="reduce")
    still.goto(PAGE.as_uri())
    assert int(still.input_value("#opening input")) == OPENING["best"]()
    still.close()


def test_what_fools_is_what_the_tool_computes():
    assert fooled.scores() == SCORES.tolist()


def test_runs_fall_on_both_sides_and_pairs_tell(tab):
    plain, line, plain_free, line_free = SCORES
    for button in ("worse", "Train one"):
        tab.click(f"#fooled button >> text={button}")
    singles = {int(gain) for gain in np.subtract.outer(line, plain)[~np.eye(20, dtype=bool)]}
    for _ in range(12):
        shown = re.search(r"With it: (\S+) points", tab.inner_text("#fooled"))[1]
        assert round(10 * float(shown.replace("−", "-"))) in singles
        tab.click("#fooled button >> text=Again")
    tab.click("#fooled button >> text=Twenty")
    share = np.mean([gain < 0 for gain in np.subtract.outer(line, plain)[~np.eye(20, dtype=bool)]])
    words = tab.inner_text("#fooled")
    assert f"You said: worse. It is better: {said(line - plain)} points" in words
    assert f"{(line < plain).sum()} of 20 say the opposite; of single runs" in words
    assert f"rows of its own, {100 * share:.0f} in 100 do" in words and 0.25 < share < 0.45
    tab.click("#fooled button >> text=properly")
    words = tab.inner_text("#fooled")
    free, left = said(plain_free - plain), said(line_free - plain_free)
    assert f"gains {free} points" in words and f"then no clear difference: {left} points" in words
    # What stands there without a script says the same.
    assert f"{100 * share:.0f} in 100 such pairs" in TEXT and said(line - plain) in TEXT
    assert f"gains {free.lstrip('+')}; and" in TEXT and f"adds is {left}" in TEXT


def test_its_link_opens_the_laboratory_at_this_set_up(tab):
    for button in ("better", "Train one", "Twenty", "properly"):
        tab.click(f"#fooled button >> text={button}")
    tab.click("#fooled a")
    code = tab.wait_for_selector("[data-part=python]", state="attached").text_content()
    assert "rows=500, irrelevant=4, label_noise=0.1" in code and "epochs=60" in code
    assert '"A": {"units": 32, "strength": 0, "rate": 0,' in code
    assert '"B": {"units": 32, "strength": 0, "rate": 0.2,' in code
    assert not tab.locator("[data-part=trouble]").text_content()


@pytest.mark.parametrize("width", [1300, 390])
def test_nothing_jumps_while_it_loads_and_plays(browser, width):
    with browser.new_page(viewport={"width": width, "height": 900}) as tab:
        tab.add_init_script(SHIFTS)
        tab.goto(PAGE.as_uri())
        tab.wait_for_function(
            f"document.querySelector('#opening input').value == {OPENING['best']()}"
        )
        assert tab.evaluate("shifts") == []


def test_without_a_script_there_are_the_still_and_its_sentences(browser):
    with browser.new_page(java_script_enabled=False) as tab:
        tab.goto(PAGE.as_uri())
        assert tab.locator("#opening img").is_visible()
        assert "swing wildly" in tab.inner_text("#opening")
        assert "gains 3.9" in tab.inner_text("#fooled")


def test_on_paper_there_are_the_same_sentences_and_nothing_to_press(tab):
    tab.emulate_media(media="print")
    assert "gains 3.9" in tab.inner_text("#fooled")
    pressed = tab.locator("#fooled button, #opening input, .start a")
    assert pressed.count() > 5 and not any(one.is_visible() for one in pressed.all())


def test_its_buttons_are_those_of_the_first_chapter():
    chapter = (SITE / "chapters/penalty.html").read_text(encoding="utf-8")
    for host in ("mybinder.org", "colab.research.google.com"):
        link = re.search(rf"\]\((https://{host}/[^)]*)\)", TEXT)[1]
        assert f'href="{link}"' in chapter


def test_the_page_counts_the_claims_that_the_record_counts():
    record = (ROOT / "chapters/replication.md").read_text(encoding="utf-8")
    last = re.findall(r"^(\d+ of \d+ claims) hold\.", record, re.MULTILINE)[-1]
    assert f"{last} held on both" in TEXT


def test_it_is_small():
    for name, limit in (("opening", 4096), ("fooled", 2048)):
        script = (ROOT / f"book/static/welcome-{name}.js").read_bytes()
        assert len(gzip.compress(script)) <= limit


def test_the_address_of_the_book_says_what_it_is():
    html, index = (path.read_text(encoding="utf-8") for path in (PAGE, SITE / "index.html"))
    for part in (
        "<title>.*?</title>",
        '<meta name="description".*?>',
        '<meta property="og:image".*?>',
    ):
        assert re.search(part, html, re.DOTALL)[0] in index
    assert 'content="summary_large_image"' in index and "url=chapters/welcome.html" in index
    title = re.search(r"^# (.*)", TEXT)[1]
    assert f"<title>{title} " in index
    assert f"![{title}: " in (ROOT / "README.md").read_text(encoding="utf-8")
    picture = (SITE / "regularisation.png").read_bytes()
    assert [int.from_bytes(picture[at : at + 4]) for at in (16, 20)] == [1200, 630]


def test_the_sidebar_is_folded_but_where_the_reader_stands():
    for page, opened in (("welcome", []), ("traps", ["Go further"]), ("guide", ["Look things up"])):
        html = (SITE / f"chapters/{page}.html").read_text(encoding="utf-8")
        folds = re.findall(
            r'<details( open="")?>\s*<summary class="caption"[^>]*>(.*?)</summary>', html
        )
        names = [(re.sub("<.*?>", "", name), bool(is_open)) for is_open, name in folds]
        assert [name for name, _ in names] == ["Go further", "Look things up", "For teachers"]
        assert [name for name, is_open in names if is_open] == opened
        assert html.count('name="viewport"') == 1
