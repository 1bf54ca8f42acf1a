"""Are chapters called by their numbers, their minutes honest, their figures of one style?"""

import re
from itertools import pairwise

import pytest

from conftest import CHAPTERS
from tools.notebooks import NOTEBOOKS, ROOT, markdown, outputs, printed, read, shown

PAGES = {path: markdown(read(path)) for path in NOTEBOOKS}
PAGES |= {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("chapters/*.md"))}


@pytest.mark.parametrize("path, following", list(pairwise(CHAPTERS)), ids=lambda path: path.stem)
def test_every_chapter_leads_to_the_next(path, following):
    assert re.findall(r"^Next: \[[^]]+\]\((.+?)\)", PAGES[path], re.MULTILINE) == [following.name]


@pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix()
)
def test_chapters_are_called_by_their_numbers(path):
    called = re.findall(r"\[(?:chapter )?(\d+)\]\(([\w-]+\.ipynb)\)", PAGES[path], re.IGNORECASE)
    for number in re.findall(r"^# Solutions to chapter (\d+)", PAGES[path]):
        called.append((number, path.name))
    names = [chapter.name for chapter in CHAPTERS]
    for number, name in called:
        assert name not in names or names[int(number) - 1] == name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_figure_has_one_size_of_letters(path):
    figures = [shown(output, "image/svg+xml") for output in outputs(read(path))]
    for figure in filter(None, figures):
        assert "svg{font-size:13px}" in figure, "drawn before regbook.plots was imported"
        assert set(re.findall(r"font-size: ([\d.]+\w+)", figure)) <= {"0.7em"}  # exponents


def cost(path):
    """(visible lines of code, folded ones, minutes) of a page, as CONTRIBUTING.md counts them.

    Exercises do not count.
    """
    words, code, output, figures = 0, {True: 0, False: 0}, 0, 0
    for cell in read(path).cells:
        text, exercises, _ = cell.source.partition("## Exercises")
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and "remove-cell" not in tags:  # but captions
            words += len(re.sub(r"\]\([^)]*\)|\$[^$]*\$|[^\w\s’'-]", " ", text).split())
        elif cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip()]
            code["hide-input" in tags] += len(lines)
            for out in cell.outputs:
                drawn = bool(shown(out, "image/svg+xml")) or "knob" in shown(out, "text/html")
                figures += drawn
                output += 0 if drawn else len(printed(out).splitlines())
        if exercises:
            break
    return code[False], code[True], words / 180 + code[False] / 12 + output / 15 + figures / 2


TEXTS = sorted(path for path in NOTEBOOKS if path.parent.name == "chapters")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_minutes_are_honest_and_code_is_little(path):
    visible, folded, minutes = cost(path)
    promised = int(re.search(r"About (\d+) minutes", PAGES[path])[1])
    assert promised <= 45 and 0.8 * minutes <= promised <= 1.25 * minutes, round(minutes)
    assert visible <= 160 and folded <= 110, (visible, folded)
