"""Sphinx extension: an exercise shows its title, kind and minutes, and its solution folded below.

In a chapter an exercise is its label and its task, and a line
`[Solution](solutions/NAME.ipynb#exercise)` is a link, which JupyterLab follows. The book adds the
title and the rest from the exercise's module. In place of the link it shows the section
`## exercise` of that notebook: text, code, and what the code printed; with REGBOOK_SOLUTIONS=hide,
nothing. It leaves out what the checks print before anything is answered.
"""

import os
import re
from pathlib import Path

import nbformat
from sphinx.errors import ExtensionError

from regbook.exercises import of_chapter
from tools.notebooks import read

TASK = re.compile(r"^```\{exercise\}\n:label: (?P<label>[\w-]+)$", re.MULTILINE)
LINK = re.compile(
    r"^\[Solution\]\(solutions/(?P<notebook>[\w-]+)\.ipynb#(?P<exercise>[\w-]+)\)$", re.MULTILINE
)
CHECKS = ("exercises.check(", "exercises.progress(")


def show(app, docname, source):
    """On source-read: `source[0]` is the text of a page, which for a notebook is its JSON."""
    if "](solutions/" not in source[0]:
        return
    page, path = nbformat.reads(source[0], as_version=4), Path(app.env.doc2path(docname))
    exercises = of_chapter(path.stem).by_label
    for cell in page.cells:
        if cell.cell_type == "markdown":
            text = TASK.sub(lambda task: _with_head(exercises, task["label"]), cell.source)
            cell.source = LINK.sub(
                lambda link: _solution(app, path.parent, **link.groupdict()), text
            )
        elif cell.source.rpartition("\n")[2].startswith(CHECKS):
            cell.outputs = []
    source[0] = nbformat.writes(page)


def _with_head(exercises, label):
    if label not in exercises:
        raise ExtensionError(
            f"there is no exercise for the label {label}; there are {', '.join(exercises)}"
        )
    exercise = exercises[label]
    return f"```{{exercise}} {exercise.title}\n:label: {label}\n\n*{exercise.head.capitalize()}.*"


def _solution(app, folder, notebook, exercise):
    if os.environ.get("REGBOOK_SOLUTIONS") == "hide":
        return ""
    path = folder / "solutions" / f"{notebook}.ipynb"
    app.env.note_dependency(str(path))
    cells = section(read(path), exercise)
    if not cells:
        raise ExtensionError(f"{path.name} has no section '## {exercise}'")
    body = "\n\n".join(part for cell in cells for part in _parts(cell))
    return f"````{{solution}} {notebook}-{exercise}\n:class: dropdown\n\n{body}\n````"


def section(notebook, exercise):
    """The cells below the heading `## exercise`, without the heading, up to the next one."""
    cells, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            heading, _, rest = cell.source.partition("\n")
            inside = heading.removeprefix("## ").strip().replace(" ", "-") == exercise
            cell = nbformat.from_dict(cell | {"source": rest.strip()})
        if inside and cell.source:
            cells.append(cell)
    return cells


def _parts(cell):
    if cell.cell_type == "markdown":
        yield cell.source
        return
    yield f"```python\n{cell.source}\n```"
    printed = "".join(output.get("text", "") for output in cell.outputs)
    if printed:
        yield f"```text\n{printed.rstrip()}\n```"


def setup(app):
    app.connect("source-read", show)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
