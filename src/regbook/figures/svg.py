"""A figure as SVG that is the same text on every machine, and takes inks and letters from the page around it.

Light or dark, it reads on both. Letters are laid out large, for a figure shrunk to a phone, and shown smaller where it
is shown at its size: so none can collide or be cut.
"""

import base64
import io
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
from PIL import Image

from regbook.figures.colours import INKS

_STYLE = "svg{%s}@media(prefers-color-scheme:dark){svg{%s}}"
_STYLE += "*{stroke-linejoin:round}svg{fill:var(--ink);font-family:sans-serif}"  # Matplotlib leaves out a black fill
_LETTERS = "svg{font-size:%.4gpx}@media(min-width:%dpx){svg{font-size:%.4gpx}}"
_SHOWN = 11 / 13  # of the letters' size, where the figure is shown at its own
_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def as_svg(figure):
    """The figure as the text of an SVG document: no date, no random names, coordinates to a tenth of a pixel.

    figure: a Matplotlib figure; its images drawn with interpolation="none", or their pixels are not kept as they are.

    Example: as_svg(plt.gcf())
    """
    text = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none"}):
        figure.savefig(text, format="svg", facecolor="white", metadata=_NOTHING)
    root = ElementTree.fromstring(text.getvalue())
    used = re.findall(r'(?:url\(#|href="#)([^)"]+)', text.getvalue())
    # Numbered in their order, since Matplotlib makes names of unrounded coordinates.
    names = {name: f"i{number}" for number, name in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        _clean(element, names)
    _unwrap(root)
    style = ElementTree.Element("style")
    size, width = plt.rcParams["font.size"], figure.get_figwidth() * 96  # pixels of a page to an inch
    drawn = "var(--ink)" + ElementTree.tostring(root, encoding="unicode")
    inks = [(name, *pair) for pair in INKS.items() if f"var(--{(name := pair[1][0])})" in drawn]
    light = "".join(f"--{name}:{light};" for name, light, _ in inks)
    dark = "".join(f"--{name}:{dark};" for name, _, (_, dark) in inks)
    style.text = _STYLE % (light, dark) + _LETTERS % (size, 0.8 * width, _SHOWN * size)
    root.insert(0, style)
    root.set("xmlns", _SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode")


def as_png(figure):
    """The figure as a small PNG on white, for where no SVG is shown: JupyterLab before it trusts a notebook."""
    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, facecolor="white")
    Image.open(drawn).convert("RGB").quantize(64).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _clean(element, names):
    element.tag = element.tag.removeprefix(_SVG)
    element.text, element.tail = (element.text or "").strip(), None
    attributes = {key.removeprefix(_XLINK): value for key, value in element.attrib.items()}
    element.attrib.clear()
    for key, value in attributes.items():
        if key == "id":
            value = names.get(value, "")
        elif key in ("d", "x", "y", "points", "transform"):
            # A tenth of a pixel is enough, and the same wherever the last bits of the coordinates differ.
            value = re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number.group()), 1) + 0.0:g}", value)
            value = re.sub(r"^rotate\(-?0 .*\)$", "", " ".join(value.split()))
            value = re.sub(r"( L \S+ \S+)\1+", r"\1", value)  # points that fall together
        elif key == "style":
            value = re.sub(r"font-family: [^;]*(; )?", "", value)
            value = re.sub(r"font-size: ([\d.]+)px(; )?", _letters, value)
            value = re.sub(r"#[0-9a-f]{6}", lambda ink: _ink(ink.group()), value)
        elif value.startswith("data:"):
            value = _as_bitmap(value.partition(",")[2])
        elif key in ("href", "clip-path"):
            value = re.sub(r"(?<=#)[^)]+", lambda name: names[name.group()], value)
        if value:
            element.set(key, value)


def _letters(size):
    """A size of letters, as a share of the figure's; nothing where it is that."""
    share = float(size[1]) / plt.rcParams["font.size"]
    return "" if share == 1 else f"font-size: {share:.2g}em{size[2] or ''}"


def _ink(color):
    return f"var(--{INKS[color][0]})" if color in INKS else color


def _as_bitmap(packed):
    """A PNG as a BMP: how a PNG is packed differs from processor to processor."""
    bitmap = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(packed))).convert("RGB").save(bitmap, "BMP")
    return "data:image/bmp;base64," + base64.b64encode(bitmap.getvalue()).decode()


def _unwrap(element):
    """Drop what holds or says nothing, and let a group say the style of its children once."""
    children = []
    for child in element:
        _unwrap(child)
        if child.tag == "g" and not child.attrib:
            children += child
        elif child.tag not in ("metadata", "style") and (len(child) or child.attrib):
            children.append(child)
    element[:] = children
    styles = {child.get("style") for child in children}
    if element.tag == "g" and "style" not in element.attrib and len(children) > len(styles) == 1 and None not in styles:
        element.set("style", styles.pop())
        for child in children:
            del child.attrib["style"]
