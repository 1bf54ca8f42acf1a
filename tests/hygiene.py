"""What nbval does not check of a stored notebook. Faults are text that names the file and the cell."""

import re
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "chapters").glob("**/*.ipynb"))

# nbval compares nothing, or not everything, in a cell so marked; the others hide what a reader should see.
UNCHECKED_TAGS = re.compile(
    r"nbval-|raises-exception|skip-execution|remove-(output|stderr|stdout|cell|input)|hide-(output|cell)"
)
UNCHECKED_COMMENTS = re.compile(r"#\s*(NBVAL_|PYTEST_VALIDATE_)")
# Text that can't be the same on the next machine.
UNSTABLE = re.compile(r" at 0x[0-9a-f]{6,}|/(home|tmp|Users|root|work)/|\b\d+(\.\d+)? ?(ms|µs)\b|ms/step")
PRINTS = re.compile(r"^(print|claim)\(", re.MULTILINE)


def faults(path):
    """Everything that is wrong with the notebook at `path`."""
    notebook = nbformat.read(path, as_version=4)
    found = list(_faults_of_the_whole(notebook))
    code = [(number, cell) for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for expected, (number, cell) in enumerate(code, start=1):
        found += [f"cell {number}: {fault}" for fault in _faults_of_code(cell, expected)]
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            found += [f"cell {number}: the image {name} has no alt text" for name in images_without_alt(cell.source)]
    return [f"{path.name}, {fault}" for fault in found]


def _faults_of_the_whole(notebook):
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3" or "language_info" not in notebook.metadata:
        yield "metadata: kernelspec python3 and language_info must be stored (make notebooks keeps them)"
    if "widgets" in notebook.metadata:
        yield "metadata: a widget is stored"
    first = next((cell.source for cell in notebook.cells if cell.cell_type == "code"), "")
    if "from regbook import" not in first or not re.search(r"^reproducible\(\d+\)", first, re.MULTILINE):
        yield "first code cell: it must import regbook and call reproducible(...) before anything else"


def _faults_of_code(cell, expected):
    if cell.execution_count != expected:
        yield f"its execution count is {cell.execution_count}, not {expected}: stripped, or not run from top to bottom"
    if PRINTS.search(cell.source) and not cell.outputs:
        yield "it prints, but its output is not stored"
    for tag in cell.metadata.get("tags", []):
        if UNCHECKED_TAGS.match(tag):
            yield f"the tag {tag!r} switches checking off"
    if UNCHECKED_COMMENTS.search(cell.source):
        yield "a comment switches checking off"
    for output in cell.outputs:
        if output.output_type == "error" or output.get("name") == "stderr":
            yield f"it stores {output.get('ename', 'stderr')}: {str(output.get('evalue', output.get('text')))[:80]!r}"
        data = output.get("data", {})
        if any("widget" in kind for kind in data):
            yield "it stores a widget"
        unstable = UNSTABLE.search(output.get("text", "") + str(data.get("text/plain", "")))
        if unstable:
            yield f"it prints {unstable.group()!r}, which differs on another machine"
        if any(kind.startswith("image/") for kind in data):
            figure = cell.metadata.get("mystnb", {})
            if len(figure.get("image", {}).get("alt", "")) < 40:
                yield "its figure has no alt text that says what it shows (metadata mystnb.image.alt)"
            if not figure.get("figure", {}).get("caption") or not figure["figure"].get("name"):
                yield "its figure has no caption or name (metadata mystnb.figure)"


def images_without_alt(markdown):
    """Names of the images in Markdown or MyST text that have no alt text."""
    plain = [name for alt, name in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", markdown) if not alt.strip()]
    html = [tag for tag in re.findall(r"<img[^>]*>", markdown) if not re.search(r'alt="[^"]+"', tag)]
    blocks = re.findall(r"[`:]{3,}\{(?:figure|image)\} (\S+)\n((?::[\w-]+:.*\n)*)", markdown)
    return plain + html + [name for name, options in blocks if not re.search(r":alt: \S+", options)]


def toc_faults(root):
    """Pages in chapters/ that no table of contents names, and names without a page."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    listed = {toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])}
    there = {
        str(p.relative_to(root).with_suffix("").as_posix())
        for p in (root / "chapters").glob("*.*")
        if p.suffix in (".md", ".ipynb")
    }
    return [f"{page}: not in _toc.yml" for page in sorted(there - listed)] + [
        f"_toc.yml: {page} does not exist" for page in sorted(listed - there)
    ]
