"""The one drawing of gains, seed by seed, in which right is better: a strip, or a row of a forest.

Values are whole numbers, in tenths of a point or thousandths. `book/static/strip.js` draws the same
in a page, to the letter, and the book hands it MEASURES. A picture is an image in the text of the
page, for that is what an untrusted JupyterLab shows, and it takes the width there is: strokes and
dots, which are strokes without length, do not scale with it.
"""

from html import escape
from math import ceil, floor

from regbook.figures.colours import GREY, INKS, PLAIN

_OPEN, _GRID = "#ffffff", "#dddddd"
_INKS = {INKS[ink.lower()][0]: (ink, INKS[ink.lower()][1]) for ink in (PLAIN, GREY, _GRID, _OPEN)}
# Pixels, but for the first three and the last three: a scale has steps of 1, 2 or 5 × 10ⁿ, six at
# most; dots that stand on each other are a column wide apart, in hundredths of the axis. A row is
# what a dot rises by in a column, which is no higher than `tallest`; a line is a reading's in a
# forest, its text and its drawing. Above `many` seeds a dot is a group of them.
MEASURES = {
    "steps": [1, 2, 5], "most": 6, "column": 2, "dot": 7, "row": 8, "tallest": 96, "mean": 10,
    "bar": 3, "line": 20, "many": 40, "group": 5,
    "inks": _INKS,
}  # fmt: skip


def scale(low, high, most=MEASURES["most"]):
    """(first, last, step) of an axis that holds low … high: few steps of 1, 2 or 5 × 10ⁿ."""
    power = 1
    while True:
        for number in MEASURES["steps"]:
            step = number * power
            first, last = floor(low / step), ceil(high / step)
            if last - first <= most:
                return first * step, max(last, first + 1) * step, step
        power *= 10


def place(value, axis):
    """Where a value stands on an axis, in whole hundredths of it."""
    first, last, _ = axis
    return min(max(floor(100 * (value - first) / (last - first) + 0.5), 0), 100)


def grouped(values):
    """A dot per seed, or, where there are many, one for five seeds that follow each other."""
    size, values = MEASURES["group"], sorted(values)
    if len(values) <= MEASURES["many"]:
        return values
    groups = [values[start : start + size] for start in range(0, len(values), size)]
    return [floor(sum(group) / len(group) + 0.5) for group in groups]


def marks(axis, unit, sign, gain=True):
    """The numbers below an axis: as HTML, one in the middle of each of as many columns."""
    first, last, step = axis
    texts = []
    for number in range(first, last + 1, step):
        value = sign * number
        before = "−" if value < 0 else "+" if gain and value > 0 else ""
        texts.append(f"<span>{before}{abs(value) / unit:g}</span>")
    style = f"display:grid;grid-template-columns:repeat({len(texts)},1fr);text-align:center"
    return f'<div class="marks" style="{style}">{"".join(texts)}</div>'


def strip(gains, ends, unit, sign, names):
    """HTML: a dot per seed, right of the line where names[1] was better, and the mean's interval.

    gains: (seeds,), whole numbers, positive where names[1] was better. ends: of the interval, or
    None. unit: of these in 1 of what the marks say; sign: -1 where the marks run backwards.
    """
    m, dots = MEASURES, grouped(gains)
    reach = max(map(abs, (0, *gains, *(ends or ()))))
    axis = scale(-reach, reach)
    columns = {}
    for gain in dots:
        column = m["column"] * floor(place(gain, axis) / m["column"] + 0.5)
        columns.setdefault(column, []).append(gain)
    highest = max(map(len, columns.values()), default=1)
    rise = min(m["row"], m["tallest"] / highest)
    bottom = floor(rise * (highest - 1) + 0.5) + m["dot"] + 2
    kinds = {-1: "", 0: "", 1: ""}
    for column, inside in columns.items():
        for height, gain in enumerate(inside):  # sorted, so that rings lie below dots
            y = floor(10 * (bottom - m["dot"] / 2 - 1 - rise * height) + 0.5) / 10
            kinds[(gain > 0) - (gain < 0)] += f"M{column} {y:g}h0"
    height = bottom + 12 if ends else bottom
    inside = _grid(axis, height) + _path(f"M0 {bottom}H100", GREY, 1)
    inside += _path(kinds[-1], PLAIN, m["dot"]) + _path(kinds[-1], _OPEN, m["dot"] - 3)
    inside += _path(kinds[0], GREY, m["dot"] - 2) + _path(kinds[1], PLAIN, m["dot"])
    if ends:
        left, right = (place(end, axis) for end in ends)
        middle = place((ends[0] + ends[1]) / 2, axis)
        inside += _path(f"M{left} {bottom + 7}H{right}", PLAIN, m["bar"])
        inside += _path(f"M{middle} {bottom + 3}v8", PLAIN, m["bar"])
    words = [f"← {escape(names[0])} better ○", f"● {escape(names[1])} better →"]
    if len(dots) < len(gains):
        words.insert(1, f"a dot is {m['group']} seeds")
    return (
        '<div class="strip"><div style="display:flex;justify-content:space-between;gap:1em">'
        f"{''.join(f'<span>{text}</span>' for text in words)}</div>"
        f"{_image(inside, axis, height)}{marks(axis, unit, sign)}</div>"
    )


def row(readings, axis, ink, beside=None):
    """The drawn cell of a forest's row: an image with a line for each reading.

    readings: [(values, ends, is it open?)], whole numbers. beside: a value that is marked by a thin
    line, such as the mean on the training rows.
    """
    line = MEASURES["line"]
    height, inside = line * len(readings), ""
    for number, (values, ends, is_open) in enumerate(readings):
        y = line * number + line // 2
        places = sorted(place(value, axis) for value in grouped(values))
        left, right = (place(end, axis) for end in ends)
        middle = place((ends[0] + ends[1]) / 2, axis)
        steps = (f"m{after - before} 0h0" for before, after in zip(places, places[1:]))
        dots = f"M{places[0]} {y}h0{''.join(steps)}"
        inside += _path(dots, ink, MEASURES["dot"] - 1, "stroke-opacity='.3'")
        dashes = "stroke-dasharray='3 3' stroke-linecap='butt'" if is_open else ""
        inside += _path(f"M{left} {y}H{right}", ink, MEASURES["bar"], dashes)
        inside += _path(f"M{middle} {y}h0", ink, MEASURES["mean"])
        if is_open:
            inside += _path(f"M{middle} {y}h0", _OPEN, MEASURES["mean"] - 5)
    if beside is not None:
        inside += _path(f"M{place(beside, axis)} 2v{line - 4}", ink, 2)
    return _image(_grid(axis, height) + inside, axis, height)


def _grid(axis, height):
    first, last, step = axis
    lines = [place(number, axis) for number in range(first, last + 1, step) if number]
    faint = _path("".join(f"M{x} 0V{height}" for x in lines), _GRID, 1)
    return faint + (_path(f"M{place(0, axis)} 0V{height}", GREY, 1) if first <= 0 <= last else "")


def _path(d, ink, width, more=""):
    if not d:
        return ""
    more = more and " " + more
    return f"<path d='{d}' class='{INKS[ink.lower()][0]}' stroke-width='{width:g}'{more}/>"


# Half a step on either side, so that marks stand in the middle of columns of one width.
def _image(inside, axis, height):
    first, last, step = axis
    margin = floor(50 * step / (last - first) + 0.5)
    inks = {name: (light, dark) for light, (name, dark) in INKS.items() if f"'{name}'" in inside}
    light, dark = (
        "".join(f".{name}{{stroke:{pair[which]}}}" for name, pair in inks.items())
        for which in (0, 1)
    )
    style = "path{fill:none;stroke-linecap:round;vector-effect:non-scaling-stroke}" + light
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='-{margin} 0 {100 + 2 * margin} "
        f"{height}' preserveAspectRatio='none'><style>{style}"
        f"@media(prefers-color-scheme:dark){{{dark}}}</style>{inside}</svg>"
    )
    for letter, code in (("%", "%25"), ("#", "%23"), ("<", "%3C"), (">", "%3E")):
        svg = svg.replace(letter, code)
    style = f"display:block;width:100%;height:{height}px"
    return f'<img alt="" src="data:image/svg+xml,{svg}" style="{style}">'
