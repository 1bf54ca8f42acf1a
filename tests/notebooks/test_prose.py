"""Are the numbers in the prose printed, its terms linked, its sources real?"""

import re

import pytest
from hygiene import BOX
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

from book.extensions.links import address, words
from conftest import ASKING, GUESS
from regbook.exercises import of_chapter
from tools.notebooks import NOTEBOOKS, ROOT, contents, in_order, markdown, read

FOUND_BY = {"doi": r"10\.\d{4,5}/[^\s{}]+", "eprint": r"\d{2}(0[1-9]|1[012])\.\d{4,5}"}
# Only where there is neither of the first two, which was searched for in vain.
FOUND_BY |= {"url": r"https://\S+", "isbn": r"97[89](-\d+){4}"}
NEITHER_DOI_NOR_ARXIV = {"chollet2015", "goodfellow2016", "krogh1991", "srivastava2014"}
GAL = "[Gal and Ghahramani (2016)](https://arxiv.org/abs/1506.02142)"
PENALTY = "glossary.md#term-penalty"
each_notebook = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
# Without the solutions: they are shown below the exercises of a chapter, after its text.
each_text = pytest.mark.parametrize(
    "path", sorted(ROOT.glob("chapters/*.ipynb")), ids=lambda path: path.name
)


@each_notebook
def test_every_number_in_prose_is_in_the_stored_output(path):
    assert unsupported_numbers(path) == []


@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_what_a_check_says_of_a_comparison_is_printed_by_its_solution(path):
    evidence = support(read(path.parent / "solutions" / path.name))
    for exercise in of_chapter(path.stem).by_name.values():
        numbers = results(exercise.shown)
        assert [n for n, unit in numbers if not supported(n, unit, evidence)] == [], exercise.name


def test_every_number_of_the_guide_is_printed_by_a_page_that_it_links():
    guide = (ROOT / "chapters/guide.md").read_text(encoding="utf-8")
    rows = [row for row in guide.splitlines() if ".ipynb" in row]
    for row in rows:
        names = re.findall(r"\(([\w-]+\.ipynb)\)", row)
        pages = [support(read(ROOT / "chapters" / name)) for name in names]
        for number, unit in results(row):
            assert any(supported(number, unit, page) for page in pages), (number, row)
    assert len(rows) > 15


NUMBER_OF_ANSWER = r"\d+\.\d+|\d+ %"


def answers(markdown):
    """The numbers in the answers of a text's guesses, as they are written."""
    for _, _, options, body in BOX.findall(markdown):
        if re.search(r"^:class: .*\bguess\b", options, re.MULTILINE):
            answer = body.partition(":class: dropdown")[2] or body  # today's markup hides the whole
            yield from re.findall(NUMBER_OF_ANSWER, answer)


def test_the_welcome_asks_and_gives_no_answer_away():
    welcome = (ROOT / "chapters/welcome.md").read_text(encoding="utf-8")
    _, *cards = re.search(":::{div} cards\n(.*?)\n:::", welcome, re.DOTALL)[1].split("- ![")
    assert len(cards) == 4 and all(card.rstrip().endswith("?") for card in cards)
    given = [number for path in in_order() for number in answers(markdown(read(path)))]
    assert len(given) > 30
    # Its own picture and its own comparison are no chapter's.
    told = re.sub(r'<div id="\w+".*?</div>|`[^`\n]*`', "", welcome, flags=re.DOTALL)
    assert set(re.findall(NUMBER_OF_ANSWER, told)).isdisjoint(given)


def test_an_answer_is_found_in_both_forms_of_a_guess():
    today = ":::{admonition} Guess first: how much?\n:class: dropdown guess\n\nBy 8.6.\n:::"
    new = GUESS.replace("Hardly any.", "2.3 points, 40 %.")
    assert [*answers(f"{today}\n\n{new}\n")] == ["8.6", "2.3", "40 %"]


def test_the_welcome_names_each_page_with_its_minutes():
    welcome = (ROOT / "chapters/welcome.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"\]\(([\w-]+)\.ipynb\)(?:\*\* ·|,) (\d+) minutes", welcome))
    _, course, own, further, *_ = contents()
    paths = [ROOT / f"{name}.ipynb" for name in [*course, *own, *further]]
    promised = {}
    for path in paths:
        if path.exists():
            promised[path.stem] = re.search(r"\*About (\d+) minutes", markdown(read(path)))[1]
    assert named == promised


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("It gains 8.7 ± 0.3 points, 19 of 20 seeds.", "8.7 points, 0.3 points, 19 of 20, 20"),
        ("From 78–97 % to 5 per cent; 1 point.", "78 %, 97 %, 5 %, 1 points"),
        ("Class 1 in chapter 3, 35 minutes, version 2.20.0; 10000 rows, 1e-12.", "10000, 1e-12"),
        (f"{GAL} says 99 %. We say 98 %, $93.1$, but no $x = 93.2$ or `93.3`.", "98 %, 93.1"),
        ("$$\na = 15; \n\nb = 16\n$$ (eq-15)", ""),
        (f"- 40 rows\n- 41 rows ({GAL})\n| a | 42 |\n| b {GAL} | 43 |", "40, 42"),
        ("[25 %](page-30.ipynb) [31 seeds](glossary.md#term-32) ![33](34.png)", "25 %, 31, 33"),
    ],
)
def test_what_needs_support(text, numbers):
    assert ", ".join(f"{number} {unit}".rstrip() for number, unit in results(text)) == numbers


@pytest.mark.parametrize(
    "text, faults",
    [
        ("93.1 %, or 0.931, for 250 rows; +2.5 ± 0.3 points, 19 of 20 seeds", []),
        ("it loses 2.5 points", []),  # without a sign in prose, either is right
        ("10 % false labels, of 64 rows", []),  # settings in the code
        ("93.2 % and 0.930 of 251 rows; −2.5 points", ["93.2", "0.930", "251", "−2.5"]),
        ("18 of 20 seeds, 20 %, 64 %, 10 points", ["18", "20", "64", "10"]),  # with another unit
        ("35 rows", ["35"]),  # in a comment only
    ],
)
def test_what_supports_a_number(text, faults):
    printed = "accuracy 0.931, for 250 rows\n"
    printed += "against nothing: +2.5 ± 0.3 points, better in 19 of 20 seeds\n"
    output = new_output("stream", text=printed)
    cell = new_code_cell("wrong, rows = 0.1, 64  # 35", outputs=[output])
    evidence = support(new_notebook(cells=[cell]))
    numbers = results(text)
    assert [number for number, unit in numbers if not supported(number, unit, evidence)] == faults


@each_text
def test_every_term_is_linked_at_its_first_use(path):
    assert unlinked_terms(path) == []


@pytest.mark.parametrize(
    "text, unlinked",
    [
        (f"A penalty. [Penalty]({PENALTY}) is linked too late.", ["penalty"]),
        (f"[penalties]({PENALTY}) first; then penalties.", []),
        ("**Two Batches** and three\npenalties; *a penalty*.", ["batch", "penalty"]),
        ("[L2 penalty](glossary.md#term-L2-penalty), and (a penalty).", ["penalty"]),
        ("An L1\npenalty; a mini-batch; batching.", ["L1 penalty"]),
        ("# A penalty\n`penalty` $\\text{penalty}$ <penalty>", []),
        ("[penalty](penalty.ipynb) {ref}`penalty <penalty>`", []),
        ("```python\npenalty\n```\n(penalty)=\nend", []),
        (":::{figure} penalty.png\n:alt: penalty\n\nA penalty.\n:::", []),
        ("$$\n\\text{norm}\n$$ (norm)", []),
        ("```{exercise} A penalty\n:label: norm\nA batch.\n```", ["penalty", "batch"]),
        ("Thirty points gain 2 percentage points.", ["percentage points"]),
        ("Thirty points gain 2 [points](glossary.md#term-points), percentage points.", []),
    ],
)
def test_what_is_a_first_use(text, unlinked):
    uses = first_uses(new_notebook(cells=[new_markdown_cell(text)]), glossary())
    assert [term for term, (_, _, linked) in uses.items() if not linked] == unlinked


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_can_be_found(key):
    fields = SOURCES[key].fields
    by = next((field for field in FOUND_BY if field in fields), None)
    assert by, "give its doi, or its arXiv number as eprint"
    assert re.fullmatch(FOUND_BY[by], fields[by])
    assert (by in ("url", "isbn")) == (key in NEITHER_DOI_NOR_ARXIV)
    assert by != "eprint" or fields["archiveprefix"] == "arXiv"


def test_every_source_is_cited_by_its_words():
    """A link to a source is called "Hoerl and Kennard, 1970" or "Hoerl and Kennard (1970)"."""
    pages = [path.read_text(encoding="utf-8") for path in ROOT.glob("chapters/*.md")]
    pages += [text for path in NOTEBOOKS for _, text in prose(read(path))]
    links = re.findall(r"\[([^\]]*)\]\((https://[^)]*)\)", "\n".join(pages))
    cited = set()
    for text, link in links:
        cited.add((" ".join(text.split()).replace(" (", ", ").replace(")", ""), link))
    listed = {(words(source), address(source)) for source in SOURCES.values()}
    assert listed <= cited
    strange = cited - listed
    assert [link for _, link in strange if re.search(r"doi\.org|arxiv\.org", link)] == []
    assert len({text for text, _ in listed}) == len(SOURCES)


@each_notebook
def test_what_jupyterlab_cannot_follow_is_not_used(path):
    text = "\n".join(text for _, text in prose(read(path)))
    assert re.findall(r"\{(?:term|cite)[^}]*\}`[^`]*`", text) == []
    numref = r"\{numref\}`([^`]*)`"
    named = re.sub(numref, "", path.read_text(encoding="utf-8"))
    assert [label for label in re.findall(numref, text) if label not in named] == []
