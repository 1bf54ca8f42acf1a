"""Sphinx extension: a line that is a link in JupyterLab is something better in the book.

`[what it shows](penalty.ipynb#knob-photo)` becomes the knob itself, as the notebook stores it; a
link to the sources' file the bibliography, and one to the folder of exercises their list.
"""

import re
from pathlib import Path

from sphinx.errors import ExtensionError

from tools.notebooks import outputs, read, shown

LINE = re.compile(r"^\[[^\]]+\]\((?P<path>[\w./-]+)(?:#(?P<knob>knob-[\w-]+))?\)$", re.MULTILINE)
DIRECTIVES = {
    "../book/references.bib": "{bibliography}\n:all:",
    "../src/regbook/exercises": "{exercise-list}",
}


def show(app, docname, source):
    """On source-read: `source[0]` is the text of a page."""
    folder = Path(app.env.doc2path(docname)).parent

    def better(link):
        path, knob = link.groups()
        if path in DIRECTIVES:
            return f"```{DIRECTIVES[path]}\n```"
        if not knob:
            return link[0]
        app.env.note_dependency(str(folder / path))
        for output in outputs(read(folder / path)):
            html = shown(output, "text/html")
            if f'id="{knob}"' in html:
                return f"```{{raw}} html\n{html}\n```"
        raise ExtensionError(f"{path} has no output with the id {knob}")

    source[0] = LINE.sub(better, source[0])


def setup(app):
    app.connect("source-read", show)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
