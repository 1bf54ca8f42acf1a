"""Sphinx extension: formulas, and Greek letters in the text, become MathML when the book is built.

Every current browser shows MathML by itself, and screen readers read it; so pages need no script
for it and ask no other host. The conversion is docutils's own; a formula that it can't convert is a
warning, and so stops the build.
"""

import html
import re
import xml.etree.ElementTree as ET

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
BLANK_BESIDE_SIGN = re.compile(r" (?=[±%≥≤=]( |\b|$))|(?<=[±≥≤=]) (?=\S)")

LETTER = re.compile("([α-ω](?:\N{NO-BREAK SPACE}[±≥≤=]\N{NO-BREAK SPACE}?\\S*)?)")


def to_mathml(node, display):
    ET.register_namespace("", NAMESPACE)
    try:
        mathml = tex2mathml(node.astext(), as_block=display)
    except MathError as error:
        logger.warning("formula can't become MathML: %s", error, location=node)
        return ""
    # XML knows none of HTML's named characters but these four.
    named = re.compile(r"&(?!lt;|gt;|amp;|quot;)[A-Za-z]+;")
    root = ET.fromstring(named.sub(lambda name: html.unescape(name.group()), mathml))
    for element in list(root.iter()):
        kind = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        # docutils sets the text under a brace as a subscript of the brace; it belongs below.
        if kind == "msub" and element[0].tag.endswith("munder") and element[0][-1].text == "⏟":
            element.tag = f"{{{NAMESPACE}}}munder"
        # And it sets the index of a letter with an accent below the letter; it is a subscript.
        if kind == "munderover" and element[2].text in ("ˆ", "~", "¯"):
            base, index, accent = element
            letter = ET.Element(f"{{{NAMESPACE}}}mover")
            letter.extend([base, accent])
            element[:] = [letter, index]
            element.tag = f"{{{NAMESPACE}}}msub"
    return ET.tostring(root, encoding="unicode")


def set_as_in_print(app, doctree):
    """A λ in a sentence is set as in the formula beside it; a number keeps its sign and its error.

    No line ends between them. A title stays text, which the browser's tab shows too.
    """
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, nodes.paragraph | nodes.emphasis | nodes.strong | nodes.caption):
            kept_together = BLANK_BESIDE_SIGN.sub("\N{NO-BREAK SPACE}", text)
            parts = LETTER.split(kept_together)  # every second one begins with a letter
            new = [nodes.Text(part) for part in parts]
            new[1::2] = map(_letter, parts[1::2])
            text.parent.replace(text, [node for node in new if node.astext()])


def _letter(part):
    """A Greek letter, and what it is said to be, which stay in one line."""
    letter, rest = nodes.math(part[0], part[0]), part[1:]
    # Browsers may break a line behind a formula, even before a no-break space.
    return nodes.inline("", "", letter, nodes.Text(rest), classes=["nowrap"]) if rest else letter


def visit_math(self, node):
    self.body.append(to_mathml(node, display=False))
    raise nodes.SkipNode


def visit_displaymath(self, node):
    # It scrolls where it is wider than the page; tabindex lets the keyboard do that.
    self.body.append(self.starttag(node, "div", CLASS="math-display", tabindex="0"))
    self.body.append(to_mathml(node, display=True))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>")
    raise nodes.SkipNode


def setup(app):
    app.connect("doctree-read", set_as_in_print)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
