"""Sphinx extension: a page loads only what it needs, and later what it does not need at once.

Of a chapter's elements half were the frames of names and brackets in its code, which look as their
surroundings; of its bytes, the pictures of its knobs, of which the page itself shows one.
"""

import json
import re
from pathlib import Path
from urllib.parse import urlparse

from docutils import nodes

from regbook.figures.strip import MEASURES

# Scripts and styles that other extensions add to every page, and that nothing in this book uses.
UNUSED = ("thebe", "THEBE", "design-tabs", "sphinx-design", "fontawesome")
OF_ONE_PAGE = re.compile(r"_static/(laboratory|welcome)\b")  # files for the page of this name
OF_STRIPS = ("_static/strip.js", "stripMeasures")  # what draws strips in the page
DRAWING = {"chapters/laboratory", "chapters/welcome"}
COLAB = re.compile("(//colab.*)/blob/[^/]+/")
SIZE = re.compile(r'style="width: (\d+)px; height: (\d+)px;?"')
# Names, punctuation and blanks in code: they have the ink of all code.
PLAIN_CODE = re.compile(r'<span class="(?:n|p|w)">(.*?)</span>')
KNOB = re.compile(
    r'(<figure class="knob" id="(knob-[\w-]+)".*?</figure>\s*)<script>(.*?)</script>', re.DOTALL
)


def lighten(app, pagename, templatename, context, doctree):
    for kind in ("script_files", "css_files"):
        files = [file for file in context.get(kind, ()) if not _unused(file)]
        context[kind] = [file for file in files if _belongs(file, pagename)]
    if pagename != "search":  # its own script needs the others at once
        context["script_files"] = [_deferred(file) for file in context["script_files"]]
    repository = app.config.html_theme_options["repository_url"]
    for launch in context.get("header_buttons", []):
        for button in launch.get("buttons", []):
            if "url" in button:  # Colab reads no MyST: tools/plain.py writes what it reads
                button["url"] = COLAB.sub(r"\1/blob/plain/", button["url"])
    footer = context.get("theme_extra_footer", "")
    context["theme_extra_footer"] = footer.format(repository=repository, page=pagename)
    context["site_path"] = urlparse(app.config.html_baseurl).path  # for the page 404.html
    # docutils gives deprecated roles to the entries of the bibliography; they are items of a list.
    body = context.get("body", "").replace(' role="doc-biblioentry"', ' role="listitem"')
    body = body.replace(' role="doc-backlink"', "")
    # A figure loads when the reader comes near; sizes as attributes keep its place free until then.
    body = SIZE.sub(r'width="\1" height="\2" loading="lazy"', body)
    body = PLAIN_CODE.sub(r"\1", body)
    # What opens folded code is called by the word that it shows.
    body = body.replace(' aria-label="Toggle hidden content"', "")

    def in_a_file(knob):
        figure, name, script = knob.groups()
        path = Path(app.outdir, "_static", f"{name}.js")
        path.write_text(script, encoding="utf-8")
        source = context["pathto"](f"_static/{name}.js", 1)
        element = f'Object.assign(document.createElement("script"), {{src: "{source}"}})'
        add = f"addEventListener('load', () => document.body.append({element}))"
        return f"{figure}<script>{add}</script>"

    context["body"] = KNOB.sub(in_a_file, body)


def name_helper_code(app, doctree):
    """Folded code that draws and prints nothing is no picture's code, and says so."""
    for cell in doctree.findall(nodes.container):
        if cell.get("hide_mode") and cell[-1].get("nb_element") != "cell_code_output":
            cell["prompt_show"] = "helper code"


def number_by_page(app, env):
    """Figures of a page without a number of its own are counted from 1, on each such page."""
    changed = []
    for page, kinds in env.toc_fignumbers.items():
        for numbers in kinds.values():
            if any(len(number) == 1 for number in numbers.values()):
                numbers |= {name: (place,) for place, name in enumerate(numbers, start=1)}
                changed.append(page)
    return changed


def _unused(file):
    return any(word in _text(file) for word in UNUSED)


def _text(file):
    """The address and the text of a script or style, as Sphinx keeps it."""
    return f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body', '')}"


def _belongs(file, pagename):
    of_one_page = OF_ONE_PAGE.search(str(getattr(file, "filename", file)))
    if any(word in _text(file) for word in OF_STRIPS):
        return pagename in DRAWING
    return not of_one_page or pagename == f"chapters/{of_one_page[1]}"


def _deferred(file):
    """The same script, run when the page is there.

    Inline scripts can't be put off, nor can the options that they write into.
    """
    if "body" in file.attributes or "documentation_options" in str(file.filename):
        return file
    return type(file)(file.filename, priority=file.priority, defer="defer", **file.attributes)


def setup(app):
    app.add_js_file(None, body=f"const stripMeasures = {json.dumps(MEASURES)};")
    app.connect("doctree-read", name_helper_code)
    app.connect("env-get-updated", number_by_page, priority=900)  # Sphinx counts through the book
    app.connect("html-page-context", lighten, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
