"""Sphinx extension: how a stranger comes in, and finds the way.

The welcome page has the width of two columns; the address of the book itself carries the head of
the welcome page, which is what is shown where a link is shared; in the sidebar stand the pages that
most readers want, and the others are folded below their headings.
"""

import re
from pathlib import Path

OPEN = {"The course", "Try it yourself"}  # the parts of the table of contents that stay open
HEAD = re.compile(
    r"<title>.*?</title>|<meta (?:name=\"(?:description|twitter)|property=\"og:)[^>]*>"
    r"|<link rel=\"canonical\"[^>]*>",
    re.DOTALL,
)
VIEWPORT = re.compile(r'<meta [^>]*name="viewport"[^>]*>')
INDEX = """<!DOCTYPE html>
<html lang="en-GB">
<meta charset="utf-8">
{head}
<meta http-equiv="refresh" content="0; url={page}">
<a href="{page}">Regularisation, with evidence</a>
</html>
"""


def prepare(app, pagename, templatename, context, doctree):
    # The theme names the viewport, and docutils does so once more.
    context["metatags"] = VIEWPORT.sub("", context.get("metatags", ""))
    context["root_title"] = "Welcome"
    if pagename == app.config.root_doc:
        no_contents = {"html_theme.sidebar_secondary.remove": "true"}
        context["meta"] = (context.get("meta") or {}) | no_contents
    if "generate_toctree_html" in context:
        context["generate_toctree_html"] = folding(context["generate_toctree_html"])


def folding(generate):
    """The theme's function that writes the sidebar, with some parts folded."""

    def folded(*arguments, **settings):
        soup = generate(*arguments, **settings)
        for caption in soup.select("p.caption"):
            pages = caption.find_next_sibling("ul")
            if caption.text in OPEN or not pages:
                continue
            part = soup.new_tag("details", attrs={"open": ""} if pages.select(".current") else {})
            caption.insert_before(part)
            caption.name = "summary"
            caption.attrs = {"class": "caption"}
            part.extend([caption, pages])
        return soup

    return folded


def share(app, exception):
    """On build-finished: the address of the book leads to the welcome page, and says what it is."""
    if exception or app.builder.format != "html":
        return
    page = app.builder.get_target_uri(app.config.root_doc)
    head = HEAD.findall(Path(app.outdir, page).read_text(encoding="utf-8"))
    text = INDEX.format(head="\n".join(head), page=page)
    Path(app.outdir, "index.html").write_text(text, encoding="utf-8")


def setup(app):
    app.connect("html-page-context", prepare, priority=900)
    app.connect("build-finished", share)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
