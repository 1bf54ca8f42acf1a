"""Is every chapter named wherever a reader or a teacher looks for it, by its number and its minutes?"""

import re
from itertools import pairwise

import pytest
from places import NOTEBOOKS, ROOT
from test_exercises import CHAPTERS, PARTS, markdown

PAGES = [*NOTEBOOKS, *sorted((ROOT / "chapters").glob("*.md"))]
NUMBER = {path.name: str(number) for number, path in enumerate(CHAPTERS, start=1)}


def text(path):
    return markdown(path) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")


def test_the_welcome_page_lists_every_chapter_and_its_minutes():
    rows = re.findall(r"^\|.*\]\(([\w-]+\.ipynb)\).*?\| (\d+) \|", text(ROOT / "chapters/welcome.md"), re.MULTILINE)
    paths = [ROOT / f"{entry['file']}.ipynb" for part in PARTS[:2] for entry in part["chapters"]]
    minutes = [re.search(r"^\*.*?about (\d+) minutes", text(path), re.MULTILINE | re.IGNORECASE) for path in paths]
    assert [path.name for path, found in zip(paths, minutes) if not found] == [], "no line '*About 30 minutes. …*'"
    assert rows == [(path.name, found[1]) for path, found in zip(paths, minutes)]


def test_the_teachers_page_lists_the_exercises_of_every_chapter():
    listed = re.findall(r"^```\{exercise-list\} (\S+)$", text(ROOT / "chapters/exercises.md"), re.MULTILINE)
    assert listed == [path.stem for path in CHAPTERS]


@pytest.mark.parametrize("path, following", list(pairwise(CHAPTERS)), ids=lambda path: path.stem)
def test_every_chapter_leads_to_the_next(path, following):
    assert re.findall(r"^Next: \[[^]]+\]\((.+?)\)", text(path), re.MULTILINE) == [following.name]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix())
def test_chapters_are_called_by_their_numbers(path):
    called = re.findall(r"\[(?:chapter )?(\d+)\]\(([\w-]+\.ipynb)\)", text(path), re.IGNORECASE)
    if path.parent.name == "solutions":
        called += [(number, path.name) for number in re.findall(r"^# Solutions to chapter (\d+)", text(path))]
        assert called
    assert [(number, name) for number, name in called if NUMBER.get(name) != number] == []
