"""Sphinx extension: the teachers' list of a chapter's exercises, made from the exercises themselves.

The directive `{exercise-list} NAME` gives a table of what each exercise of chapters/NAME.ipynb trains, and, folded, the
mistakes that its check recognises.
"""

import re
from importlib import import_module
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from regbook.exercises import LEVELS


class ExerciseList(SphinxDirective):
    required_arguments = 1

    def run(self):
        (name,) = self.arguments
        notebook = Path(self.env.srcdir) / "chapters" / f"{name}.ipynb"
        self.env.note_dependency(str(notebook))
        exercises = import_module(f"regbook.exercises.{name.replace('-', '_')}").exercises.by_name.values()
        lines = [*table(name, objectives(notebook), exercises), "", *mistakes(exercises)]
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), self.content_offset, parent)
        return parent.children


def objectives(notebook):
    """The items below "What you'll learn" on the page."""
    text = "\n\n".join(cell.source for cell in nbformat.read(notebook, as_version=4).cells)
    listed = re.search(r"\*\*What you'll learn\*\*\n\n((?:- .*\n(?:  .*\n)*)+)", text)
    if not listed:
        raise ExtensionError(f"{notebook.name} has no list below a line **What you'll learn** and an empty line")
    return [" ".join(item.split()) for item in re.split(r"^- ", listed.group(1), flags=re.MULTILINE)[1:]]


def table(name, objectives, exercises):
    yield "| exercise | kind | level | minutes | trains |"
    yield "|---|---|---|---:|---|"
    for e in exercises:
        if not 1 <= e.objective <= len(objectives):
            raise ExtensionError(f"{name}: {e.name!r} trains objective {e.objective}; the page lists {len(objectives)}")
        label = f"{name}-{e.name.replace(' ', '-')}"
        yield f"| {{ref}}`{label}` | {e.kind} | {LEVELS[e.level]} | {e.minutes} | {objectives[e.objective - 1]} |"
    yield f"| together | | | {sum(e.minutes for e in exercises)} | |"


def mistakes(exercises):
    yield from (":::{admonition} What the checks say to common mistakes", ":class: dropdown", "")
    for e in exercises:
        if getattr(e, "mistakes", ()):
            yield from ("", f"{e.title}", "")
            yield from (
                f": - {looks_like}" if not number else f"  - {looks_like}"
                for number, (_, looks_like) in enumerate(e.mistakes)
            )
    yield ":::"


def setup(app):
    app.add_directive("exercise-list", ExerciseList)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
