"""Run notebooks in place, all or those named, and store them as the tests want: `make notebooks`.

JupyterLab shows no figure's caption, which the book takes from the metadata of its cell. So it is
written once more, into a cell below the figure that the book leaves out; code that the book folds
is folded there too.
"""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from tools.notebooks import NOTEBOOKS, ROOT, code_cells, printed, read

# What the doctor runs, also where there are no chapters.
DOCTOR = ROOT / "src/regbook/doctor.json"
# The metadata that is kept.
OF_CELL, OF_NOTEBOOK = {"tags", "mystnb", "jupyter"}, {"kernelspec", "language_info"}


def run(path):
    notebook = read(path)
    client = NotebookClient(notebook, timeout=None, record_timing=False)
    # What the kernel itself says, besides its cells, is not shown.
    client.execute(cwd=str(path.parent), stderr=subprocess.DEVNULL)
    nbformat.write(stored(notebook), path)
    check = for_the_doctor(notebook)
    if check["code"]:
        text = json.dumps(check, indent=1, ensure_ascii=False) + "\n"
        DOCTOR.write_text(text, encoding="utf-8")


def for_the_doctor(notebook):
    """The code of the cells with the tag "doctor", and what they print."""
    cells = [cell for cell in code_cells(notebook) if "doctor" in cell.metadata.get("tags", [])]
    outputs = [printed(output) for cell in cells for output in cell.outputs]
    return {"code": "\n".join(cell.source for cell in cells), "printed": "".join(outputs)}


def stored(notebook):
    """The notebook with a caption below each figure, folded code folded, and no other metadata."""
    cells = []
    for cell in notebook.cells:
        cell.metadata = _only(OF_CELL, cell.metadata)
        if cell.cell_type == "markdown" and "remove-cell" in cell.metadata.get("tags", []):
            continue  # a caption, which is written anew
        CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, None)
        cell.metadata.pop("jupyter", None)
        if "hide-input" in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
        cells.append(cell)
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure:
            cells.append(_caption(**figure))
    notebook.cells = cells
    notebook.metadata = _only(OF_NOTEBOOK, notebook.metadata)
    return notebook


def _only(keys, metadata):
    return nbformat.from_dict({key: metadata[key] for key in keys & set(metadata)})


def _caption(name, caption):
    text = f":::{{figure}}\n:name: {name}\n\n{caption}\n:::"
    return nbformat.v4.new_markdown_cell(text, id=name, metadata={"tags": ["remove-cell"]})


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:] or NOTEBOOKS):
        print(path.name, flush=True)
        run(path.resolve())
