"""Are the numbers in the prose printed, its terms linked, its sources real? And would the checks see a fault?"""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from prose import (
    SOURCES,
    first_uses,
    glossary,
    prose,
    results,
    support,
    supported,
    unlinked_terms,
    unsupported_numbers,
)

from _ext.links import address, words
from conftest import ASKING
from regbook.exercises import of_chapter
from tools.notebooks import NOTEBOOKS, ROOT, contents, read

FOUND_BY = {"doi": r"10\.\d{4,5}/[^\s{}]+", "eprint": r"\d{2}(0[1-9]|1[012])\.\d{4,5}"}
FOUND_BY |= {"url": r"https://\S+", "isbn": r"97[89](-\d+){4}"}  # only where there is neither of the first two
NEITHER_DOI_NOR_ARXIV = {"chollet2015", "goodfellow2016", "krogh1991", "srivastava2014"}  # searched for in vain
GAL = "[Gal and Ghahramani (2016)](https://arxiv.org/abs/1506.02142)"
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
# Without the solutions: they are shown below the exercises of a chapter, after its text.
each_text = pytest.mark.parametrize("path", sorted(ROOT.glob("chapters/*.ipynb")), ids=lambda path: path.name)


@each_notebook
def test_every_number_in_prose_is_in_the_stored_output(path):
    assert unsupported_numbers(path) == []


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_what_a_check_says_of_a_comparison_is_printed_by_its_solution(path):
    known = support(read(path.parent / "solutions" / path.name))
    said = [number for e in of_chapter(path.stem).by_name.values() for number in results(e.shown)]
    assert [number for number, unit in said if not supported(number, unit, known)] == []


def test_every_number_of_the_guide_and_of_the_welcome_is_printed_by_a_page_that_it_links():
    guide, welcome = ((ROOT / f"chapters/{name}.md").read_text(encoding="utf-8") for name in ("guide", "welcome"))
    rows = [row for row in guide.splitlines() if ".ipynb" in row]
    rows += re.findall(r"^- !\[.*?\)\n((?:\n  .*)+)", welcome, re.MULTILINE)  # cards
    for row in rows:
        pages = [ROOT / "chapters" / name for name in re.findall(r"\(([\w-]+\.ipynb)\)", row)]
        known = [support(read(page)) for page in pages]
        assert [n for n, unit in results(row) if not any(supported(n, unit, k) for k in known)] == [], row
    assert len(rows) > 15 + 4


def test_the_welcome_names_each_page_with_its_minutes():
    welcome = (ROOT / "chapters/welcome.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"\]\(([\w-]+)\.ipynb\)(?:\*\* ·|,) (\d+) minutes", welcome))
    _, course, further, *_ = contents()
    paths = [ROOT / f"{name}.ipynb" for name in [*course, *further]]
    texts = {path.stem: path.read_text(encoding="utf-8") for path in paths if path.exists()}
    assert said == {name: re.search(r"\*About (\d+) minutes", text)[1] for name, text in texts.items()}


def test_what_needs_support():
    for text, numbers in {
        "It gains 8.7 ± 0.3 points, in 19 of 20 seeds.": ["8.7 points", "0.3 points", "19 of 20", "20 "],
        "From 78–97 % to 5 per cent; 1 point.": ["78 %", "97 %", "5 %", "1 points"],
        "Class 1 in chapter 3, 35 minutes, version 2.20.0; 10,000 rows, 1e-12.": ["10,000 ", "1e-12 "],
        f"{GAL} says 99 %. We say 98 %, and $93.1$, but no $x = 93.2$ or `93.3`.": ["98 %", "93.1 "],
        "$$\na = 15; \n\nb = 16\n$$ (eq-15)": [],
        f"- 40 rows\n- 41 rows ({GAL})\n| a | 42 |\n| b {GAL} | 43 |": ["40 ", "42 "],
        "[25 %](page-30.ipynb) [31 seeds](glossary.md#term-32) ![33](34.png)": ["25 %", "31 ", "33 "],
    }.items():
        assert [f"{number} {unit}" for number, unit in results(text)] == numbers


def test_what_supports_a_number():
    printed = "accuracy 0.931, for 250 rows\nagainst nothing: +2.5 ± 0.3 points, better in 19 of 20 seeds\n"
    cells = [new_code_cell("wrong, rows = 0.1, 64  # 35", outputs=[new_output("stream", text=printed)])]
    known = support(new_notebook(cells=cells))
    for text, faults in {
        "93.1 %, or 0.931, for 250 rows; +2.5 ± 0.3 points, 19 of 20 seeds; it loses 2.5 points.": [],
        "10 % false labels, of 64 rows": [],  # settings in the code
        "93.2 % and 0.930 of 251 rows; −2.5 points, 18 of 20 seeds": ["93.2", "0.930", "251", "−2.5", "18"],
        "20 %, 64 %, 10 points; 35 rows": ["20", "64", "10", "35"],  # without the unit; in a comment only
    }.items():
        assert [number for number, unit in results(text) if not supported(number, unit, known)] == faults


@each_text
def test_every_term_is_linked_at_its_first_use(path):
    assert unlinked_terms(path) == []


def test_what_is_a_first_use():
    penalty = "glossary.md#term-penalty"
    for text, unlinked in {
        f"A penalty. [Penalty]({penalty}) is linked too late.": ["penalty"],
        f"[penalties]({penalty}) first; then penalties.": [],
        "**Two Batches** and three\npenalties; *a penalty*: one is enough.": ["batch", "penalty"],
        "[L2 penalty](glossary.md#term-L2-penalty), and (a penalty). An L1\npenalty; a mini-batch; batching.": [
            "penalty",
            "L1 penalty",
        ],
        "# A penalty\n`penalty` $\\text{penalty}$ [penalty](penalty.ipynb) {ref}`penalty <penalty>` <penalty>": [],
        "```python\npenalty\n```\n:::{figure} penalty.png\n:alt: penalty\n\nA penalty.\n:::\n(penalty)=\nend": [],
        "$$\n\\text{norm}\n$$ (norm)\n```{exercise} A penalty\n:label: norm\nA batch.\n```": ["penalty", "batch"],
        "Thirty points gain 2 percentage points.": ["percentage points"],
        "Thirty points gain 2 [points](glossary.md#term-points), percentage points.": [],
    }.items():
        uses = first_uses(new_notebook(cells=[new_markdown_cell(text)]), glossary())
        assert [term for term, (_, _, linked) in uses.items() if not linked] == unlinked


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_can_be_found(key):
    fields = SOURCES[key].fields
    by = next((field for field in FOUND_BY if field in fields), None)
    assert by and re.fullmatch(FOUND_BY[by], fields[by]), "give its doi, or its arXiv number as eprint"
    assert (by in ("url", "isbn")) == (key in NEITHER_DOI_NOR_ARXIV)
    assert by != "eprint" or fields["archiveprefix"] == "arXiv"


def test_every_source_is_cited_by_its_words():
    """A link to a source is called "Hoerl and Kennard, 1970", as in the bibliography, or "Hoerl and Kennard (1970)"."""
    pages = [path.read_text(encoding="utf-8") for path in ROOT.glob("chapters/*.md")]
    pages += [text for path in NOTEBOOKS for _, text in prose(read(path))]
    links = re.findall(r"\[([^\]]*)\]\((https://[^)]*)\)", "\n".join(pages))
    cited = {(" ".join(text.split()).replace(" (", ", ").replace(")", ""), link) for text, link in links}
    known = {(words(source), address(source)) for source in SOURCES.values()}
    assert {(text, link) for text, link in cited if re.search(r"doi\.org|arxiv\.org", link)} <= known
    assert known <= cited
    assert len({text for text, _ in known}) == len(SOURCES)


@each_notebook
def test_what_jupyterlab_cannot_follow_is_not_used(path):
    text = "\n".join(text for _, text in prose(read(path)))
    assert re.findall(r"\{(?:term|cite)[^}]*\}`[^`]*`", text) == []
    numref = r"\{numref\}`([^`]*)`"
    named = re.sub(numref, "", path.read_text(encoding="utf-8"))
    assert [label for label in re.findall(numref, text) if label not in named] == []
