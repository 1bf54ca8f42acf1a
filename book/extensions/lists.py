"""Sphinx extension: `{exercise-list}` lists for teachers what each exercise of each page trains.

Folded below stand the mistakes that its check recognises. All of it is made from the table of
contents, the notebooks and the exercises.
"""

import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from regbook.exercises import of_chapter
from tools.notebooks import in_order, markdown, read


class ExerciseList(SphinxDirective):
    def run(self):
        lines = []
        for path in in_order():
            self.env.note_dependency(str(path))
            lines += asked(path)
        parent, text = nodes.Element(), StringList(lines, self.get_source_info()[0])
        self.state.nested_parse(text, self.content_offset, parent)
        return parent.children


def asked(path):
    """What a page asks, as MyST; nothing where it has no exercise."""
    if "```{exercise}" in markdown(read(path)):
        exercises = of_chapter(path.stem).by_label
        yield from ("", f"**[](/chapters/{path.name})**", "")
        yield from trained(path, exercises)
        yield from mistakes(exercises.values())


def objectives(path):
    """The items below "What you'll learn" in a notebook."""
    text = markdown(read(path))
    listed = re.search(r"\*\*What you'll learn\*\*\n\n((?:- .*\n(?:  .*\n)*)+)", text)
    if not listed:
        raise ExtensionError(
            f"{path.name} has no list below a line **What you'll learn** and an empty line"
        )
    return [" ".join(item.split()) for item in re.split(r"^- ", listed[1], flags=re.MULTILINE)[1:]]


def trained(path, exercises):
    """Each objective of a chapter, and the exercises that train it."""
    promised = objectives(path)
    for e in exercises.values():
        if not 1 <= e.objective <= len(promised):
            raise ExtensionError(
                f"{path.name}: {e.name!r} trains objective {e.objective}; it lists {len(promised)}"
            )
    for number, objective in enumerate(promised, start=1):
        yield f"- {objective}"
        for label, e in exercises.items():
            if e.objective == number:
                yield f"  - {{ref}}`{label}`, {e.title} *({e.head})*"
    yield from ("", f"Together {sum(e.minutes for e in exercises.values())} minutes.")


def mistakes(exercises):
    """A folded definition list: each exercise, and the sentences for the mistakes in it."""
    yield from ("", ":::{admonition} What the checks say to common mistakes")
    yield from (":class: dropdown", "")
    for e in exercises:
        sentences = [looks_like for _, looks_like in getattr(e, "mistakes", ())]
        if sentences:
            yield from ("", e.title, "", f": - {sentences[0]}")
            yield from (f"  - {sentence}" for sentence in sentences[1:])
    yield ":::"


def setup(app):
    app.add_directive("exercise-list", ExerciseList)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
