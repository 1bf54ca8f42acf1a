"""Are the words of a judgement those of the page, and is every judgement answered?"""

import re
from itertools import product

import numpy as np
import pytest

from conftest import ASKING, CHAPTERS
from regbook.evidence import Verdict
from regbook.exercises import of_chapter
from regbook.exercises.report import PARTS, Report, becomes
from tools.notebooks import ROOT, markdown, read

REPORTS = {
    label: exercise
    for path in ASKING
    for label, exercise in of_chapter(path.stem).by_label.items()
    if isinstance(exercise, Report)
}


@pytest.mark.parametrize("label", REPORTS)
def test_right_words_are_accepted_in_every_combination_and_no_others(label):
    report = REPORTS[label]
    right = {part: set(getattr(report, part)) for part in PARTS}
    assert all(right[part] <= set(PARTS[part]) for part in PARTS)
    for words in product(*PARTS.values()):
        accepted = report.mistake(words) is None
        assert accepted == all(word in right[part] for word, part in zip(words, PARTS))


def test_the_final_page_lists_the_words_and_all_faults_but_two_are_to_be_found():
    rows = re.findall(r"^\| (.+?) \| ", markdown(read(ROOT / "chapters/judge.ipynb")), re.MULTILINE)
    assert rows == [word for part, words in PARTS.items() for word in (part, *words)]
    faults = {fault for report in REPORTS.values() for fault in report.fault}
    assert len(PARTS["fault"]) - len(faults) == 2


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_lists_words_enough_for_its_reports(path):
    page = markdown(read(path))
    for part, words in PARTS.items():
        line = re.search(rf"^- {part.capitalize()}: .*$", page, re.MULTILINE)[0]
        listed = re.findall(r"\*([\w' ]+)\*", line)
        reports = of_chapter(path.stem).by_label.keys() & REPORTS
        right = {word for label in reports for word in getattr(REPORTS[label], part)}
        assert right <= set(listed) <= set(words)


@pytest.mark.parametrize(
    "answer, said",
    [
        ("one run", "three words"),
        (("one run", "more pairs"), "yours holds 2"),
        (("more pairs", "one run", "vanishes"), "is a remedy; in its place a fault is asked for"),
        (("one runs", "more pairs", "vanishes"), "for the fault. Did you mean “one run”? They are"),
        (("shared rows", "x" * 10**6, "vanishes"), "for the remedy. They are: more pairs"),
        (("none", "none", "stays"), "Something is wrong with it."),
        (("leak", "more pairs", "stays"), "“leak” would mean: something was computed"),
        (("one run", "none", "stays"), "The fault is right. But “none” means"),
        (("One  Run", "more pairs", "less sure"), "and remedy are right. The plain runs differ"),
    ],
)
def test_what_is_said_to_a_wrong_judgement(answer, said):
    assert said in of_chapter("judge").by_name["two runs"].mistake(answer)


def verdict(mean, error):
    """Of two seeds, so that `error` is its standard error."""
    return Verdict(mean + error * np.array([-1.0, 1.0]), "accuracy")


@pytest.mark.parametrize(
    "reported, mended, word",
    [
        (verdict(4, 0.5), verdict(4.5, 0.5), "stays"),
        (verdict(4, 0.5), verdict(4, 1), "less sure"),
        (4, verdict(6, 1), "grows"),
        (verdict(-4, 0.5), verdict(-2, 0.5), "shrinks"),
        (4, verdict(2.8, 0.1), "shrinks"),
        (4, verdict(1.5, 1), "vanishes"),
        (4, verdict(0.3, 0.1), "vanishes"),
        (4, verdict(-1, 0.6), "vanishes"),
        (-4, verdict(1, 0.4), "turns round"),
    ],
)
def test_what_becomes_of_a_gain(reported, mended, word):
    assert becomes(reported, mended) == word
