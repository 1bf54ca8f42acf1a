"""Are the stored notebooks fit to be checked and read, and is each kind of fault caught?

nbval runs the notebooks and compares what they print; hygiene.py and prose.py look at the rest.
"""

import re
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat
import pytest
from hygiene import faults, faults_of_boxes, images_without_alt, toc_faults
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from prose import unsupported_numbers

from conftest import GUESS
from regbook import plots
from regbook.figures.svg import as_svg
from tools.notebooks import NOTEBOOKS, ROOT
from tools.run_notebooks import stored

DRAW = "from regbook import plots\nimport matplotlib.pyplot as plt"


@pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix()
)
def test_notebook_is_fit_to_be_checked(path):
    assert faults(path) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("chapters/*.md")), ids=lambda path: path.name)
def test_every_image_of_a_page_has_alt_text(path):
    assert images_without_alt(path.read_text(encoding="utf-8")) == []


def test_every_page_is_in_the_table_of_contents(tmp_path):
    assert toc_faults(ROOT) == []
    listed = "root: chapters/welcome\nparts: [{chapters: [{file: chapters/lost}]}]"
    (tmp_path / "_toc.yml").write_text(listed)
    (tmp_path / "chapters").mkdir()
    for name in ("welcome.md", "dropout.ipynb"):
        (tmp_path / "chapters" / name).touch()
    unlisted, lost = toc_faults(tmp_path)
    assert unlisted == "chapters/dropout: not in _toc.yml"
    assert lost == "_toc.yml: chapters/lost does not exist"


def text(words, name="stdout"):
    return new_output("stream", name=name, text=words)


def small():
    """A sound notebook as `make notebooks` stores it."""
    with plt.rc_context():
        plt.rcParams.update(plots.STYLE)
        plt.plot([1, 2])
        drawing = {
            "image/svg+xml": as_svg(plt.gcf()),
            "image/png": "iVBORw0KGgo=",
            "text/plain": "<Figure size 700x360 with 1 Axes>",
        }
        plt.close()
    cells = [
        ("import regbook as rb\n\nrb.reproducible(0)\n\nimport numpy as np",),
        ("x = np.arange(8)\nprint(f'accuracy: {np.mean(x > 0):.3f}')", text("accuracy: 0.875\n")),
        ("for row in x[:1]:\n    print(row.shape)", text("()\n")),
        ("x.shape", new_output("execute_result", {"text/plain": "(8,)"}, execution_count=4)),
        (f"{DRAW}\nplt.plot([1, 2])\nplt.show()", new_output("display_data", drawing)),
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = new_notebook(metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    for count, (source, *outputs) in enumerate(cells, start=1):
        notebook.cells.append(new_code_cell(source, outputs=outputs, execution_count=count))
    notebook.cells[4].metadata["mystnb"] = {
        "image": {"alt": "A line that rises from 1 to 2, from left to right."},
        "figure": {"caption": "A line.", "name": "fig-line"},
    }
    notebook.cells.append(new_markdown_cell("The accuracy is 0.875."))
    return stored(notebook)


def box(title, classes, body):
    return f"::::{{admonition}} {title}\n:class: {classes}\n\n{body}\n::::"


STAMPED = box("It helps — true", "claim true", "Yes.")
# Each kind of fault: in which cell (None: in the notebook as a whole), how it comes about, and what
# should be said of it.
FAULTS = {
    "swapped": (
        None,
        lambda notebook: notebook.cells.insert(1, notebook.cells.pop(2)),
        "cell 1: its execution count is 3, not 2",
    ),
    "no-print": (
        2,
        lambda cell: cell.outputs.clear(),
        "cell 2: it prints, but its output is not stored",
    ),
    "stderr": (
        4,
        lambda cell: cell.outputs.append(text("a warning\n", "stderr")),
        "cell 4: it stores stderr: 'a warning",
    ),
    "duration": (
        1,
        lambda cell: cell.outputs[0].update(text="trained in 2.3 s\n"),
        "cell 1: it prints '2.3 s'",
    ),
    "no-alt-text": (
        4,
        lambda cell: cell.metadata.mystnb.image.pop("alt"),
        "cell 4: its figure has no alt text",
    ),
    "regbook-late": (
        0,
        lambda cell: cell.update(source="import keras\n" + cell.source),
        "first code cell: it must import regbook",
    ),
    "unchecked": (
        1,
        lambda cell: cell.metadata.update(tags=["nbval-ignore-output"]),
        "cell 1: the tag 'nbval-ignore-output' switches checking off",
    ),
    "dark-caption": (
        4,
        lambda cell: cell.metadata.mystnb.figure.update(caption="Palest: unsure."),
        "cell 4: its caption says 'palest', which turns round on a dark page",
    ),
    "old-caption": (5, lambda cell: cell.update(source="A curve."), "cell 5: not the caption"),
    "number": (6, lambda cell: cell.update(source="The accuracy is 0.876."), "cell 6: 0.876"),
    "no-stamp": (
        6,
        lambda cell: cell.update(source=f"{box('It helps', 'claim false', 'No.')}\n\n{STAMPED}"),
        "cell 6: the claim 'It helps' does not end in what came out of it",
    ),
    "no-answer": (
        6,
        lambda cell: cell.update(source=box("How much?", "guess gain", "- −5\n- +5\n\nHardly.")),
        "cell 6: the guess 'How much?' needs a name guess-…, two choices or ends, an answer",
    ),
}


def said(folder, number, change):
    """What hygiene and prose say to the small notebook after a change."""
    notebook = small()
    change(notebook if number is None else notebook.cells[number])
    nbformat.write(notebook, folder / "small.ipynb")
    return "\n".join(faults(folder / "small.ipynb") + unsupported_numbers(folder / "small.ipynb"))


def test_a_sound_notebook_passes(tmp_path):
    assert said(tmp_path, None, lambda notebook: None) == ""
    sound = [GUESS, box("It helps — it depends", "claim depends", "Sometimes.")]
    assert [fault for source in sound for fault in faults_of_boxes(source)] == []


@pytest.mark.parametrize("name", FAULTS)
def test_each_kind_of_fault_is_caught_by_name(tmp_path, name):
    number, change, words = FAULTS[name]
    assert f"small.ipynb, {words}" in said(tmp_path, number, change)


def test_nbval_catches_what_only_running_shows(tmp_path):
    """A changed digit, a value that is no longer stored, a coordinate; nothing in a sound one."""
    sound, faulty = small(), small()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # not the settings of a folder above
    faulty.cells[1].outputs[0].text = "accuracy: 0.876\n"
    faulty.cells[3].outputs.clear()
    svg = faulty.cells[4].outputs[0].data["image/svg+xml"]
    place = re.search(r" L \d+(?:\.\d)? (\d)", svg).start(1)
    faulty.cells[4].outputs[0].data["image/svg+xml"] = svg[:place] + "9" + svg[place + 1 :]
    for name, notebook in (("sound", sound), ("small", faulty)):
        # Without TensorFlow, whose import takes seconds.
        notebook.cells[0].source = "import numpy as np"
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    options = "-m pytest --nbval --nbval-current-env -p no:cacheprovider -p no:xdist -rf ."
    command = [sys.executable, *options.split()]
    printed = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout
    failed = re.findall(r"^FAILED small.ipynb::Cell (\d+)", printed, re.MULTILINE)
    assert failed == ["1", "3", "4"] and "3 failed, 7 passed" in printed, printed
