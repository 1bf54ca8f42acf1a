"""A check that can't fail is none: make each fault in a copy, and see it caught by name."""

import copy
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from hygiene import faults, toc_faults
from places import ROOT
from prose import unsupported_numbers

CELLS = [
    "from regbook import reproducible\n\nreproducible(0)\n\nimport keras\nimport numpy as np",
    "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, 'sigmoid')])\n"
    "model.compile('adam', 'binary_crossentropy', metrics=['accuracy'])\n"
    "x = np.random.randn(100, 2)\n"
    "model.fit(x, x[:, 0] > 0, epochs=1, verbose=0)\n"
    "print(f'accuracy: {model.evaluate(x, x[:, 0] > 0, verbose=0)[1]:.3f}')",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "for row in x[:1]:\n    print(row.shape)",
    "x.shape",
]
PROSE = len(CELLS)  # one Markdown cell follows


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A small notebook as `make notebooks` stores it, with a number in its prose."""
    from nbclient import NotebookClient

    path = tmp_path_factory.mktemp("sound") / "small.ipynb"
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    alt = "A line that rises from 1 to 2, from left to right."
    notebook.cells[2].metadata["mystnb"] = {"image": {"alt": alt}, "figure": {"caption": "A line.", "name": "fig-line"}}
    NotebookClient(notebook, record_timing=False).execute()
    accuracy = re.search(r"0\.\d+", notebook.cells[1].outputs[0].text).group()
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"The accuracy is {accuracy}."))
    nbformat.write(notebook, path)
    return path


def nbval(path):
    options = ["--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "/dev/null"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(path)], capture_output=True, text=True, cwd=path.parent
    )
    return result.returncode, result.stdout


def all_faults(path):
    """What `make test` checks of one notebook: its hygiene, its prose, and, last since it takes seconds, nbval."""
    found = faults(path) + unsupported_numbers(path)
    if not found:
        code, output = nbval(path)
        found = [output] if code else []
    return "\n".join(found)


def change_last_digit(text):
    return re.sub(r"\d(?=\.?\n?$)", lambda digit: str((int(digit.group()) + 1) % 10), text)


def change_digit(notebook):
    notebook.cells[PROSE].source = ""  # its prose would give it away first
    notebook.cells[1].outputs[0].text = change_last_digit(notebook.cells[1].outputs[0].text)


def strip(notebook):
    for cell in notebook.cells[:PROSE]:
        cell.outputs, cell.execution_count = [], None


def remove_output(notebook):
    notebook.cells[1].outputs = []


def remove_output_of_loop(notebook):
    notebook.cells[3].outputs = []


def remove_value(notebook):  # hygiene can't know that this cell shows something: nbval does
    notebook.cells[4].outputs = []


def remove_figure(notebook):
    del notebook.cells[2].outputs[-1].data["image/png"]


def swap(notebook):
    notebook.cells[1], notebook.cells[2] = notebook.cells[2], notebook.cells[1]


def store_stderr(notebook):
    notebook.cells[2].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a warning\n"))


def store_error(notebook):
    notebook.cells[2].outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]))


def store_widget(notebook):
    notebook.metadata["widgets"] = {}


def store_widget_view(notebook):
    notebook.cells[2].outputs[-1].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}


def store_html(notebook):
    notebook.cells[4].outputs[0].data["text/html"] = "<table></table>"


def store_address(notebook):
    notebook.cells[4].outputs[0].data["text/plain"] = "[<matplotlib.lines.Line2D at 0x7f3d0c2b9d50>]"


def store_folder(notebook):
    notebook.cells[1].outputs[0].text += "saved to /tmp/model.keras\n"


def store_duration(notebook):
    notebook.cells[1].outputs[0].text += "trained in 2.3 s\n"


def name_folder(notebook):
    notebook.cells[3].source += "\nnp.save('/tmp/x.npy', x)"


def store_times(notebook):
    notebook.cells[1].metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}


def drop_alt(notebook):
    notebook.cells[2].metadata["mystnb"]["image"].pop("alt")


def drop_caption(notebook):
    notebook.cells[2].metadata["mystnb"].pop("figure")


def drop_alt_in_prose(notebook):
    notebook.cells[PROSE].source += "\n\n![](drawing.png)"


def drop_kernel(notebook):
    del notebook.metadata["kernelspec"]


def drop_regbook(notebook):
    notebook.cells[0].source = "import keras\nimport numpy as np"


def regbook_late(notebook):
    notebook.cells[0].source = "import keras\n\n" + notebook.cells[0].source


def tag(notebook):
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]


def comment(notebook):
    notebook.cells[1].source = "# NBVAL_IGNORE_OUTPUT\n" + notebook.cells[1].source


def magic(notebook):
    notebook.cells[1].source = "%%capture\n" + notebook.cells[1].source


def change_prose(notebook):
    notebook.cells[PROSE].source = change_last_digit(notebook.cells[PROSE].source)


def change_alt(notebook):
    notebook.cells[2].metadata["mystnb"]["image"]["alt"] += " It ends at 93.7."


def change_caption(notebook):
    notebook.cells[2].metadata["mystnb"]["figure"]["caption"] += " It ends at 93.7."


FAULTS = {
    change_digit: "small.ipynb::Cell 1",
    strip: "small.ipynb, cell 1: its execution count is None",
    remove_output: "small.ipynb, cell 1: it prints, but its output is not stored",
    remove_output_of_loop: "small.ipynb, cell 3: it prints, but its output is not stored",
    remove_value: "small.ipynb::Cell 4",
    remove_figure: "small.ipynb, cell 2: it draws, but its figure is not stored",
    swap: "small.ipynb, cell 1: its execution count is 3, not 2",
    store_stderr: "small.ipynb, cell 2: it stores stderr: 'a warning",
    store_error: "small.ipynb, cell 2: it stores ValueError: 'no'",
    store_widget: "small.ipynb, metadata: a widget is stored",
    store_widget_view: "small.ipynb, cell 2: it stores a widget",
    store_html: "small.ipynb, cell 4: it stores HTML that is no knob",
    store_address: "small.ipynb, cell 4: it prints ' at 0x7f3d0c2b9d50'",
    store_folder: "small.ipynb, cell 1: it prints '/tmp/'",
    store_duration: "small.ipynb, cell 1: it prints '2.3 s'",
    name_folder: "small.ipynb, cell 3: its code names a folder of one machine",
    store_times: "small.ipynb, cell 1: its metadata holds ['execution']",
    drop_alt: "small.ipynb, cell 2: its figure has no alt text",
    drop_caption: "small.ipynb, cell 2: its figure has no caption or name",
    drop_alt_in_prose: "small.ipynb, cell 5: the image drawing.png has no alt text",
    drop_kernel: "small.ipynb, metadata: kernelspec python3",
    drop_regbook: "small.ipynb, first code cell: it must import regbook",
    regbook_late: "small.ipynb, first code cell: it must import regbook",
    tag: "small.ipynb, cell 1: the tag 'nbval-ignore-output' switches checking off",
    comment: "small.ipynb, cell 1: a comment or magic switches checking off",
    magic: "small.ipynb, cell 1: a comment or magic switches checking off",
    change_prose: "small.ipynb, cell 5: 0.",
    change_alt: "small.ipynb, cell 2, alt text: 93.7",
    change_caption: "small.ipynb, cell 2, caption: 93.7",
}


def test_the_sound_notebook_passes(sound):
    assert all_faults(sound) == ""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_fault_is_caught_by_name(sound, tmp_path, fault):
    notebook = nbformat.read(sound, as_version=4)
    faulty = copy.deepcopy(notebook)
    fault(faulty)
    assert faulty != notebook
    nbformat.write(faulty, tmp_path / "small.ipynb")
    assert FAULTS[fault] in all_faults(tmp_path / "small.ipynb")


def test_a_chapter_missing_from_the_table_of_contents_is_caught(tmp_path):
    shutil.copytree(ROOT / "chapters", tmp_path / "chapters")
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    (tmp_path / "_toc.yml").write_text(toc.replace("      - file: chapters/dropout\n", ""), encoding="utf-8")
    assert toc_faults(tmp_path) == ["chapters/dropout: not in _toc.yml"]
    (tmp_path / "_toc.yml").write_text(toc.replace("chapters/dropout", "chapters/lost"), encoding="utf-8")
    assert toc_faults(tmp_path) == ["chapters/dropout: not in _toc.yml", "_toc.yml: chapters/lost does not exist"]
