"""Does every chapter lead to the next, and is it called by its number?"""

import re
from itertools import pairwise

import pytest

from _ext.lists import text
from conftest import CHAPTERS, NOTEBOOKS, ROOT

PAGES = {path: text(path) for path in NOTEBOOKS}
PAGES |= {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("chapters/*.md"))}


@pytest.mark.parametrize("path, following", list(pairwise(CHAPTERS)), ids=lambda path: path.stem)
def test_every_chapter_leads_to_the_next(path, following):
    assert re.findall(r"^Next: \[[^]]+\]\((.+?)\)", PAGES[path], re.MULTILINE) == [following.name]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix())
def test_chapters_are_called_by_their_numbers(path):
    called = re.findall(r"\[(?:chapter )?(\d+)\]\(([\w-]+\.ipynb)\)", PAGES[path], re.IGNORECASE)
    called += [(number, path.name) for number in re.findall(r"^# Solutions to chapter (\d+)", PAGES[path])]
    names = [chapter.name for chapter in CHAPTERS]
    assert [(number, name) for number, name in called if name in names and names[int(number) - 1] != name] == []
