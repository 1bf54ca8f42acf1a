"""Which numbers in a notebook's prose does the notebook itself not support?

Prose is its Markdown, captions and alt texts. Whole numbers up to 12 without a unit are left alone
("two modes", "class 1", "chapter 3"): they are counts and names, and stand in nearly every output
by accident, so checking them would say nothing. So are reading times and numbers in words. Every
other number needs a sentence (list item, table row) that cites a source, or its value in this
notebook:

- three significant digits or more, or no unit: anywhere in the stored outputs, or in code as a
  setting;
- fewer digits, and a unit: in the outputs with that unit, since a 20 somewhere does not support
  "20 %".

A share may be printed as a fraction (0.931 supports "93.1 %"), a difference in points may not. A
sign that prose writes must be the printed one. What no such check can see: an edit that lands on
another number of the same notebook.

And which technical terms (those of the glossary) are not linked where the notebook uses them first?
"""

import ast
import re

from hygiene import parsed
from pybtex.database import parse_file

from book.extensions.links import address
from tools.notebooks import ROOT, code_cells, outputs, printed, read

SOURCES = parse_file(ROOT / "book/references.bib").entries

NUMBER = r"(?<![\w.])[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?![\d,.]*\d)"
UNIT = r"\s*(?P<unit>%|points?\b|per ?cent\b|minutes\b|of \d+ (?:seeds|pairs|draws)\b)"
# In "8.7 ± 0.3 points" and "75–90 %" the unit belongs to both numbers.
RESULT = re.compile(rf"(?P<number>{NUMBER})(?:(?=(?:\s*[±–]\s*\d[\d.]*)?{UNIT})|)")
# A link to a source is its citation.
ADDRESSES = filter(None, map(address, SOURCES.values()))
CITATION = re.compile(rf"\[[^\]]*\]\((?:{'|'.join(map(re.escape, ADDRESSES))})\)")
# Formulas (but for a number alone in one), code, links, roles but for the text they show, HTML,
# figure names.
NOT_PROSE = re.compile(
    r"\$\$.*?\$\$( \([\w-]+\))?|\$(?P<alone>[-+−]?[\d.,]+)\$|\$[^$]*\$"
    r"|`[^`]*`|\]\([^)]*\)|\{[a-z:]+\}|^:name:.*$|<[^>]*>|\d+ by \d+",
    re.DOTALL | re.MULTILINE,
)
SENTENCE_END = re.compile(r"(?<=[.?!:;])\s+|\n\s*\n|\n(?=[-|#])")
TERM_LINK = r"\[[^\]]*\]\((?:\.\./)?glossary\.md#term-[^)]*\)"
# Where no link to a term can stand, or none should; but the links to terms are kept.
NOT_LINKABLE = re.compile(
    rf"(?P<link>{TERM_LINK})"
    r"|^(?P<fence>[`:]{3,}+)(?:\w|\{(?:figure|image|code|math)).*?^(?P=fence)\s*$"  # figures, code
    r"|^(?:#|:[\w-]+:|\([\w-]+\)=).*?$"  # headings, options of directives, labels
    r"|^[`:]{3,}(?:\{\w+\})?"  # fences of other directives
    r"|\$\$.*?\$\$(?: \([\w-]+\))?|\$[^$]*\$"  # formulas
    r"|!?\[[^\]]*\]\([^)]*\)|(?:\{[a-z:]+\})?`[^`]*`"  # other links and roles, code
    r"|</?\w[^>\n]*>",  # HTML
    re.DOTALL | re.MULTILINE,
)


def unsupported_numbers(path):
    """Faults as text, each naming the file, the cell and the number."""
    solutions = path.parent / "solutions" / path.name  # they print the numbers of the reports
    printed_in = [read(notebook) for notebook in (path, solutions) if notebook.exists()]
    evidence = support(*printed_in)
    faults = []
    for place, text in prose(read(path)):
        for number, unit in results(text):
            if not supported(number, unit, evidence):
                result = f"{number} {unit}".rstrip()
                faults.append(f"{path.name}, {place}: {result} stands in no output of the chapter")
    return faults


def prose(notebook):
    """(place, text) of everything that is read."""
    for number, cell in enumerate(notebook.cells):
        a_caption = "remove-cell" in cell.metadata.get("tags", [])  # it comes with its figure
        if cell.cell_type == "markdown" and not a_caption:
            yield f"cell {number}", cell.source
        figure = cell.metadata.get("mystnb", {})
        yield f"cell {number}, alt text", figure.get("image", {}).get("alt", "")
        yield f"cell {number}, caption", figure.get("figure", {}).get("caption", "")


def results(text):
    """(number, unit) of everything in `text` that needs support; units in one spelling."""
    cited = CITATION.sub(" ⟨source⟩ ", text)
    sentences = SENTENCE_END.split(NOT_PROSE.sub(r" \g<alone> ", cited))
    numbers = [pair for s in sentences if "⟨source⟩" not in s for pair in _numbers(s)]
    return [
        (number, unit)
        for number, unit in numbers
        if unit != "minutes" and (unit or not _small(number))
    ]


def _small(number):
    return number.isdigit() and int(number) <= 12


def support(*notebooks):
    """The values in outputs and code of the notebooks, and the (value, unit) in their outputs."""
    values, pairs = set(), set()
    for notebook in notebooks:
        for cell in code_cells(notebook):
            nodes = ast.walk(parsed(cell.source))
            constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
            values |= {_rounded(c) for c in constants if type(c) in (int, float)}
        for output in outputs(notebook):
            for number, unit in _numbers(printed(output)):
                values.add(_value(number))
                pairs.add((_value(number), unit))
    return values, pairs


def supported(number, unit, evidence):
    values, pairs = evidence
    signs = (1,) if number[0] in "+-−" else (1, -1)
    candidates = [sign * _value(number) for sign in signs]
    if unit and any((value, unit) in pairs for value in candidates):
        return True
    if unit == "%" and any(_rounded(value / 100) in values for value in candidates):
        return True
    digits = re.sub(r"\D", "", number.split("e")[0]).lstrip("0")
    return (not unit or len(digits) >= 3) and any(value in values for value in candidates)


def unlinked_terms(path):
    """Faults as text, each naming file, cell, term and the sentence that uses the term first."""
    faults = []
    for term, (place, sentence, linked) in first_uses(read(path), glossary()).items():
        if not linked:
            faults.append(f"{path.name}, {place}: {term}: {sentence}")
    return faults


def glossary():
    """{name: term} of chapters/glossary.md.

    A further name above a definition can be linked, but its plain use needs no link: "points" are
    percentage points here and data points there.
    """
    page = (ROOT / "chapters/glossary.md").read_text(encoding="utf-8")
    listed = page.split("```{glossary}\n")[1].split("```")[0]
    entries = [entry.split("\n") for entry in re.findall(r"^\S.*(?:\n\S.*)*", listed, re.MULTILINE)]
    return {name: names[0] for names in entries for name in names}


def first_uses(notebook, names):
    """{term: (place, sentence, whether it is linked there)}, captions and alt texts left out."""
    of_link = {re.sub(r"\W+", "-", name).lower(): term for name, term in names.items()}
    of_word = {
        form: term for term in names.values() for form in (term.lower(), _plural(term).lower())
    }
    # Longer ones first: "weight decay" is no use of "weight".
    forms = sorted(of_word, key=len, reverse=True)
    plain = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in forms)
    link = r"\[[^\]]*\]\([^)]*#term-(?P<link>[^)]*)\)"
    use = re.compile(rf"{link}|(?<![\w-])(?P<plain>{plain})(?![\w-])", re.IGNORECASE)
    uses = {}
    for place, text in prose(notebook):
        if place.endswith(("alt text", "caption")):
            continue
        linkable = NOT_LINKABLE.sub(lambda match: match["link"] or "…", text)
        for sentence in SENTENCE_END.split(linkable):
            for match in use.finditer(sentence):
                if match["link"]:
                    term = of_link[match["link"].lower()]
                else:
                    term = of_word[" ".join(match["plain"].lower().split())]
                uses.setdefault(term, (place, " ".join(sentence.split()), bool(match["link"])))
    return uses


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
