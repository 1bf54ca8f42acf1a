"""Sphinx extension: on paper the answers of a page's guesses stand at its end, and not below each.

On a screen an answer is folded; paper can't fold.
"""

from docutils import nodes


def collect(app, doctree, docname):
    """On doctree-resolved."""
    answers = nodes.container("", classes=["on-paper"])
    for box in doctree.findall(nodes.admonition):
        if "guess" in box["classes"]:
            title, *rest = box.children
            # The answer is what follows the choices, in a dropdown, or all of a folded guess.
            inner = [node for node in rest if "dropdown" in node.get("classes", ())]
            copies = [node.deepcopy() for node in (inner or rest)]
            for node in [node for copy in copies for node in copy.findall(nodes.Element)]:
                node["ids"] = []
            question = nodes.strong(title.astext(), title.astext())
            answers += [nodes.paragraph("", "", question), *copies]
    if len(answers):
        page = next(doctree.findall(nodes.section))
        page += [nodes.rubric("Answers", "Answers", classes=["on-paper"]), answers]


def setup(app):
    app.connect("doctree-resolved", collect)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
