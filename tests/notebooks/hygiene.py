"""What nbval does not check of a stored notebook. Faults are text that names the file and the cell."""

import ast
import copy
import re
from itertools import zip_longest

from tools.notebooks import contents, read
from tools.run_notebooks import OF_CELL, stored

# nbval compares nothing, or not everything, in a cell so marked; the others hide what a reader should see.
UNCHECKED_TAGS = re.compile(
    r"nbval-|raises-exception|skip-execution|remove-(output|stderr|stdout|cell|input)|hide-(output|cell)"
)
UNCHECKED_COMMENTS = re.compile(r"^\s*(#+\s*(NBVAL_|PYTEST_VALIDATE_)|%%capture)", re.MULTILINE)
# Text that can't be the same on the next machine: addresses, folders, durations.
PATHS = r"/(home|tmp|Users|root|work)/|\b[A-Z]:\\"
UNSTABLE = re.compile(rf" at 0x[0-9a-f]{{6,}}|{PATHS}|\b\d+(\.\d+)? ?(ns|µs|us|ms|s|seconds?)\b|ms/step")


OURS = ('<figure class="knob"', '<table class="results"', '<div class="verdict"')  # HTML of regbook


def faults(path):
    """Everything that is wrong with the notebook at `path`."""
    notebook = read(path)
    found = list(_faults_of_the_whole(notebook))
    right = stored(copy.deepcopy(notebook)).cells
    odd = (number for number, (cell, other) in enumerate(zip_longest(notebook.cells, right)) if cell != other)
    found += [f"cell {number}: not the caption, or not folded, as `make notebooks` stores it" for number in odd][:1]
    code = [(number, cell) for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for expected, (number, cell) in enumerate(code, start=1):
        found += [f"cell {number}: {fault}" for fault in _faults_of_code(cell, expected)]
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            found += [f"cell {number}: the image {name} has no alt text" for name in images_without_alt(cell.source)]
    return [f"{path.name}, {fault}" for fault in found]


def _faults_of_the_whole(notebook):
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3" or "language_info" not in notebook.metadata:
        yield "metadata: kernelspec python3 and language_info must be stored (JupyterLab writes them)"
    if "widgets" in notebook.metadata:
        yield "metadata: a widget is stored"
    first = next((cell.source for cell in notebook.cells if cell.cell_type == "code"), "")
    if not _starts_reproducibly(first):
        yield "first code cell: it must import regbook and call reproducible(...) before anything of TensorFlow"


def _starts_reproducibly(source):
    """Whether regbook, which silences TensorFlow and fixes its threads, does so before Keras could be imported."""
    imported = set()
    for part in parsed(source).body:
        if isinstance(part, ast.Import | ast.ImportFrom):
            names = [part.module] if isinstance(part, ast.ImportFrom) else [alias.name for alias in part.names]
            imported |= {str(name).split(".")[0] for name in names}
        elif isinstance(part, ast.Expr) and _called(part.value) == "reproducible":
            return "regbook" in imported and not imported & {"keras", "tensorflow"}
    return False


def _called(node):
    """The name of what is called: f in f(...) and in module.f(...)."""
    return getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""


def parsed(source):
    """The syntax tree of a cell, without its magics."""
    return ast.parse(re.sub(r"^[%!].*", "", source, flags=re.MULTILINE))


def _prints(source):
    """Whether a print, claim or check runs in this cell, at any depth but in a function that is only defined here."""
    defined = (ast.FunctionDef, ast.ClassDef)
    names = {_called(node) for part in parsed(source).body if not isinstance(part, defined) for node in ast.walk(part)}
    return not names.isdisjoint({"print", "claim", "check", "hint", "progress"})


def _faults_of_code(cell, expected):
    if cell.execution_count != expected:
        yield f"its execution count is {cell.execution_count}, not {expected}: stripped, or not run from top to bottom"
    kinds = {kind for output in cell.outputs for kind in [output.get("name"), *output.get("data", {})]}
    if UNCHECKED_COMMENTS.search(cell.source):
        yield "a comment or magic switches checking off"
    if _prints(cell.source) and "stdout" not in kinds:
        yield "it prints, but its output is not stored"
    # nbval compares no pixels: it does not miss them either.
    if re.search(r"^plt\.show\(\)", cell.source, re.MULTILINE) and not any("image/" in str(kind) for kind in kinds):
        yield "it draws, but its figure is not stored"
    if re.search(PATHS, cell.source):
        yield "its code names a folder of one machine"
    if set(cell.metadata) - OF_CELL:
        yield f"its metadata holds {sorted(set(cell.metadata) - OF_CELL)} (make notebooks removes it)"
    for tag in cell.metadata.get("tags", []):
        if UNCHECKED_TAGS.match(tag):
            yield f"the tag {tag!r} switches checking off"
    for output in cell.outputs:
        if output.output_type == "error" or output.get("name") == "stderr":
            yield f"it stores {output.get('ename', 'stderr')}: {str(output.get('evalue', output.get('text')))[:80]!r}"
        data = output.get("data", {})
        if any("widget" in kind for kind in data):
            yield "it stores a widget"
        if not data.get("text/html", OURS[0]).startswith(OURS):
            yield "it stores HTML that is no knob, table or verdict, and may need a script or another host"
        text = [output.get("text", ""), *(str(value) for kind, value in data.items() if kind.startswith("text/"))]
        unstable = UNSTABLE.search("\n".join(text))
        if unstable:
            yield f"it prints {unstable.group()!r}, which differs on another machine"
        if "image/png" in data and "image/svg+xml" not in data:
            yield "its figure is a PNG alone, which nothing compares: import regbook's plots before it is drawn"
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
    listed = {name for part in contents(root) for name in part}
    there = {f"chapters/{path.stem}" for suffix in ("md", "ipynb") for path in root.glob(f"chapters/*.{suffix}")}
    unlisted = [f"{page}: not in _toc.yml" for page in sorted(there - listed)]
    return unlisted + [f"_toc.yml: {page} does not exist" for page in sorted(listed - there)]
