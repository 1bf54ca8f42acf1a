"""Sphinx extension: links for the book and JupyterLab, and sources called by authors and year.

`[overfitting](glossary.md#term-overfitting)` and `[that figure](dropout.ipynb#fig-dropout-u)` are
MyST links; here MyST learns the ids of terms, figures and tables, beside those of headings, which
it knows. A source is a link to its DOI, and the bibliography lists it under the same words. A file
of the repository that is no page, such as `../benchmarks/together.md`, is shown by the host of the
repository.
"""

from pathlib import Path

from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.alpha import Style
from pybtex.style.labels import BaseLabelStyle
from sphinx import addnodes


def learn_ids(app, doctree):
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for kind in (nodes.term, nodes.figure, nodes.table):
        for node in doctree.findall(kind):
            slugs |= {name: (0, name, node.astext()) for name in node["ids"]}


def link_to_repository(app, doctree):
    theme = app.config.html_theme_options
    kinds = (addnodes.pending_xref, addnodes.download_reference)
    for node in [node for kind in kinds for node in doctree.findall(kind)]:
        name = node["reftarget"].lstrip("/") + ".md" * (node.get("refdomain") == "doc")
        path = (Path(app.srcdir, app.env.docname).parent / name).resolve()
        path = path if path.is_file() else Path(app.srcdir, name)
        if path.is_file() and app.env.path2doc(str(path)) not in app.env.found_docs:
            place = path.relative_to(app.srcdir).as_posix()
            link = f"{theme['repository_url']}/blob/{theme['repository_branch']}/{place}"
            node.replace_self(nodes.reference("", "", *node.children, refuri=link))


def words(entry):
    """What a source is called: "Hoerl and Kennard, 1970"; else "Gal et al., 2017"."""
    authors = [" ".join(a.prelast_names + a.last_names) for a in entry.persons["author"]]
    names = [str(Text.from_latex(author)) for author in authors]
    few = len(names) < 3 and "others" not in names
    by = " and ".join(names) if few else f"{names[0]} et al."
    return f"{by}, {entry.fields['year']}"


def address(entry):
    """Where a source is: its DOI, its number on arXiv, or a publisher's page; None if nowhere."""
    if "doi" in entry.fields:
        return f"https://doi.org/{entry.fields['doi']}"
    if "eprint" in entry.fields:
        return f"https://arxiv.org/abs/{entry.fields['eprint']}"
    return entry.fields.get("url")


class Labels(BaseLabelStyle):
    def format_labels(self, entries):
        return map(words, entries)


class ByWords(Style):
    default_label_style = "words"


def setup(app):
    register_plugin("pybtex.style.labels", "words", Labels)
    register_plugin("pybtex.style.formatting", "words", ByWords)
    app.connect("doctree-read", learn_ids)
    # Before Sphinx collects files to download.
    app.connect("doctree-read", link_to_repository, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
