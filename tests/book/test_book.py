"""Does the built book, as `make book` left it in _build/html, hold what the notebooks promise?"""

import gzip
import json
import re
import shutil
import subprocess
from html import unescape
from types import SimpleNamespace

import pytest
import tinycss2
from docutils import nodes

from book.extensions import exercises, styles
from book.extensions.mathml import to_mathml
from conftest import ASKING, ROOT, SITE
from regbook.exercises import of_chapter
from tools import address
from tools.notebooks import NOTEBOOKS, REPOSITORY

PAGES = sorted((SITE / "chapters").glob("*.html"))


def test_it_was_built():
    assert len(PAGES) > 5, "make book"


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_every_exercise_has_its_solution_folded_below(path):
    text = (SITE / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8")
    box = r'<div class="((?:exercise|solution)[^"]*)" id="([^"]+)">\s*'
    boxes = re.findall(box + r'<p class="admonition-title">(.*?)</p>', text)
    for label, exercise in of_chapter(path.stem).by_label.items():
        (_, at, title), (folded, _, below) = boxes.pop(0), boxes.pop(0)
        assert at == label and f"({exercise.title})" in unescape(title)
        assert f"<em>{exercise.head.capitalize()}.</em>" in text
        assert folded.startswith("solution dropdown") and below == "Solution"
    assert boxes == []
    assert "answered yet" not in text


@pytest.mark.parametrize("hide", ["hide", ""])
@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_the_book_for_a_class_holds_no_solution(path, hide, monkeypatch):
    monkeypatch.setenv("REGBOOK_SOLUTIONS", hide)
    source = [path.read_text(encoding="utf-8")]
    env = SimpleNamespace(doc2path=lambda _: path, note_dependency=lambda _: None)
    exercises.show(SimpleNamespace(env=env), path.stem, source)
    assert "{exercise} " in source[0] and "](solutions/" not in source[0]
    assert ("{solution}" in source[0]) == (not hide)


def test_no_address_that_was_ever_published_is_gone():
    """A page that is renamed needs one at its old address: html_additional_pages in _config.yml."""
    names = "welcome penalty l2-keras dropout choosing double-descent your-data exercises teaching "
    names += "reproducibility glossary bibliography how-sure beyond-dense grokking weight-decay "
    names += "traps guide replication together laboratory judge"
    assert [name for name in names.split() if not (SITE / f"chapters/{name}.html").is_file()] == []


def test_every_page_says_what_it_is():
    found = []
    for page in PAGES:
        html = page.read_text(encoding="utf-8")
        title = re.search("<title>(.+?)</title>", html, re.DOTALL)[1]
        description = re.search('<meta name="description" content="(.+?)"', html)[1]
        assert len(title) > 10 and 40 < len(description) < 200, page.name
        found.append((title, description))
        image = '<meta property="og:image" content="https://[^/]+/regularisation-course/(.+?)"'
        card = re.search(image, html)[1]
        icon = re.search('<link rel="icon"[^>]*href="([^"?]*)', html)[1]
        assert (SITE / card).is_file() and (page.parent / icon).is_file()
    assert len({title for title, _ in found}) == len({text for _, text in found}) == len(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_first_view_is_light(page):
    """Under 600 KB as static hosts send it; our script, put off, under 30 KB without pictures."""
    html = page.read_text(encoding="utf-8")
    names = re.findall(r'<script[^>]*src="([^"?]*)', html)
    for link in re.findall("<link [^>]*stylesheet[^>]*>", html):
        names.append(re.search(r'href="([^"?]*)', link)[1])
    files = {page.parent / name for name in names}
    # Of ours: those of every page, and those of the laboratory and the welcome on their pages.
    ours = {path.name for path in (ROOT / "book/static").glob("*.[cj]s*")}
    of_pages = {name: name.split("-")[0].split(".")[0] for name in ours}
    here = {page.stem} | ({"strip"} if page.stem in ("laboratory", "welcome") else set())
    elsewhere = {"laboratory", "welcome", "strip"} - here
    wanted = {name for name in ours if of_pages[name] not in elsewhere}
    assert len(ours) == 12 and {path.name for path in files} & ours == wanted
    texts = [html.encode(), *(file.read_bytes() for file in files)]
    fonts = [font.stat().st_size for font in (SITE / "_static").glob("*.woff2")]
    assert sum(len(gzip.compress(text)) for text in texts) + sum(fonts) < 600_000
    assert re.findall(r'<script src="([^"?]*)', html) == ["../_static/documentation_options.js"]
    article = html[html.index("<article") : html.index("</article>")]
    inline = re.findall("<script>(.*?)</script>", article, re.DOTALL)
    knobs = [page.parent / name for name in re.findall(r'{src: "([^"]*)"}', "".join(inline))]
    # A line for each knob, and one of the theme's.
    assert sum(map(len, inline)) < 100 + 200 * len(knobs)
    pictures = re.compile(r"frames = \[\[.*\]\],")  # what a knob shows
    script = sum(len(pictures.sub("", knob.read_text(encoding="utf-8"))) for knob in knobs)
    assert len(knobs) == article.count('class="knob"') and script < 30_000


def test_figures_are_counted_on_each_page_and_what_unfolds_says_what_it_is():
    """On a page that has no number of its own; a label that is another word than the one shown."""
    for page in PAGES:
        html = page.read_text(encoding="utf-8")
        numbers = re.findall(r'"caption-number">Fig\. ([\d.]+?) <', html)
        first = numbers and numbers[0].rpartition(".")[0]
        counted = [f"{first}.{n}".lstrip(".") for n in range(1, len(numbers) + 1)]
        assert numbers == counted, page.name
        assert "Toggle hidden content" not in html
        for cell in re.split('<div class="cell ', html)[1:]:
            folded, _, below = cell.partition("</details>")
            if "above-input" in folded:
                drawn = "cell_output" in below.partition("<section")[0].partition("<h")[0]
                assert ("helper code" in folded) != drawn, page.name


def test_a_letter_stays_in_one_line_with_what_it_is_said_to_be():
    """A browser may part "λ = 0.1" behind the formula, whatever blank follows it."""
    related, kept = "</math>\N{NO-BREAK SPACE}[±≥≤=]", 'class="nowrap"'
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    counts = [(len(re.findall(related, html)), html.count(kept)) for html in pages]
    assert all(there == wrapped for there, wrapped in counts)
    assert sum(wrapped for _, wrapped in counts) > 20


def test_answers_are_printed_at_the_end_of_the_page():
    for page in PAGES:
        article = page.read_text(encoding="utf-8").partition('<article class="bd-article"')[2]
        asked = len(re.findall('class="[^"]*\\bguess\\b[^"]*admonition', article))
        asked += len(re.findall('class="admonition[^"]*\\bguess\\b', article))
        answers = article.partition('<div class="on-paper docutils container">')[2]
        assert asked == len(re.findall("<p><strong>[^<]+</strong></p>", answers)), page.name


def test_a_fork_sets_its_address_in_one_place(tmp_path):
    for name in address.FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    config = tmp_path / "_config.yml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace(REPOSITORY, "https://github.com/Ada/course", 1), encoding="utf-8"
    )
    address.carry(tmp_path)
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in address.FILES]
    for old, new in zip(address.forms(REPOSITORY), address.forms("https://github.com/Ada/course")):
        assert not any(old in text for text in texts) and any(new in text for text in texts)
    # Every file that names the repository is one of those.
    command = ["git", "grep", "-lF", REPOSITORY.removeprefix("https://github.com/")]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert set(named) <= set(address.FILES)


def test_the_container_does_what_the_readme_says():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"\n{container['postCreateCommand']} " in readme and len(readme.split()) <= 450


def test_a_page_says_how_to_report_a_number_and_what_was_wrong():
    for page in PAGES:
        html = page.read_text(encoding="utf-8")
        assert f"/issues/new?template=number.yml&amp;page=chapters/{page.stem}" in html, page.name
        assert "/blob/main/CHANGELOG.md#errata" in html
    assert "\n## Errata\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_page_for_teachers_has_the_costs_of_all_notebooks():
    """`make bench` measures them; a notebook that came since has no row."""
    costs = (ROOT / "benchmarks/chapters.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w/-]+) \| \d", costs.partition("<!-- 2 -->")[0], re.MULTILINE)
    names = [path.relative_to(ROOT / "chapters").with_suffix("").as_posix() for path in NOTEBOOKS]
    assert rows == names


@pytest.mark.parametrize(
    "formula, mended",
    [
        # docutils makes it a subscript of the brace.
        (r"\underbrace{a + b}_{\text{why}}", "<munder><munder><mrow>"),
        # docutils sets it below the letter.
        (
            r"\hat{y}_i",
            '<msub><mover><mi>y</mi><mo stretchy="false">ˆ</mo></mover><mi>i</mi></msub>',
        ),
    ],
)
def test_formulas_become_mathml_as_tex_sets_them(formula, mended):
    assert mended in re.sub(r"\s*\n\s*", "", to_mathml(nodes.math(formula, formula), display=False))


def test_a_style_sheet_keeps_what_some_page_can_use():
    css = ".a,.b.c{x:y}@media print{.b{x:y}}@media screen{p .a{x:y}}"
    css += ".a:not(.z){x:y}#d .a{x:y}@font-face {src:url(f)}"
    kept = ".a{x:y}@media screen{p .a{x:y}}.a:not(.z){x:y}@font-face {src:url(f)}"
    assert "".join(styles.used(tinycss2.parse_stylesheet(css), {"a"})) == kept


def test_a_link_to_a_file_of_the_repository_names_one():
    html = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r'href="https://[^"]*?/blob/main/([^"#]+)"', html))
    assert {"benchmarks/choosing.md", "src/regbook/fitting/stack.py"} <= named
    assert [name for name in named if not (ROOT / name).is_file()] == []
