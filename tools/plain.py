"""Write the book's notebooks without MyST, numbered as `make book` does, for other viewers."""

import re

import nbformat
from bs4 import BeautifulSoup

from tools.notebooks import BOOK, REPOSITORY, ROOT, in_order, read

INSTALL = f"""from importlib.util import find_spec
if find_spec("regbook") is None:  # the helper package of the course: on Colab, say
    %pip install --quiet --no-deps git+{REPOSITORY}"""
NUMBERED = ":is(figure, table) .caption-number, .exercise > p:first-child, .eqno"
OPENS = r"^(`{3,}|:{3,})\{(\w+)\} *([^\n]*)\n((?::[\w-]+:[^\n]*\n)*)"  # kind, title, options
FENCE = re.compile(OPENS + r"\n*(.*?)\n*^\1 *$", re.DOTALL | re.MULTILINE)


def names():
    """What each figure, table, exercise and equation is called in the book, by its id."""
    called = {}
    for page in (ROOT / "_build/html/chapters").glob("*.html"):
        for title in BeautifulSoup(page.read_bytes(), "html.parser").select(NUMBERED):
            words = re.sub("[()#¶]", "", title.text).split()
            called[title.find_parent(id=True)["id"].removeprefix("equation-")] = " ".join(words)
    return called


def notebook(path, called):
    """The notebook at `path` in the Markdown of every viewer, and a first cell to run it by."""

    def box(match):
        _, kind, title, options, body = match.groups()
        name, body = re.search(r":(?:name|label): (\S+)", options), FENCE.sub(box, body)
        if kind in ("figure", "table"):
            return f"_{called[name[1]]}. {title or body}_" + f"\n\n{body}" * bool(title)
        head = called[name[1]] if kind == "exercise" else title
        return re.sub("(?m)^", "> ", f"**{head}**\n\n{body}")

    def address(match):
        place, _, anchor = match[1].partition("#")
        if place.startswith("../"):
            return f"]({REPOSITORY}/blob/main/{place[3:]})"
        name = place.removeprefix("solutions/").rpartition(".")[0] or path.stem
        anchor = f"{name}-{anchor}" if place.startswith("solutions/") else anchor
        return f"]({BOOK}chapters/{name}.html" + f"#{anchor}" * bool(anchor) + ")"

    found = read(path)
    for cell in [cell for cell in found.cells if cell.cell_type == "markdown"]:
        text = re.sub(r"\$\$ \((eq-[\w-]+)\)", r"\\tag{{eq}`\1`} $$", FENCE.sub(box, cell.source))
        text = re.sub(r"\{(?:numref|eq)\}`([\w-]+)`", lambda role: called[role[1]], text)
        cell.source = re.sub(r"\]\((?!https?:)([^)\s]*)\)", address, text)
    found.cells.insert(0, nbformat.v4.new_code_cell(INSTALL, id="install"))
    return found


if __name__ == "__main__":
    called, folder = names(), ROOT / "_build/plain/chapters"
    folder.mkdir(parents=True, exist_ok=True)
    for path in in_order():
        nbformat.write(notebook(path, called), folder / path.name)
