"""Where the notebooks are, in which order the book shows them and where, and what is in them."""

from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted([*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("chapters/solutions/*.ipynb")])
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY, BOOK = CONFIG["repository"]["url"], CONFIG["sphinx"]["config"]["html_baseurl"]


def contents(root=ROOT):
    """The names of the pages in each part of the book; the welcome page is a part of its own."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    parts = [[entry["file"] for entry in part["chapters"]] for part in toc["parts"]]
    return [[toc["root"]], *parts]


def in_order():
    """The notebooks that are pages of the book, in its order."""
    paths = [ROOT / f"{name}.ipynb" for part in contents() for name in part]
    return [path for path in paths if path.exists()]


def read(path):
    return nbformat.read(path, as_version=4)


def markdown(notebook):
    """The text of a notebook."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def shown(output, kind):
    """An output in one form, such as text/html; "" where it has none."""
    return output.get("data", {}).get(kind, "")


def printed(output):
    """An output as plain text."""
    return output.get("text") or shown(output, "text/plain")
