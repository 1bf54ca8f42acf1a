"""Does the chapters' output support every number in their prose, is every technical term linked at its first use, and
can every source be found? And would the checks see a fault?"""

import copy
import re

import nbformat
import pytest
from places import NOTEBOOKS, ROOT
from prose import first_uses, glossary, prose, results, support, supported, unlinked_terms, unsupported_numbers
from pybtex.database import parse_file

# The notebooks with solutions are shown below the exercises of a chapter, after its text.
CHAPTERS = [path for path in NOTEBOOKS if path.parent == ROOT / "chapters"]
SOURCES = parse_file(ROOT / "references.bib").entries
# Sources for which neither a DOI nor an arXiv number was found: the publisher's page or the ISBN finds them.
NEITHER_DOI_NOR_ARXIV = {
    "chollet2015",  # software
    "goodfellow2016",  # a book, free to read on its own site
    "krogh1991",  # in proceedings that had no DOIs
    "srivastava2014",  # in a journal that has none
}
OUTPUT = "accuracy 0.931, for 250 rows\nagainst nothing: +2.5 ± 0.3 points, better in 19 of 20 seeds\n"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_number_in_prose_is_in_the_stored_output(path):
    found = unsupported_numbers(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_changed_number_is_caught(path):
    """Each in turn becomes a value that the chapter does not print: 88.0 becomes 88.0773, and 20 becomes 20.773."""
    notebook = nbformat.read(path, as_version=4)
    known = support(notebook)
    for place, text in prose(notebook):
        for number, _ in results(text):
            changed = re.sub(r"(?=e|$)", "773" if "." in number else ".773", number, count=1)
            edited = re.sub(rf"(?<![\w.]){re.escape(number)}(?![\d,.]*\d)", changed, text)
            caught = [(n, unit) for n, unit in results(edited) if not supported(n, unit, known)]
            assert changed in [n for n, _ in caught], f"{path.name}, {place}: {number} can be edited unseen"


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("It gains 8.7 ± 0.3 points, in 19 of 20 seeds.", ["8.7 points", "0.3 points", "19 of 20", "20 "]),
        ("From 78–97 % to 5 per cent; 1 point.", ["78 %", "97 %", "5 %", "1 points"]),
        ("Class 1 in chapter 3, about 35 minutes, version 2.20.0.", []),
        ("With 10,000 rows and 1e-12, 64 units.", ["10,000 ", "1e-12 ", "64 "]),
        ("$93.1$ is prose, $x = 93.1$ and `93.1` are not.\n$$\na = 15; \n\nb = 16\n$$ (eq-15)", ["93.1 "]),
        ("{cite:t}`gal2016` says 99 %. We say 98 %.", ["98 %"]),
        ("- 40 rows\n- 41 rows {cite:p}`gal2016`\n| a | 42 |\n| b {cite:p}`gal2016` | 43 |", ["40 ", "42 "]),
        ("[25 %](page-30.ipynb) {term}`31 seeds <32>` ![33](34.png)", ["25 %", "33 "]),
    ],
)
def test_what_needs_support(text, numbers):
    assert [f"{number} {unit}" for number, unit in results(text)] == numbers


@pytest.mark.parametrize(
    "text, faults",
    [
        ("93.1 %, or 0.931, for 250 rows; +2.5 ± 0.3 points, 19 of 20 seeds; it loses 2.5 points.", []),
        ("10 % false labels, of 64 rows", []),  # settings
        ("93.2 % and 0.930 of 251 rows", ["93.2", "0.930", "251"]),
        ("−2.5 points, 18 of 20 seeds", ["−2.5", "18"]),
        ("20 %, 64 %, 10 points", ["20", "64", "10"]),  # the values are there, the units are not
        ("35 rows", ["35"]),  # stands in a comment only
    ],
)
def test_what_supports_a_number(text, faults):
    code = nbformat.v4.new_code_cell("wrong, rows = 0.1, 64  # 35", outputs=[])
    code.outputs = [nbformat.v4.new_output("stream", name="stdout", text=OUTPUT)]
    known = support(nbformat.v4.new_notebook(cells=[code]))
    assert [number for number, unit in results(text) if not supported(number, unit, known)] == faults


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_every_term_is_linked_at_its_first_use(path):
    found = unlinked_terms(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_each_link_that_is_lost_is_caught(path):
    """Each first use in turn stands there as plain text."""
    names = glossary()
    notebook = nbformat.read(path, as_version=4)
    linked = {term for term, (_, _, link) in first_uses(notebook, names).items() if link}
    assert len(linked) >= 5
    cells = [(number, cell) for number, cell in enumerate(notebook.cells) if cell.cell_type == "markdown"]
    for number, cell in cells:
        for link in re.finditer(r"\{term\}`(?:[^`<]*<)?([^`>]*)>?`", cell.source):
            term = names[link[1]]
            if term in linked:
                linked.remove(term)
                edited = copy.copy(notebook)
                edited.cells = copy.copy(notebook.cells)
                edited.cells[number] = copy.copy(cell)
                edited.cells[number].source = cell.source[: link.start()] + term + cell.source[link.end() :]
                place, _, still = first_uses(edited, names)[term]
                assert (place, still) == (f"cell {number}", False), f"{path.name}, {place}: {term} can be lost unseen"
    assert not linked, f"{path.name}: the first links to {linked} were not found"


@pytest.mark.parametrize(
    "text, unlinked",
    [
        ("A penalty. {term}`Penalty` is linked too late.", ["penalty"]),
        ("{term}`penalties <penalty>` first; then penalties.", []),
        ("Two batches and three\npenalties.", ["batch", "penalty"]),
        ("**Penalty**, (penalty), *a penalty*: one is enough.", ["penalty"]),
        ("The L2\npenalty; batch normalisation; a mini-batch; batching.", ["L2 penalty", "batch normalisation"]),
        ("{term}`L2 penalty`, and a penalty.", ["penalty"]),
        (
            "# A penalty\n`penalty` $\\text{penalty}$ [the penalty](penalty.ipynb) {ref}`penalty <penalty>` <penalty>",
            [],
        ),
        ("```python\npenalty\n```\n:::{figure} penalty.png\n:alt: penalty\n\nA penalty.\n:::\n(penalty)=\nthe end", []),
        ("$$\n\\text{penalty}\n$$ (penalty)\n:::{note}\n:class: penalty\nA batch.\n:::", ["batch"]),
        ("```{exercise} The penalty\n:label: penalty\nOf a batch.\n```\nThe norm.", ["penalty", "batch", "norm"]),
        ("Thirty points gain 2 percentage points.", ["percentage points"]),
        ("Thirty points gain 2 {term}`points`, percentage points.", []),
    ],
)
def test_what_is_a_first_use(text, unlinked):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    assert [term for term, (_, _, linked) in first_uses(notebook, glossary()).items() if not linked] == unlinked


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_can_be_found(key):
    fields = SOURCES[key].fields
    if key in NEITHER_DOI_NOR_ARXIV:
        assert "doi" not in fields and "eprint" not in fields
        assert re.match(r"https://", fields.get("url", "")) or re.match(r"97[89](-\d+){4}$", fields.get("isbn", ""))
    elif "doi" in fields:
        assert re.fullmatch(r"10\.\d{4,5}/[^\s{}]+", fields["doi"])
    else:
        assert "eprint" in fields, "references.bib: give its doi, or its arXiv number as eprint and archiveprefix"
        assert re.fullmatch(r"\d{2}(0[1-9]|1[012])\.\d{4,5}", fields["eprint"])
        assert fields["archiveprefix"] == "arXiv"


def test_every_source_is_cited():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "chapters").glob("*.md")]
    pages += [text for path in NOTEBOOKS for _, text in prose(nbformat.read(path, as_version=4))]
    cited = {
        key.strip() for page in pages for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", page) for key in keys.split(",")
    }
    assert cited == set(SOURCES)
