"""Does the rendered book, as `make book` left it in _build/html, hold what the notebooks promise?"""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT, SITE
from test_exercises import CHAPTERS, exercises_of

PAGES = SITE / "chapters"


def solutions(page):
    """The titles of the folded solutions of a rendered page."""
    html = page.read_text(encoding="utf-8")
    return [
        title
        for opening, title in re.findall(
            r'<div class="(solution[^"]*)"[^>]*>\s*<p class="admonition-title">(.*?)</p>', html
        )
        if "dropdown" in opening
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_exercise_has_its_solution_folded_below(path):
    page = PAGES / f"{path.stem}.html"
    assert page.exists(), "make book builds it"
    text = page.read_text(encoding="utf-8")
    labels = [f"{path.stem}-{name.replace(' ', '-')}" for name in exercises_of(path).by_name]
    assert [label for label in labels if f'id="{label}"' not in text] == []
    assert len(solutions(page)) == len(labels)
    for label, title in zip(labels, solutions(page)):
        assert f"#{label}" in title


def test_the_book_for_a_class_holds_no_solution(tmp_path):
    book = Path(sys.executable).with_name("jupyter-book")
    command = [book, "build", ".", "-W", "-n", "--keep-going", "--path-output", tmp_path]
    env = os.environ | {"REGBOOK_SOLUTIONS": "hide"}
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    for path in CHAPTERS:
        page = tmp_path / "_build/html/chapters" / f"{path.stem}.html"
        assert "exercises" in page.read_text(encoding="utf-8") and "solutions/" not in page.read_text(encoding="utf-8")
        assert solutions(page) == []


def linked(page, pattern):
    """The files of the book that the page names by `pattern`."""
    names = re.findall(pattern, page.read_text(encoding="utf-8"))
    return [(page.parent / name.partition("?")[0]).resolve() for name in names if "://" not in name]


def test_every_page_says_what_it_is():
    said = {}
    for page in sorted(PAGES.glob("*.html")):
        html = page.read_text(encoding="utf-8")
        title = re.search("<title>(.+?)</title>", html, re.DOTALL).group(1)
        description = re.search('<meta name="description" content="(.+?)">', html).group(1)
        assert len(title) > 10 and 40 < len(description) < 200, page.name
        said[page.name] = (title, description)
        card = re.search('<meta property="og:image" content="(.+?)">', html).group(1)
        assert (SITE / "_images" / card.rpartition("/")[2]).is_file()
        assert linked(page, '<link rel="icon"[^>]*href="([^"]*)"')[0].is_file()
    assert len({title for title, _ in said.values()}) == len({text for _, text in said.values()}) == len(said)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.html")), ids=lambda page: page.stem)
def test_the_first_view_is_light(page):
    """Under 600 KB as static hosts send it; of our own script at most 30 KB where there are knobs, none elsewhere."""
    html = page.read_text(encoding="utf-8")
    files = linked(page, r'<script[^>]*src="([^"]*)"') + linked(page, r'<link[^>]*rel="stylesheet"[^>]*href="([^"]*)"')
    files += linked(page, r'<link href="([^"]*)" rel="stylesheet"')
    assert len(files) > 5 and all(file.is_file() for file in files)
    sent = sum(len(gzip.compress(data)) for data in [html.encode(), *(file.read_bytes() for file in files)])
    assert sent + sum(font.stat().st_size for font in (SITE / "_static").glob("*.woff2")) < 600_000
    article = html[html.index("<article") : html.index("</article>")]
    script = sum(map(len, re.findall("<script>(.*?)</script>", article, re.DOTALL)))
    assert (100 < script < 30_000) if 'class="knob"' in article else script < 100  # the theme has a line of its own
