"""Is the rendered book sound in a real browser: every page, light and dark, wide and on a phone?

Needs Chromium or Chrome.
"""

import functools
import http.server
import re
import threading
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest

from conftest import SITE

PATHS = [path for path in SITE.rglob("*.html") if "_static" not in path.parts]
PAGES = sorted(path.relative_to(SITE).as_posix() for path in PATHS)
TEXT = {page: (SITE / page).read_text(encoding="utf-8") for page in PAGES}
WITH_KNOBS = [page for page in PAGES if 'class="knob"' in TEXT[page]]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Only what is wrong comes back: what is right is ten times as much.
AXE = {"runOnly": RULES, "preload": False, "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def address():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=SITE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def classic_bars(launch):
    """A browser whose scroll bars take room, as those of most computers with a mouse."""
    with launch(ignore_default_args=["--hide-scrollbars"]) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def open_page(browser, address):
    """A function that opens a page of the book in a tab; `tab.troubles` lists what goes wrong.

    Pages that are looked at alike share a tab, one after the other: a new one costs a second.
    """
    tabs = {}

    def opened(page, width=1300, scheme="light", within=browser, **settings):
        alike = (width, scheme, within, *settings.items())
        if alike not in tabs:
            screen = {"width": width, "height": 900}
            tabs[alike] = within.new_page(viewport=screen, color_scheme=scheme, **settings)
            watch(tabs[alike])
        tab = tabs[alike]
        tab.goto("about:blank")  # a mere #anchor would load nothing anew
        tab.emulate_media(media="null")  # as it was: a test before may have printed
        tab.troubles.clear()
        tab.goto(address + page, wait_until="networkidle")
        return tab

    def watch(tab):
        tab.troubles = []
        here = (address, "data:", "blob:", "about:")
        tab.on("request", lambda r: r.url.startswith(here) or tab.troubles.append(r.url))
        tab.on("response", lambda r: r.status < 400 or tab.troubles.append(f"{r.status}: {r.url}"))
        tab.on("pageerror", lambda error: tab.troubles.append(f"error: {error}"))
        loud = ("error", "warning")
        tab.on("console", lambda m: m.type in loud and tab.troubles.append(f"{m.type}: {m.text}"))

    yield opened
    for tab in tabs.values():
        tab.close()


# What scrolls sideways, of boxes that may on a phone alone; and words that a line's end parts.
CUT = """[...document.querySelectorAll(".bd-article :is(.math-display, .cell_output:has(table), "
  + ".pst-scrollable-table-container)")].filter(e => e.scrollWidth > e.clientWidth + 1)"""
# Pictures that do not stand above, or below, the numbers of their axis.
SHIFTED = """[...document.querySelectorAll(":is(.forest, .strip):has(img)")].filter(e => {
  const [marks, image] = [".marks", "img"].map(x => e.querySelector(x).getBoundingClientRect());
  return Math.abs(marks.left - image.left) > 1 || Math.abs(marks.right - image.right) > 1;
})"""
PARTED = """[...document.querySelectorAll(".bd-article .nowrap")]
  .filter(e => e.getClientRects().length > 1)"""


@pytest.mark.parametrize("scheme, width", [("light", 1300), ("dark", 390)])
@pytest.mark.parametrize("page", PAGES)
def test_page_is_quiet_private_and_accessible(
    open_page, browser, classic_bars, page, scheme, width
):
    from axe_playwright_python.sync_playwright import Axe

    tab = open_page(page, width, scheme, within=classic_bars if width > 1000 else browser)
    for faulty in (CUT, PARTED, SHIFTED)[0 if width > 1000 else 1 :]:
        assert tab.evaluate(f"{faulty}.map(e => e.innerText.slice(0, 80))") == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width, "wider than the screen"
    # A page of more elements is slow to lay out on a phone.
    assert tab.evaluate("document.querySelectorAll('*').length") <= 6000
    for fault in Axe().run(tab, options=AXE).response["violations"]:
        first, *others = (node["html"][:200] for node in fault["nodes"])
        tab.troubles.append(f"{fault['id']}: {first} (and {len(others)} more)")
    assert not tab.troubles


@pytest.mark.parametrize("page", WITH_KNOBS)
def test_every_knob_turns_by_keyboard(open_page, page):
    tab = open_page(page)
    for knob in tab.query_selector_all("figure.knob"):
        slider, said, picture = (knob.query_selector(name) for name in ("input", "output", "img"))
        places = int(slider.get_attribute("max")) + 1
        slider.focus()
        tab.keyboard.press("Home")
        words, pictures = [], []
        for _ in range(places):
            words.append(said.inner_text())
            assert slider.get_attribute("aria-valuetext") == words[-1]
            assert picture.get_attribute("alt") == words[-1]
            pictures.append(picture.get_attribute("src"))
            tab.keyboard.press("ArrowRight")
        assert len(set(words)) == len(set(pictures)) == places == len(knob.query_selector_all("li"))
        assert knob.query_selector("label").get_attribute("for") == slider.get_attribute("id")


@pytest.mark.parametrize("page", WITH_KNOBS)
def test_without_script_a_knob_shows_one_picture_and_no_slider(open_page, page):
    tab = open_page(page, java_script_enabled=False)
    for knob in tab.query_selector_all("figure.knob"):
        assert knob.query_selector("img").is_visible() and not knob.query_selector("input")


SEEN = """figure => {
  const ground = element => getComputedStyle(element).backgroundColor;
  let behind = figure;
  while (ground(behind) == "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  return [getComputedStyle(figure.querySelector("figcaption")).color, ground(behind)];
}"""


@pytest.mark.parametrize("page", WITH_KNOBS)
def test_captions_can_be_read_in_the_dark(open_page, page):
    """axe is silent where the theme's ground had the caption's own colour."""
    for figure in open_page(page, scheme="dark").query_selector_all("figure:has(figcaption)"):
        colours = [re.findall(r"\d+", colour)[:3] for colour in figure.evaluate(SEEN)]
        letters, ground = (sum(map(int, colour)) for colour in colours)
        assert letters - ground > 400


@pytest.mark.parametrize("page", [page for page in PAGES if "<table" in TEXT[page]])
def test_no_table_is_cut_off_on_paper(open_page, page):
    tab = open_page(page, 700)  # as wide as A4 between its margins
    tab.emulate_media(media="print")
    widths = "[...document.querySelectorAll('table, pre, img')].map(e => e.scrollWidth)"
    assert max(tab.evaluate(widths)) <= 700
    tables = "[...document.querySelectorAll('.bd-article table')]"
    assert max(tab.evaluate(f"{tables}.map(e => e.getBoundingClientRect().right)")) <= 700


def test_the_guide_is_printed_on_one_sheet(open_page):
    printed = open_page("chapters/guide.html").pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_a_keyboard_user_can_skip_to_the_text(open_page):
    tab = open_page("chapters/penalty.html")
    tab.keyboard.press("Tab")
    assert "Skip to main content" in tab.evaluate("document.activeElement.innerText")


def test_search_finds_dropout(open_page):
    tab = open_page("search.html?q=dropout")
    tab.wait_for_selector("#search-results li a")
    assert "dropout" in tab.inner_text("#search-results").lower() and not tab.troubles


@pytest.mark.parametrize("page", PAGES)
def test_every_internal_link_is_alive(page):
    welcome = TEXT["chapters/welcome.html"]
    top = urlparse(re.search(r'<link rel="canonical" href="(.*)chapters/', welcome)[1]).path
    dead = []
    for link in set(re.findall(r'<a\b[^>]*?\bhref="([^"]+)"', TEXT[page])) - {"#"}:
        # The link of the page 404 begins with the top.
        target, anchor = urldefrag(urljoin(page, link.removeprefix(top)))
        if not urlparse(link).scheme:
            there = (SITE / unquote(target)).is_file()
            known = not anchor or target not in TEXT or f'id="{unquote(anchor)}"' in TEXT[target]
            dead += [link] * (not (there and known))
    assert not dead
