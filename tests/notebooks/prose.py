"""Which numbers in a notebook's prose (its Markdown, captions and alt texts) does the notebook itself not support?

Whole numbers up to 12 without a unit are left alone ("two modes", "class 1", "chapter 3"): they are counts and names,
and stand in nearly every output by accident, so checking them would say nothing. So are reading times and numbers in
words. Every other number needs a sentence (list item, table row) that cites a source, or its value in this notebook:

- three significant digits or more, or no unit: anywhere in the stored outputs, or in code as a setting;
- fewer digits, and a unit: in the outputs with that unit, since a 20 somewhere does not support "20 %".

A share may be printed as a fraction (0.931 supports "93.1 %"), a difference in points may not. A sign that prose writes
must be the printed one. What no such check can see: an edit that lands on another number of the same notebook.

And which technical terms (those of the glossary) are not linked where the notebook uses them first?
"""

import ast
import re

from hygiene import parsed
from pybtex.database import parse_file

from _ext.links import address
from tools.notebooks import ROOT, code_cells, outputs, printed, read

SOURCES = parse_file(ROOT / "references.bib").entries

NUMBER = r"(?<![\w.])[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?![\d,.]*\d)"
UNIT = r"\s*(?P<unit>%|points?\b|per ?cent\b|minutes\b|of \d+ (?:seeds|pairs|draws)\b)"
# In "8.7 ± 0.3 points" and "75–90 %" the unit belongs to both numbers.
RESULT = re.compile(rf"(?P<number>{NUMBER})(?:(?=(?:\s*[±–]\s*\d[\d.]*)?{UNIT})|)")
# A link to a source is its citation.
CITATION = re.compile(
    r"\[[^\]]*\]\((?:" + "|".join(re.escape(address(s)) for s in SOURCES.values() if address(s)) + r")\)"
)
# Formulas (but for a number alone in one), code, links, roles but for the text they show, HTML, figure names.
NOT_PROSE = re.compile(
    r"\$\$.*?\$\$( \([\w-]+\))?|\$(?P<alone>[-+−]?[\d.,]+)\$|\$[^$]*\$"
    r"|`[^`]*`|\]\([^)]*\)|\{[a-z:]+\}|^:name:.*$|<[^>]*>|\d+ by \d+",
    re.DOTALL | re.MULTILINE,
)
SENTENCE_END = re.compile(r"(?<=[.?!:;])\s+|\n\s*\n|\n(?=[-|#])")
# Where no {term} can stand, or none should.
NOT_LINKABLE = re.compile(
    r"(?P<link>\[[^\]]*\]\((?:\.\./)?glossary\.md#term-[^)]*\))"
    r"|^(?P<fence>[`:]{3,}+)(?:\w|\{(?:figure|image|code|math)).*?^(?P=fence)\s*$"  # figures, code
    r"|^(?:#|:[\w-]+:|\([\w-]+\)=).*?$|^[`:]{3,}(?:\{\w+\})?"  # headings, options and fences of directives, labels
    r"|\$\$.*?\$\$(?: \([\w-]+\))?|\$[^$]*\$"
    r"|!?\[[^\]]*\]\([^)]*\)|(?:\{[a-z:]+\})?`[^`]*`|</?\w[^>\n]*>",  # links and other roles, code, HTML
    re.DOTALL | re.MULTILINE,
)


def unsupported_numbers(path):
    """Faults as text, each naming the file, the cell and the number."""
    known = support(*with_solutions(path))
    return [
        f"{path.name}, {place}: {number} {unit}".rstrip() + " stands in prose but not in the chapter's output"
        for place, text in prose(read(path))
        for number, unit in results(text)
        if not supported(number, unit, known)
    ]


def with_solutions(path):
    """The notebook, and that of its solutions where there is one: it prints the numbers of the reports to be judged."""
    paths = [path, path.parent / "solutions" / path.name]
    return [read(path) for path in paths if path.exists()]


def prose(notebook):
    """(place, text) of everything that is read."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and "remove-cell" not in cell.metadata.get("tags", []):  # captions come below
            yield f"cell {number}", cell.source
        figure = cell.metadata.get("mystnb", {})
        yield f"cell {number}, alt text", figure.get("image", {}).get("alt", "")
        yield f"cell {number}, caption", figure.get("figure", {}).get("caption", "")


def results(text):
    """(number, unit) of everything in `text` that needs support, as it is written, units in one spelling."""
    found = []
    for sentence in SENTENCE_END.split(NOT_PROSE.sub(r" \g<alone> ", CITATION.sub(" ⟨source⟩ ", text))):
        for number, unit in [] if "⟨source⟩" in sentence else _numbers(sentence):
            small = number.isdigit() and int(number) <= 12
            if unit != "minutes" and (unit or not small):
                found.append((number, unit))
    return found


def support(*notebooks):
    """The values in the notebooks' outputs and code, and the (value, unit) pairs in their outputs."""
    values, pairs = set(), set()
    for notebook in notebooks:
        for cell in code_cells(notebook):
            nodes = ast.walk(parsed(cell.source))
            constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
            values |= {_rounded(c) for c in constants if type(c) in (int, float)}
        for output in outputs(notebook):
            found = [(_value(number), unit) for number, unit in _numbers(printed(output))]
            values |= {value for value, _ in found}
            pairs |= {(value, unit) for value, unit in found if unit}
    return values, pairs


def supported(number, unit, known):
    values, pairs = known
    signs = (1,) if number[0] in "+-−" else (1, -1)
    candidates = [sign * _value(number) for sign in signs]
    if unit and any((value, unit) in pairs for value in candidates):
        return True
    if unit == "%" and any(_rounded(value / 100) in values for value in candidates):
        return True
    digits = re.sub(r"\D", "", number.split("e")[0]).lstrip("0")
    return (not unit or len(digits) >= 3) and any(value in values for value in candidates)


def unlinked_terms(path):
    """Faults as text, each naming the file, the cell, the term and the sentence that uses it first."""
    uses = first_uses(read(path), glossary())
    return [f"{path.name}, {place}: {term}: {text}" for term, (place, text, linked) in uses.items() if not linked]


def glossary():
    """{name: term} of chapters/glossary.md. A further name above a definition can be linked, but its plain use needs no
    link: "points" are percentage points here and data points there."""
    text = (ROOT / "chapters" / "glossary.md").read_text(encoding="utf-8").split("```{glossary}\n")[1].split("```")[0]
    entries = re.findall(r"^\S.*(?:\n\S.*)*", text, re.MULTILINE)
    return {name: entry.split("\n")[0] for entry in entries for name in entry.split("\n")}


def link_id(name):
    """What follows "term-" in a link to the term: Sphinx writes - for blanks. The build names a link that is wrong."""
    return re.sub(r"\W+", "-", name)


def first_uses(notebook, names):
    """{term: (place, sentence, whether it is linked there)}, captions and alt texts left out."""
    terms = sorted(set(names.values()), key=len, reverse=True)  # longer first: "weight decay" is no use of "weight"
    forms = "|".join(re.escape(form).replace(r"\ ", r"\s+") for term in terms for form in (_plural(term), term))
    link = r"\[[^\]]*\]\([^)]*#term-(?P<link>[^)]*)\)"
    use = re.compile(rf"{link}|(?<![\w-])(?P<plain>{forms})(?![\w-])", re.IGNORECASE)
    known = {name.lower(): term for name, term in names.items()} | {_plural(term).lower(): term for term in terms}
    known |= {link_id(name).lower(): term for name, term in names.items()}
    found = {}
    for place, text in prose(notebook):
        if place[-1].isdigit():
            for sentence in SENTENCE_END.split(NOT_LINKABLE.sub(lambda match: match["link"] or "…", text)):
                for match in use.finditer(sentence):
                    name = " ".join((match["link"] or match["plain"]).lower().split())
                    found.setdefault(known[name], (place, " ".join(sentence.split()), not match["plain"]))
    return found


def _plural(term):
    return re.sub("y$", "ie", term) + ("es" if term.endswith(("s", "x", "ch")) else "s")


def _numbers(text):
    for match in RESULT.finditer(text):
        unit = re.sub(r"^point$", "points", re.sub(r"per ?cent", "%", match["unit"] or ""))
        yield match["number"], re.sub(r"(of \d+) .*", r"\1", unit)


def _value(number):
    return _rounded(float(number.replace("−", "-").replace(",", "")))


def _rounded(value):
    return float(f"{value:.9g}")  # so that 93.1 / 100 is 0.931
