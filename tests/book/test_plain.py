"""Can the notebooks of the branch `plain` be read and run where nobody knows MyST?"""

import re

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from conftest import GUESS, SITE
from tools import plain
from tools.notebooks import code_cells, in_order, markdown, read

CALLED = plain.names()
LEFT = re.compile(
    r"^ *(?:> *)*(?::{3,}|`{3,}\{|:[\w-]+: |\([\w-]+\)=)|\{[a-z:-]+\}`|\$\$ \(|\bNone\. ",
    re.MULTILINE,
)
LINKS = re.compile(r"\]\(([^)\s]*)\)")
FORMS = [
    (GUESS, "> **How many points does L2 gain over plain, stopped in time?**"),
    (":::{admonition} It helps — false\n:class: claim false\n\nNo.\n:::", "> **It helps — false**"),
    (":::{admonition} By the way\n:class: aside\n\nYes.\n:::", "> **By the way**\n> \n> Yes."),
    ("See {numref}`fig-l2-u`, {eq}`eq-l2-step`.", "See Fig. 2.6, 2.2."),
    ("$$\na\n$$ (eq-l2-step)", "$$\na\n\\tag{2.2} $$"),
    (":::{figure}\n:name: fig-l2-u\n\nA U.\n:::", "_Fig. 2.6. A U._"),
    ("[Solution](solutions/dropout.ipynb#log)", f"({plain.BOOK}chapters/dropout.html#dropout-log)"),
    ("[a](../benchmarks/together.md)", f"({plain.REPOSITORY}/blob/main/benchmarks/together.md)"),
    ("[a](#here), [b](https://a.org/(c))", f"({plain.BOOK}chapters/penalty.html#here), [b](https"),
]


@pytest.mark.parametrize("myst, words", FORMS)
def test_each_form_has_a_plain_one(myst, words, tmp_path):
    path = tmp_path / "penalty.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell(myst)]), path)
    text = markdown(plain.notebook(path, CALLED))
    assert words in text and not LEFT.search(text)


@pytest.mark.parametrize("path", in_order(), ids=lambda path: path.stem)
def test_nothing_of_myst_is_left_and_the_code_is_the_same(path):
    here = read(path)
    there = plain.notebook(path, CALLED)
    install, *cells = code_cells(there)
    assert cells == code_cells(here) and "--no-deps" in install.source
    text = markdown(there)
    assert LEFT.findall(text) == []
    pages = {}
    for link in LINKS.findall(text):
        assert link.startswith("https://"), link
        if link.startswith(plain.BOOK):
            name, _, anchor = link.removeprefix(plain.BOOK).partition("#")
            html = pages.setdefault(name, (SITE / name).read_text(encoding="utf-8"))
            assert not anchor or f'id="{anchor}"' in html, link


def test_the_first_cell_installs_what_is_missing_and_nothing_else(monkeypatch):
    ran = []
    code = re.sub("%pip (.*)", r"ran.append('\1')", plain.INSTALL)
    exec(code, {"ran": ran})
    assert ran == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(code, {"ran": ran})
    assert ran == [f"install --quiet --no-deps git+{plain.REPOSITORY}"]


@pytest.mark.parametrize("path", in_order(), ids=lambda path: path.stem)
def test_the_button_of_colab_opens_that_branch(path):
    page = (SITE / "chapters" / f"{path.stem}.html").read_text(encoding="utf-8")
    repository = plain.REPOSITORY.removeprefix("https://github.com")
    place = f"github{repository}/blob/plain/chapters/{path.name}"
    found = re.findall('href="https://colab.research.google.com/([^"]*)"', page)
    assert found == [place]
