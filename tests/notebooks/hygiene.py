"""What nbval does not check of a stored notebook. A fault is a text that names file and cell."""

import ast
import copy
import re
from itertools import zip_longest

from tools.notebooks import code_cells, contents, read
from tools.run_notebooks import OF_CELL, stored

# nbval compares not everything in a cell so marked; the others hide what a reader should see.
UNCHECKED_TAGS = re.compile(
    r"nbval-|raises-exception|skip-execution"
    r"|remove-(output|stderr|stdout|cell|input)|hide-(output|cell)"
)
UNCHECKED_COMMENTS = re.compile(r"^\s*(#+\s*(NBVAL_|PYTEST_VALIDATE_)|%%capture)", re.MULTILINE)
# Text that can't be the same on the next machine: addresses, folders, durations.
PATHS = r"/(home|tmp|Users|root|work)/|\b[A-Z]:\\"
DURATIONS = r"\b\d+(\.\d+)? ?(ns|µs|us|ms|s|seconds?)\b|ms/step"
UNSTABLE = re.compile(rf" at 0x[0-9a-f]{{6,}}|{PATHS}|{DURATIONS}")
# What HTML of regbook begins with.
OURS = ('<figure class="knob"', '<table class="results', '<div class="verdict"')


def faults(path):
    """Everything that is wrong with the notebook at `path`."""
    notebook = read(path)
    found = [*_faults_of_the_whole(notebook), *_faults_of_storing(notebook)]
    executions = 0
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            executions += 1
            inside = [*_faults_of_code(cell, executions), *_faults_of_outputs(cell)]
        else:
            images = images_without_alt(cell.source)
            inside = [f"the image {name} has no alt text" for name in images]
            inside += faults_of_boxes(cell.source)
        found += [f"cell {number}: {fault}" for fault in inside]
    return [f"{path.name}, {fault}" for fault in found]


def _faults_of_the_whole(notebook):
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3" or "language_info" not in notebook.metadata:
        yield "metadata: kernelspec python3 and language_info must be stored"
    if "widgets" in notebook.metadata:
        yield "metadata: a widget is stored"
    if not _starts_reproducibly(code_cells(notebook)[0].source):
        yield (
            "first code cell: it must import regbook and call reproducible(...) "
            "before anything of TensorFlow"
        )


def _faults_of_storing(notebook):
    """The first cell that `make notebooks` would store otherwise."""
    should_be = stored(copy.deepcopy(notebook)).cells
    for number, (cell, right) in enumerate(zip_longest(notebook.cells, should_be)):
        if cell != right:
            yield f"cell {number}: not the caption, or not folded, as `make notebooks` stores it"
            return


def _starts_reproducibly(source):
    """Whether regbook fixes the threads of TensorFlow before Keras could be imported."""
    imported = set()
    for part in parsed(source).body:
        if isinstance(part, ast.ImportFrom):
            imported.add(str(part.module).split(".")[0])
        elif isinstance(part, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, ast.Expr) and _called(part.value) == "reproducible":
            return "regbook" in imported and not imported & {"keras", "tensorflow"}
    return False


def _called(node):
    """The name of what is called: f in f(...) and in module.f(...)."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def parsed(source):
    """The syntax tree of a cell, without its magics."""
    return ast.parse(re.sub(r"^[%!].*", "", source, flags=re.MULTILINE))


def _prints(source):
    """Whether a print, claim or check runs in this cell, and is not only defined in it."""
    names = set()
    for part in parsed(source).body:
        if not isinstance(part, ast.FunctionDef | ast.ClassDef):
            names |= {_called(node) for node in ast.walk(part)}
    return not names.isdisjoint({"print", "claim", "check", "hint", "progress"})


def _faults_of_code(cell, executions):
    if cell.execution_count != executions:
        yield (
            f"its execution count is {cell.execution_count}, not {executions}: "
            "stripped, or not run from top to bottom"
        )
    if UNCHECKED_COMMENTS.search(cell.source):
        yield "a comment or magic switches checking off"
    if _prints(cell.source) and not any(out.get("name") == "stdout" for out in cell.outputs):
        yield "it prints, but its output is not stored"
    # nbval compares no pixels, so it does not miss a picture either.
    draws = re.search(r"^plt\.show\(\)", cell.source, re.MULTILINE)
    if draws and not any(_pictures(output) for output in cell.outputs):
        yield "it draws, but its figure is not stored"
    if re.search(PATHS, cell.source):
        yield "its code names a folder of one machine"
    superfluous = sorted(set(cell.metadata) - OF_CELL)
    if superfluous:
        yield f"its metadata holds {superfluous} (make notebooks removes it)"
    for tag in cell.metadata.get("tags", []):
        if UNCHECKED_TAGS.match(tag):
            yield f"the tag {tag!r} switches checking off"


def _faults_of_outputs(cell):
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "error":
            yield f"it stores {output.ename}: {output.evalue[:80]!r}"
        if output.get("name") == "stderr":
            yield f"it stores stderr: {output.text[:80]!r}"
        if any("widget" in kind for kind in data):
            yield "it stores a widget"
        if not data.get("text/html", OURS[0]).startswith(OURS):
            yield "it stores HTML of others, which may need a script or another host"
        texts = [str(form) for kind, form in data.items() if kind.startswith("text/")]
        unstable = UNSTABLE.search("\n".join([output.get("text", ""), *texts]))
        if unstable:
            yield f"it prints {unstable.group()!r}, which differs on another machine"
        if _pictures(output) == ["image/png"]:
            yield "its figure is a PNG alone, which nothing compares: import regbook's plots first"
        if _pictures(output):
            yield from _faults_of_figure(cell.metadata.get("mystnb", {}))


def _pictures(output):
    return [kind for kind in output.get("data", {}) if kind.startswith("image/")]


def _faults_of_figure(metadata):
    if len(metadata.get("image", {}).get("alt", "")) < 40:
        yield "its figure has no alt text that says what it shows (metadata mystnb.image.alt)"
    figure = metadata.get("figure", {})
    if not figure.get("caption") or not figure.get("name"):
        yield "its figure has no caption or name (metadata mystnb.figure)"
    lightness = re.search(
        r"\b(deep|pale|light|dark)(e?r|e?st)?\b", figure.get("caption", "").lower()
    )
    if lightness:
        yield f"its caption says {lightness[0]!r}, which turns round on a dark page"


BOX = re.compile(
    r"^(:{3,})\{admonition\} ([^\n]+)\n((?::\w+:[^\n]*\n)+)(.*?)^\1$", re.MULTILINE | re.DOTALL
)
CAME_OUT = {"true": "true", "false": "false", "depends": "it depends"}


def faults_of_boxes(markdown):
    """What the boxes of a text lack of what CONTRIBUTING.md says of guesses and claims."""
    for _, title, options, body in BOX.findall(markdown):
        classes = re.search(r"^:class: (.*)", options, re.MULTILINE)[1].split()
        ends = [f"— {word}" for kind, word in CAME_OUT.items() if kind in classes]
        if "claim" in classes and not (ends and title.endswith(ends[0])):
            yield f"the claim {title!r} does not end in what came out of it"
        if {"gain", "number", "word"} & set(classes):
            listed, _, answer = body.partition(":::{admonition}")
            choices = re.findall("^- ", listed, re.MULTILINE)
            if (
                ":name: guess-" not in options
                or len(choices) < 2
                or ":class: dropdown" not in answer
            ):
                yield f"the guess {title!r} needs a name guess-…, two choices or ends, an answer"


def images_without_alt(markdown):
    """Names of the images in Markdown or MyST text that have no alt text."""
    plain = re.findall(r"!\[\s*\]\(([^)]*)\)", markdown)
    tags = re.findall(r"<img[^>]*>", markdown)
    blocks = re.findall(r"[`:]{3,}\{(?:figure|image)\} (\S+)\n((?::[\w-]+:.*\n)*)", markdown)
    return [
        *plain,
        *(tag for tag in tags if not re.search(r'alt="[^"]+"', tag)),
        *(name for name, options in blocks if not re.search(r":alt: \S+", options)),
    ]


def toc_faults(root):
    """Pages in chapters/ that the table of contents does not name, and names without a page."""
    listed = {name for part in contents(root) for name in part}
    paths = [*root.glob("chapters/*.md"), *root.glob("chapters/*.ipynb")]
    there = {f"chapters/{path.stem}" for path in paths}
    unlisted = [f"{page}: not in _toc.yml" for page in sorted(there - listed)]
    return unlisted + [f"_toc.yml: {page} does not exist" for page in sorted(listed - there)]
