"""Sphinx extension: a page loads nothing that it does not need, and later what it does not need at once.

Of a chapter's elements half were the frames of names and brackets in its code, which look as their surroundings; of its
bytes, the pictures of its knobs, of which the page itself shows one.
"""

import re
from pathlib import Path
from urllib.parse import urlparse

# Scripts and styles that other extensions add to every page, and that nothing in this book uses.
UNUSED = ("thebe", "THEBE", "design-tabs", "sphinx-design", "fontawesome")
OWN = re.compile(r"_static/(laboratory)\b")  # files for the page of this name alone
SIZE = re.compile(r'style="width: (\d+)px; height: (\d+)px;?"')
PLAIN_CODE = re.compile(r'<span class="(?:n|p|w)">(.*?)</span>')  # names, punctuation, blanks: in the ink of all code
KNOB = re.compile(r'(<figure class="knob" id="(knob-[\w-]+)".*?</figure>\s*)<script>(.*?)</script>', re.DOTALL)


def lighten(app, pagename, templatename, context, doctree):
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, ()) if not _unused(file) and _belongs(file, pagename)]
    if pagename != "search":  # its own script needs the others at once
        context["script_files"] = [_deferred(file) for file in context["script_files"]]
    context["site_path"] = urlparse(app.config.html_baseurl).path  # for the page 404.html
    # The roles that docutils gives to the entries of the bibliography are deprecated, and no items of its list.
    body = context.get("body", "").replace(' role="doc-biblioentry"', ' role="listitem"')
    body = body.replace(' role="doc-backlink"', "")
    # Sizes as attributes keep the figure's place free while it loads, which is when it is scrolled to.
    body = PLAIN_CODE.sub(r"\1", SIZE.sub(r'width="\1" height="\2" loading="lazy"', body))

    def in_a_file(knob):
        figure, name, script = knob.groups()
        path = Path(app.outdir, "_static", f"{name}.js")
        path.write_text(script, encoding="utf-8")
        source = context["pathto"](f"_static/{name}.js", 1)
        add = f'document.body.append(Object.assign(document.createElement("script"), {{src: "{source}"}}))'
        return f"{figure}<script>addEventListener('load', () => {add})</script>"

    context["body"] = KNOB.sub(in_a_file, body)


def _unused(file):
    """Whether `file`, a script or style as Sphinx keeps it, is unused: by its address or by what it says."""
    name = f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body', '')}"
    return any(word in name for word in UNUSED)


def _belongs(file, pagename):
    own = OWN.search(str(getattr(file, "filename", file)))
    return not own or pagename == f"chapters/{own[1]}"


def _deferred(file):
    """The same script, run when the page is there. Inline scripts can't be, nor the options that they write into."""
    if "body" in file.attributes or "documentation_options" in str(file.filename):
        return file
    return type(file)(file.filename, priority=file.priority, defer="defer", **file.attributes)


def setup(app):
    app.connect("html-page-context", lighten, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
