"""Run the notebooks that are named in place, and store them as the tests want them: `make notebooks`.

JupyterLab shows no figure's caption, which the book takes from the metadata of its cell. So it is written once more,
into a cell below the figure that the book leaves out; code that the book folds is folded there too.
"""

import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

CELL, NOTEBOOK = {"tags", "mystnb", "jupyter"}, {"kernelspec", "language_info"}  # the metadata that are kept


def run(path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=None, record_timing=False)
    client.execute(cwd=str(path.parent), stderr=subprocess.DEVNULL)  # what the kernel says besides its cells
    nbformat.write(stored(notebook), path)


def stored(notebook):
    """The notebook with a caption below each figure, with what is folded folded, and without other metadata."""
    cells = []
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in CELL & set(cell.metadata)})
        if cell.cell_type == "markdown" and "remove-cell" in cell.metadata.get("tags", []):
            continue  # a caption, which is written anew
        CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, None)
        cell.metadata.pop("jupyter", None)
        if "hide-input" in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
        cells.append(cell)
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure:
            text = f":::{{figure}}\n:name: {figure['name']}\n\n{figure['caption']}\n:::"
            cells.append(nbformat.v4.new_markdown_cell(text, id=figure["name"], metadata={"tags": ["remove-cell"]}))
    notebook.cells = cells
    notebook.metadata = nbformat.from_dict({key: notebook.metadata[key] for key in NOTEBOOK & set(notebook.metadata)})
    return notebook


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        print(path.name, flush=True)
        run(path.resolve())
