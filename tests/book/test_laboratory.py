"""Does the laboratory train as Keras does, and find what the chapters found, without a server?"""

import gzip
import json
import re

import numpy as np
import pytest

from conftest import SITE
from regbook.figures import strip
from tools.notebooks import ROOT, outputs, printed, read

ENGINE = ROOT / "book/static/laboratory-engine.js"
PAGE = (SITE / "chapters/laboratory.html").as_uri()  # a file: no server

TRAIN = """([widths, how, start, x, y, orders, masks]) => {
  const engine = laboratoryEngine(), rows = y.length, weights = Float64Array.from(start);
  const data = { x: Float64Array.from(x), y: Float64Array.from(y), rows };
  const mask = masks && masks.map(mask => Float64Array.from(mask));
  const network = engine.network(x.length / rows, widths);
  engine.fit(network, weights, data, how, epoch => orders[epoch], () => mask, () => {});
  return [...weights];
}"""
PLAIN = {"l2": 0, "decay": 0, "optimiser": "adam", "rate": 0.01, "epochs": 8, "batch": 32}


@pytest.fixture(scope="module")
def scripts(browser):
    """A tab in which the scripts are run without their page."""
    with browser.new_page() as page:
        page.add_script_tag(path=ENGINE)
        page.add_script_tag(content=f"const stripMeasures = {json.dumps(strip.MEASURES)};")
        page.add_script_tag(path=ROOT / "book/static/strip.js")
        yield page


@pytest.fixture
def tab(browser):
    """An empty tab; `troubles` lists what it asks of other hosts, and what goes wrong in it."""
    with browser.new_page() as page:
        page.troubles = []
        here = ("file:", "data:", "blob:")
        page.on("request", lambda r: r.url.startswith(here) or page.troubles.append(r.url))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.set_default_timeout(60_000)
        yield page


def flat(weights):
    """Keras's weights in the engine's order: of each layer the kernel by units, then the biases."""
    return np.concatenate([np.ravel(array.T) for array in weights])


@pytest.mark.parametrize(
    "widths, rate", [([8], 0), ([8, 5], 0.3)], ids=["one-layer", "two-layers-and-dropout"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {"l2": 0.01},
        {"decay": 0.7, "rate": 0.03},
        {"optimiser": "sgd", "rate": 0.1, "l2": 0.003, "decay": 0.03},
    ],
    ids=["L2", "AdamW", "SGD"],
)
def test_it_ends_where_model_fit_ends(scripts, changes, widths, rate):
    """From the same weights, rows, order and masks, where rounding alone does not move the end."""
    import regbook as rb

    rb.reproducible(0)
    import keras
    from keras import layers
    from keras.regularizers import l2

    how, random = PLAIN | changes, rb.rng(0)
    # 100 = 3 · 32 + 4: the last batch is a short one.
    x, y = random.standard_normal((100, 3)), random.integers(0, 2, 100)
    orders = [random.permutation(100) for _ in range(how["epochs"])]
    masks = [(random.random((100, units)) >= rate) / (1 - rate) for units in widths]
    h = entry = keras.Input((3,))
    given = [keras.Input((units,)) for units in widths]
    for units, mask in zip(widths, given):
        h = layers.Dense(units, "relu", kernel_regularizer=l2(how["l2"]))(h)
        h = layers.Multiply()([h, mask])
    last = layers.Dense(1, "sigmoid", kernel_regularizer=l2(how["l2"]))
    model = keras.Model([entry, *given], last(h))
    sgd = keras.optimizers.SGD(how["rate"], momentum=0.9, weight_decay=how["decay"])
    adam = keras.optimizers.AdamW(how["rate"], weight_decay=how["decay"])
    model.compile(sgd if how["optimiser"] == "sgd" else adam, "binary_crossentropy")
    start = flat(model.get_weights())

    rows = [x.ravel().tolist(), y.tolist(), [order.tolist() for order in orders]]
    rows += [[mask.ravel().tolist() for mask in masks] if rate else None]
    ours = np.array(scripts.evaluate(TRAIN, [widths, how, start.tolist(), *rows]))
    nudged = [start[0] + 1e-15, *start[1:]]
    beside = np.array(scripts.evaluate(TRAIN, [widths, how, nudged, *rows]))
    assert np.abs(beside - ours).max() < 1e-10, "choose another seed"
    for order in orders:
        inputs = [x[order], *(mask[order] for mask in masks)]
        model.fit(inputs, y[order], batch_size=32, shuffle=False, verbose=0)
    assert np.abs(ours - start).max() > 0.1
    assert np.abs(ours - flat(model.get_weights())).max() < 1e-9


def test_python_and_the_page_draw_the_same_strip_to_the_letter(scripts):
    random, names = np.random.default_rng(0), ["plain & <old>", "L2's"]
    for number in range(50):
        # From two seeds to a hundred, from a tenth of a point to a hundred points, ties as well.
        size, spread = random.choice([2, 5, 20, 40, 41, 100]), 10 ** random.uniform(-1, 3)
        gains = np.round(random.normal(random.normal(0, spread), spread, size)).astype(int).tolist()
        ends = sorted(random.normal(0, spread, 2).tolist()) if number % 3 else None
        drawing = [gains, ends, [10, 1000][number % 2], [1, -1][number // 2 % 2], names]
        drawn = scripts.evaluate("drawing => strip.draw(...drawing)", drawing)
        assert drawn == strip.strip(*drawing)
    assert len(gzip.compress((ROOT / "book/static/strip.js").read_bytes())) <= 3000


def open_story(tab, address, cores=None):
    """Open the laboratory with a set-up, and wait for its twenty pairs.

    Returns a function that reads a part of the page.
    """
    if cores:
        said = f"{{ value: {cores} }}"
        tab.add_init_script(f"Object.defineProperty(navigator, 'hardwareConcurrency', {said})")
    tab.goto(PAGE + address)
    tab.wait_for_selector("[data-part=open]:enabled")
    return lambda part: tab.text_content(f"[data-part={part}]")


POINTS = r"([+-]\d+\.\d) ± (\d+\.\d)"
# Each story, and where a chapter prints the same comparison.
STORIES = {
    "l2-in-the-original": ("l2-keras", r"^l2\(0\.01\) against plain, accuracy: "),
    "dropout-in-the-original": ("dropout", r"^Dropout\(0\.3\) against plain, accuracy: "),
    "where-l2-helps": ("l2-keras", r"^l2\(0\.01\) against plain: "),
    "eight-units-instead": ("l2-keras", r"^l2\(0\.01\) against smaller: "),
    "stopped-in-time": ("l2-keras", r"^l2\(0\.01\) against plain, stopped: "),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_ends_as_the_page_says_and_as_its_chapter_does(tab, story):
    open_story(tab, f"#{story}")
    tab.click("[data-part=open]")
    shown = tab.text_content("[data-part=test]")
    found = re.search(POINTS + r" points; better in (\d+)", shown).groups()
    chapter, line = STORIES[story]
    of_chapter = "\n".join(map(printed, outputs(read(ROOT / f"chapters/{chapter}.ipynb"))))
    theirs = re.search(line + POINTS, of_chapter, re.MULTILINE).groups()
    text = tab.text_content(f"#{story}").replace("−", "-").replace("\N{NO-BREAK SPACE}", " ")
    assert "{} ± {} points, better in {} of 20 seeds".format(*found) in text
    assert re.search(r"chapter \d {} ± {}".format(*map(re.escape, theirs)), text)
    (mean, error), (their_mean, their_error) = map(float, found[:2]), map(float, theirs)
    assert abs(mean - their_mean) < 2 * np.hypot(error, their_error)
    assert not tab.troubles


def test_one_worker_and_four_come_to_the_same_digits(browser):
    seen = []
    for cores in (1, 4):
        with browser.new_page() as tab:
            open_story(tab, "#stopped-in-time", cores)
            parts = ("dots", "verdict", "curves", "borders")
            seen.append([tab.inner_html(f"[data-part={part}]") for part in parts])
    assert seen[0] == seen[1] and len("".join(seen[0])) > 10_000


def test_what_is_copied_as_python_comes_to_the_same_verdict(tab):
    settings = "problem=xor&rows=200&a.stopped=1&b.stopped=1&b.l2=0.01&b.decay=0.003&b.dropout=0.1"
    part = open_story(tab, f"#{settings}")
    tab.click("[data-part=open]")
    mean, error = map(float, re.search(POINTS, tab.text_content("[data-part=test]")).groups())
    *lines, last = part("python").splitlines()
    course = {}
    exec("\n".join([*lines, f"verdict = {last}"]), course)
    verdict = course["verdict"]
    assert len(verdict.differences) == 20
    assert abs(verdict.mean - mean) < 2 * np.hypot(verdict.standard_error, error)


def test_a_bad_address_is_named_and_the_default_taken(tab):
    said = open_story(tab, "#rows=7&seed=-1&shoes=3&b.l2=0.03")
    assert "rows is “7”; it can be 50, 100," in said("trouble")
    assert "“shoes”, which is no setting" in said("trouble")
    assert "rows=1000" in tab.url and "seed=0" in tab.url and "b.l2=0.03" in tab.url


@pytest.mark.parametrize("width, scheme", [(1300, "light"), (390, "dark")])
def test_when_all_is_shown_everybody_can_use_it(browser, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme) as tab:
        said = open_story(tab, "#l2-in-the-original")
        tab.click("[data-part=open]")
        assert said("headline") in said("spoken") and "is open" in said("seal")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        rules = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
        options = {"runOnly": rules, "preload": False, "resultTypes": ["violations"]}
        found = Axe().run(tab, options=options)
        assert not found.response["violations"]
        pressed = tab.evaluate("""
            [...document.querySelectorAll(
                ".lab :is(button, select, summary, label, .lab-row a)"
            )].map(element => element.getBoundingClientRect().height)
        """)
        assert len(pressed) > 20 and min(pressed) >= 44


def test_a_second_look_at_the_test_set_is_told(tab):
    said = open_story(tab, "#l2-in-the-original")
    tab.click("[data-part=open]")
    assert "is open." in said("seal")
    tab.click("[data-part=open]")
    assert "You opened it before" in said("seal")
    tab.check("[name='b.stopped']")
    tab.wait_for_selector("[data-part=open]:disabled")
    tab.click("[data-part=open]:enabled")
    assert "open for comparison number 2" in said("seal")


def test_it_is_small():
    sent = sum(
        len(gzip.compress(path.read_bytes())) for path in ROOT.glob("book/static/laboratory*")
    )
    assert sent <= 20_000
