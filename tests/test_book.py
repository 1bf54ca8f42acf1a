"""Does the rendered book, as `make book` left it in _build/html, hold what the notebooks promise?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hygiene import ROOT
from test_exercises import CHAPTERS, exercises_of

PAGES = ROOT / "_build/html/chapters"


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
