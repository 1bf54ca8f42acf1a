"""A result that draws itself: a table whose rows stand on one axis, on which right is better."""

from dataclasses import dataclass, field
from html import escape
from math import floor

import numpy as np

from regbook.figures import strip
from regbook.figures.colours import GREY, ink_of
from regbook.tables import Table, is_words, scale_of, standard_error, typeset

STOPPED = ", stopped"  # ends the name of a method that is read where it was stopped in time


@dataclass
class Entry:
    """A reading of a method. values: (seeds,), as they are shown, or None where nothing is drawn.

    cells: {column: text}. error: of the mean. data: what a script in the page may read. beside: a
    value that a thin line marks.
    """

    values: np.ndarray | None
    cells: dict
    error: float = 0.0
    data: dict = field(default_factory=dict)
    beside: float | None = None


@dataclass(repr=False)
class Forest:
    """Readings of methods, drawn on one axis in a table; a method and its stopped reading, a row.

    text: the same numbers, for where nothing is drawn. groups: {heading: {name: Entry}}. metric:
    what is drawn. caption: what that is; note: what else to know. others: methods that are no
    networks. gain: is it a difference? more: {what: Forest}, which stand folded below.
    """

    text: Table
    groups: dict
    metric: str
    caption: str
    others: tuple = ()
    gain: bool = True
    note: str = ""
    more: dict = field(default_factory=dict)

    def __repr__(self):
        return "\n\n".join(map(repr, (self.text, *self.more.values())))

    def _repr_html_(self):
        entries = [entry for group in self.groups.values() for entry in group.values()]
        # An axis holds all dots and intervals; of gains, zero as well.
        ends = [0] if self.gain else []
        for entry in entries:
            if entry.values is not None:
                ends += (*whole(entry.values, self.metric), *interval(entry, self.metric))
                ends += [] if entry.beside is None else whole([entry.beside], self.metric)
        if len(ends) < 2:  # nothing is drawn, such as of a single seed
            return self.text._repr_html_()
        axis, columns = strip.scale(min(ends), max(ends), most=4), list(entries[0].cells)
        words = {c: any(is_words(entry.cells[c]) for entry in entries) for c in columns}
        kinds = {column: ' class="words"' if words[column] else "" for column in columns}
        heads = "".join(f'<th scope="col"{kinds[head]}>{escape(head)}</th>' for head in columns)
        body, open_too = "", False
        for heading, group in self.groups.items():
            if heading:
                wide = f'<th scope="rowgroup" colspan="{len(columns) + 2}">'
                body += f"<tr>{wide}{escape(heading)}</th></tr>"
            rows = {}
            for name, entry in group.items():
                open_too |= name.endswith(STOPPED)
                rows.setdefault(name.removesuffix(STOPPED), {})[name.endswith(STOPPED)] = entry
            body += "".join(self._row(name, rows[name], axis, kinds) for name in rows)
        seeds = max(len(entry.values) for entry in entries if entry.values is not None)
        dot = "five seeds" if seeds > strip.MEASURES["many"] else "a seed"
        caption = (
            f"{self.caption}, {seeds} paired seeds. A pale dot is {dot}, a bar two standard errors "
            f"either way of the mean; ± is one.{' ● at the end, ○ stopped in time.' * open_too} "
            f"{self.note}"
        )
        marks = strip.marks(axis, *unit_and_sign(self.metric), self.gain)
        folded = "".join(
            f'<details class="more"><summary>▸ {escape(what)}</summary>{other._repr_html_()}'
            "</details>"
            for what, other in self.more.items()
        )
        return (
            '<table class="results forest" style="width:100%"><caption style="text-align:left">'
            f"{escape(caption)}</caption><thead>"
            f'<tr><th scope="col">{escape(self.text.cells[0][0])}</th>'
            f'<th scope="col" style="width:40%">better →{marks}</th>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table>{folded}"
        )

    # readings: {is it stopped in time?: Entry}, one or two.
    def _row(self, name, readings, axis, kinds):
        readings = dict(sorted(readings.items()))
        drawn = [
            (whole(entry.values, self.metric), interval(entry, self.metric), is_open)
            for is_open, entry in readings.items()
            if entry.values is not None
        ]
        ink = GREY if name in self.others else ink_of(name)
        beside = [e.beside for e in readings.values() if e.beside is not None]
        beside = whole(beside, self.metric)[0] if beside else None
        picture = strip.row(drawn, axis, ink, beside) if drawn else ""
        # Of two readings the second has its gains beside; a rival has none.
        given = [entry.data for entry in readings.values() if entry.data]
        data = dict(given[0]) if given else {}
        if len(given) == 2:
            data["stopped"] = given[1]["gains"]
        data = "".join(f' data-{key}="{escape(text)}"' for key, text in data.items())
        cells = ""
        for place, (column, kind) in enumerate(kinds.items()):
            marks = {False: "● ", True: "○ "} if place == 0 and True in readings else {}
            lines = [
                marks.get(is_open, "") + entry.cells[column].removesuffix(" points")
                for is_open, entry in readings.items()
            ]
            # A number and its error stay in one line.
            lines = lines if kind else [line.replace(" ", "\N{NO-BREAK SPACE}") for line in lines]
            text = "<br> ".join(map(typeset, lines)).removesuffix("<br> ")
            cells += f"<td{kind}>{text}</td>"
        return f'<tr{data}><th scope="row">{typeset(name)}</th><td>{picture}</td>{cells}</tr>'


def unit_and_sign(metric):
    """How many of the last digit shown make 1, and -1 for a loss: less of it is better."""
    return 10 ** scale_of(metric)[1], 1 if metric == "accuracy" else -1


def whole(values, metric):
    """(seeds,) values, as they are shown, as whole numbers of their last digit; more is better."""
    unit, sign = unit_and_sign(metric)
    scaled = [round(float(sign * unit * value), 6) for value in np.asarray(values)]
    # A half is rounded up, also where a last bit says a little less; what is no tie stays none.
    return [floor(number + 0.5) or (number > 0) - (number < 0) for number in scaled]


def interval(entry, metric):
    """Two standard errors on either side of an entry's mean, in the unit of `whole`."""
    unit, sign = unit_and_sign(metric)
    ends = (sign * unit * (entry.values.mean() + side * entry.error) for side in (-2, 2))
    return tuple(sorted(map(float, ends)))


def shown_scores(scores, metric, cells, overlap, **more):
    """The Entry of a method's (seeds,) scores as they are; without drawing where there are none."""
    if scores is None or len(scores) < 2 or not np.isfinite(scores).all():
        return Entry(None, cells)
    values = scale_of(metric)[0] * scores
    return Entry(values, cells, standard_error(values, overlap), **more)
