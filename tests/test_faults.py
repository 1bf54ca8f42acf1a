"""A check that can't fail is none: make each fault in a copy, and see it caught by name."""

import copy
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from hygiene import NOTEBOOKS, ROOT, faults, toc_faults
from prose import results, unsupported_numbers

CELLS = [
    "from regbook import reproducible\n\nreproducible(0)\n\nimport keras\nimport numpy as np",
    "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, 'sigmoid')])\n"
    "model.compile('adam', 'binary_crossentropy', metrics=['accuracy'])\n"
    "x = np.random.randn(100, 2)\n"
    "model.fit(x, x[:, 0] > 0, epochs=1, verbose=0)\n"
    "print(f'accuracy: {model.evaluate(x, x[:, 0] > 0, verbose=0)[1]:.3f}')",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
]


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


def change_digit(notebook):
    notebook.cells[3].source = ""  # its prose would give it away first
    text = notebook.cells[1].outputs[0].text
    notebook.cells[1].outputs[0].text = re.sub(r"\d(?=\n)", lambda digit: str((int(digit.group()) + 1) % 10), text)


def strip(notebook):
    for cell in notebook.cells[:3]:
        cell.outputs, cell.execution_count = [], None


def remove_output(notebook):
    notebook.cells[1].outputs = []


def swap(notebook):
    notebook.cells[1], notebook.cells[2] = notebook.cells[2], notebook.cells[1]


def store_stderr(notebook):
    notebook.cells[2].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a warning\n"))


def drop_alt(notebook):
    notebook.cells[2].metadata["mystnb"]["image"].pop("alt")


def drop_regbook(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace(
        "from regbook import reproducible\n\nreproducible(0)\n\n", ""
    )


def tag(notebook):
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]


def comment(notebook):
    notebook.cells[1].source = "# NBVAL_IGNORE_OUTPUT\n" + notebook.cells[1].source


def store_widget(notebook):
    notebook.metadata["widgets"] = {}


def change_prose(notebook):
    notebook.cells[3].source = notebook.cells[3].source.replace("0.", "0.1")


FAULTS = {
    change_digit: "small.ipynb::Cell 1",
    strip: "small.ipynb, cell 1: its execution count is None",
    remove_output: "small.ipynb, cell 1: it prints, but its output is not stored",
    swap: "small.ipynb, cell 1: its execution count is 3, not 2",
    store_stderr: "small.ipynb, cell 2: it stores stderr: 'a warning",
    drop_alt: "small.ipynb, cell 2: its figure has no alt text",
    drop_regbook: "small.ipynb, first code cell: it must import regbook",
    tag: "small.ipynb, cell 1: the tag 'nbval-ignore-output' switches checking off",
    comment: "small.ipynb, cell 1: a comment switches checking off",
    store_widget: "small.ipynb, metadata: a widget is stored",
    change_prose: "small.ipynb, cell 3: 0.1",
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_changed_number_in_the_prose_of_a_chapter_is_caught(path, tmp_path):
    """Append 7 to every number in turn: 88.0 becomes 88.07, which no chapter prints."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for result in results(cell.source) if cell.cell_type == "markdown" else []:
            before, number = cell.source, re.match(r"[-+−]?[\d.,]*\d", result).group()
            changed = number + ("7" if "." in number else ".07")
            cell.source = re.sub(rf"(?<![\w.]){re.escape(number)}(?![\w.]*\d)", changed, before)
            nbformat.write(notebook, tmp_path / path.name)
            assert any(changed in fault for fault in unsupported_numbers(tmp_path / path.name)), result
            cell.source = before
