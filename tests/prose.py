"""Which numbers in a notebook's prose does the notebook itself not support?

A number counts if it is a result: it has a unit (%, points, ±) or at least three significant digits. It is supported if
the same value stands in one of the notebook's stored outputs, or in its code (a setting), or if the sentence cites a
source. Smaller whole numbers ("two modes", "20 pairs") are left alone: they are counts that the reader sees.
"""

import re

import nbformat

NUMBER = r"(?<![\w.])[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?"
RESULT = re.compile(rf"({NUMBER})(\s*(?:%|points?\b|±))?")
# Not results: formulas, code, links, roles (but for the text they show), raw HTML, figure options.
NOT_PROSE = re.compile(
    r"\$\$.*?\$\$( \([\w-]+\))?|\$[^$]*\$|`[^`]*`|\]\([^)]*\)|\{[a-z:]+\}|^:name:.*$|<[^>]*>|\d+ by \d+",
    re.DOTALL | re.MULTILINE,
)


def unsupported_numbers(path):
    """Faults as text, each naming the file, the cell and the number."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    support = {value for cell in code for value in _values(cell.source)}
    for cell in code:
        for output in cell.outputs:
            support |= set(_values(output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))))
    texts = [(number, cell.source) for number, cell in enumerate(notebook.cells) if cell.cell_type == "markdown"]
    for number, cell in enumerate(notebook.cells):
        figure = cell.metadata.get("mystnb", {})
        texts.append(
            (number, figure.get("image", {}).get("alt", "") + "\n\n" + figure.get("figure", {}).get("caption", ""))
        )
    return [
        f"{path.name}, cell {number}: {result} stands in prose but not in the chapter's output"
        for number, text in texts
        for result in results(text)
        if not _supported(result, support)
    ]


def results(text):
    """The numbers in `text` that are results and come without a citation, as they are written, with their unit."""
    found = []
    for sentence in re.split(r"(?<=[.?!:;])\s+|\n\s*\n|\n(?=[-|#])", text):
        if "{cite" not in sentence:
            for number, unit in RESULT.findall(NOT_PROSE.sub(" ", sentence)):
                if unit or len(re.sub(r"\D", "", number).lstrip("0")) >= 3:
                    found.append(number + unit)
    return found


def _values(text):
    return [float(n.replace("−", "-").replace(",", "")) for n in re.findall(NUMBER, text.replace("_", ""))]


def _supported(result, support):
    value = abs(_values(result)[0])
    # 88.0 % may be printed as 0.880, and a loss of 2.5 points as -2.5.
    candidates = {value, value / 100} if "%" in result or "point" in result else {value}
    return any(abs(abs(known) - candidate) < 1e-9 for known in support for candidate in candidates)
