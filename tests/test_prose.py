"""Does the chapters' output support every number in their prose, and would the check see a changed one?"""

import re

import nbformat
import pytest
from hygiene import NOTEBOOKS
from prose import prose, results, support, supported, unsupported_numbers

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
