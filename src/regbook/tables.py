"""How results show themselves as a table: in text and in HTML, with the same numbers."""

import re
from html import escape

import numpy as np

METRICS = {
    "accuracy": (100, 1, " points"),
    "error": (1, 3, ""),
    "log loss": (1, 3, ""),
}  # factor, digits, unit
OTHER_LOSS = (
    "loss ("  # a loss that is none of these is headed by its own name, such as "loss (huber)"
)


def scale_of(metric):
    """(factor, digits, unit) in which a metric is shown."""
    return METRICS.get(metric, METRICS["error"])


class Shown:
    """What has a `table()` shows it: as HTML in a notebook, as text with the same numbers anywhere
    else."""

    def __repr__(self):
        return repr(self.table())

    def _repr_html_(self):
        return self.table()._repr_html_()


def mean_and_error(scores, metric, overlap=0.0):
    """The mean of (seeds,) scores and its standard error, corrected as a Verdict's, as text; '' for
    None."""
    if scores is None:
        return ""
    factor, digits, unit = scale_of(metric)
    error = standard_error(scores, overlap) if len(scores) > 1 else np.nan
    return (
        f"{factor * scores.mean():.{digits}f} ± {factor * error:.{digits}f}{' %' if unit else ''}"
    )


class Table:
    """Rows of cells below a header, that show themselves; the best held-out score of a column in
    bold."""

    def __init__(self, header, rows):
        self.cells = [list(map(str, row)) for row in (header, *rows)]

    def __repr__(self):
        widths = [max(map(len, column)) for column in zip(*self.cells)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in self.cells
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self):
        columns = list(zip(*self.cells))
        best = list(map(_best, columns))
        # A column of numbers is set to the right, one in which a cell holds words to the left.
        words = [' class="words"' * any(map(is_words, column[1:])) for column in columns]
        head = "".join(
            f'<th scope="col"{kind}>{escape(cell)}</th>' if cell else "<td></td>"
            for cell, kind in zip(self.cells[0], words)
        )
        body = ""
        for name, *cells in self.cells[1:]:
            body += f'<tr><th scope="row">{typeset(name)}</th>'
            for cell, first, kind in zip(cells, best[1:], words[1:]):
                shown = f"<b>{typeset(cell)}</b>" if cell == first else typeset(cell)
                body += f"<td{kind}>{shown}</td>"
            body += "</tr>"
        name = escape(", ".join(filter(None, self.cells[0])))  # for those who hear it
        return (
            f'<table class="results" aria-label="{name}"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )


def typeset(text):
    """Text as HTML: a minus instead of a hyphen before a number, and powers of ten as such."""
    text = re.sub(r"\b(\d(?:\.\d+)?)e([+-]\d+)\b", _power, escape(text))
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)


def powers(number):
    """A number as text, with 10⁻⁶ instead of 1e-06."""
    return re.sub(r"(.+)e([+-]\d+)", _power, f"{number:g}")


def _power(found):
    digits = str(int(found[2])).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}" if found[1] == "1" else f"{found[1]} · 10{digits}"


def is_words(cell):
    """Does a cell hold words, and not numbers with their errors?"""
    return not re.fullmatch(
        r"([●○]? ?[-+]?[\d.]*( ± ([\d.]+|nan))?( %| points)?\n?|[●○] ?rival: 0|rival: 0)*", cell
    )


def _best(column):
    """The cell of a column of held-out scores that holds the best of two or more; None for other
    columns."""
    header, *cells = column
    metric, _, part = header.partition(": ")
    scored = [cell for cell in cells if cell]
    if not metric.startswith((*METRICS, OTHER_LOSS)) or part == "training" or len(scored) < 2:
        return None
    return (max if metric == "accuracy" else min)(
        scored, key=lambda cell: float(cell.partition(" ")[0])
    )


def standard_error(values, overlap):
    """Of the mean of (seeds,) values. Where seeds share rows, by Nadeau and Bengio's correction:
    1/seeds becomes 1/seeds + overlap."""
    return float(values.std(ddof=1) * np.sqrt(1 / len(values) + overlap))
