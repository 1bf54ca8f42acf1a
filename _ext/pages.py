"""Sphinx extension: the head of every page says what the page is, and loads nothing that it does not need."""

import html
import re
from urllib.parse import urlparse

from docutils import nodes
from sphinx.builders.html._assets import _JavaScript

# Scripts and styles that other extensions add to every page, and that nothing in this book uses.
UNUSED = ("thebe", "THEBE", "design-tabs", "sphinx-design", "fontawesome")
SIZE = re.compile(r'style="width: (\d+)px; height: (\d+)px;?"')
CARD = "_images/regularisation.png"  # the picture of the first chapter


def fill_head(app, pagename, templatename, context, doctree):
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, ()) if not _unused(file)]
    if pagename != "search":  # its own script needs the others at once
        context["script_files"] = [_deferred(file) for file in context["script_files"]]
    context["site_path"] = urlparse(app.config.html_baseurl).path
    # The roles that docutils gives to the entries of the bibliography are deprecated, and no items of its list.
    body = context.get("body", "").replace(' role="doc-biblioentry"', ' role="listitem"')
    body = body.replace(' role="doc-backlink"', "")
    # Sizes as attributes keep the figure's place free while it loads, which is when it is scrolled to.
    context["body"] = SIZE.sub(r'width="\1" height="\2" loading="lazy"', body)
    title = html.unescape(re.sub("<[^>]*>", "", context.get("title", app.config.html_title)))
    description = _description(doctree) or f"{title}: {app.config.html_title}"
    tags = {
        "og:title": title,
        "og:description": description,
        "og:type": "article",
        "og:image": app.config.html_baseurl + CARD,
        "og:url": context.get("pageurl", app.config.html_baseurl),
    }
    context["metatags"] = context.get("metatags", "") + "\n".join(
        [f'<meta name="description" content="{html.escape(description)}">']
        + [f'<meta property="{name}" content="{html.escape(text)}">' for name, text in tags.items()]
    )


def _unused(file):
    """Whether `file`, a script or style as Sphinx keeps it, is unused: by its address or by what it says."""
    name = f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body', '')}"
    return any(word in name for word in UNUSED)


def _deferred(file):
    """The same script, run when the page is there. Inline scripts can't be, nor the options that they write into."""
    if "body" in file.attributes or "documentation_options" in str(file.filename):
        return file
    return _JavaScript(file.filename, priority=file.priority, defer="defer", **file.attributes)


def _description(doctree):
    """The first paragraph of running text, cut at a word to what search engines show."""
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.section) and len(text) > 60 and not text.startswith("About "):
            return text if len(text) <= 155 else text[:155].rpartition(" ")[0] + " …"
    return ""


def setup(app):
    app.connect("html-page-context", fill_head, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
