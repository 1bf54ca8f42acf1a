"""Do the exercises answer as a patient teacher would, and do pages, checks and solutions hold the same exercises?"""

import re
import time
from importlib import import_module

import nbformat
import numpy as np
import pytest
import yaml
from exercise_list import objectives
from places import ROOT

from regbook.exercises import LEVELS, Exercises, Function, Value
from regbook.exercises.run import run_safely

PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
CHAPTERS = [ROOT / f"{entry['file']}.ipynb" for entry in PARTS[0]["chapters"]]


def module(path):
    return path.stem.replace("-", "_")


def exercises_of(path):
    """Those of a chapter, fresh: nothing tried yet."""
    known = import_module(f"regbook.exercises.{module(path)}").exercises
    return Exercises(known.chapter, *known.by_name.values())


def submissions():
    for path in CHAPTERS:
        given = import_module(f"submissions_{module(path)}")
        for name, exercise in exercises_of(path).by_name.items():
            if isinstance(exercise, Function):
                right, wrong = given.RIGHT.get(name, []), given.WRONG.get(name, [])
                yield pytest.param(exercise, right, wrong, id=f"{path.stem}: {name}")


@pytest.mark.parametrize("exercise, right, wrong", list(submissions()))
def test_right_solutions_are_accepted_and_wrong_ones_understood(exercise, right, wrong):
    assert len(right) >= 3 and len(wrong) >= 5, "tests/submissions_….py: three or more in RIGHT, five or more in WRONG"
    assert [exercise.mistake(answer) for answer in right] == [None] * len(right)
    said = [exercise.mistake(answer) for answer, _ in wrong]
    missed = [(words, message) for (_, words), message in zip(wrong, said) if words not in (message or "")]
    assert not missed
    assert len(set(said)) >= 5, "five wrong submissions of the same kind show nothing"


def all_exercises():
    for path in CHAPTERS:
        for name, exercise in exercises_of(path).by_name.items():
            yield pytest.param(exercise, id=f"{path.stem}: {name}")


@pytest.mark.parametrize("exercise", list(all_exercises()))
def test_every_mistake_that_is_known_is_recognised(exercise):
    """Each wrong solution gets its own sentence: none is hidden by one before it, none is right."""
    for wrong, looks_like in getattr(exercise, "mistakes", ()):
        if isinstance(exercise, Function) or not callable(wrong):
            assert exercise.mistake(wrong) == looks_like


class Hostile:
    def __array__(self, *_, **__):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


SELF = []
SELF.append(SELF)
ANYTHING = ["text", b"bytes", {}, {1: 2}, set(), object(), Hostile(), SELF, [[1], [2, 3]], 1j, np.array(["a"]), int,
            float("nan"), float("inf"), [], np.zeros((3, 0)), np.zeros((2, 3, 4)), -1, range(3), 10**400, [None, 1],
            lambda: 1, lambda *_: None, iter([1])]  # fmt: skip


@pytest.mark.parametrize("exercise", list(all_exercises()))
def test_any_answer_gets_a_sentence(exercise):
    for answer in ANYTHING:
        message = exercise.mistake(answer)
        assert isinstance(message, str) and message
        if isinstance(exercise, Function) and not callable(answer):
            message = exercise.mistake(lambda *_, answer=answer: answer)
            assert isinstance(message, str) and message


@pytest.mark.parametrize("exercise", list(all_exercises()))
def test_what_is_not_filled_in_is_no_mistake(exercise, capsys):
    page = Exercises("page", exercise)
    page.check(exercise.name, ...)
    if isinstance(exercise, Function):
        page.check(exercise.name, lambda *_: ...)
    page.progress()
    printed = capsys.readouterr().out
    assert "✗" not in printed and "✓" not in printed and "0 of 1 done" in printed


def stubborn():
    end = time.monotonic() + 2  # long after it was given up, but no burden to the tests that follow
    while time.monotonic() < end:
        try:
            for _ in range(10):
                pass
        except BaseException:
            continue


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda: [None for _ in iter(int, 1)], "within"),
        (stubborn, "within"),
        (lambda: exit(), "SystemExit"),
        (lambda: 1 / 0, r"ZeroDivisionError in line \d+ of its cell: division by zero"),
        (lambda: np.ones(2) @ np.ones(3), "ValueError"),
        (lambda: (lambda f: f(f))(lambda f: f(f)), "RecursionError"),
        (lambda: undefined, "name 'undefined' is not defined"),  # noqa: F821
    ],
    ids=["endless", "stubborn", "exit", "division", "shapes", "recursion", "undefined"],
)
def test_a_reader_s_function_can_do_no_harm(function, said):
    result, trouble = run_safely(function, (), seconds=0.3)
    assert result is None and re.search(said, trouble)


def test_an_endless_function_is_stopped():
    turns = []
    run_safely(lambda: [turns.append(1) for _ in iter(int, 1)], (), seconds=0.1)
    before = len(turns)
    run_safely(lambda: sum(range(100_000)), ())
    assert len(turns) == before


def test_a_reader_s_function_can_t_change_what_the_next_one_gets():
    exercise = exercises_of(CHAPTERS[0]).by_name["shrink"]

    def spoil(w, amount):
        w[:] = 0
        return w

    exercise.mistake(spoil)
    assert exercise.mistake(lambda w, a: np.sign(w) * np.maximum(abs(w) - a, 0)) is None


def test_check_hint_and_progress(capsys):
    page = Exercises("page", Value(name="two", title="Two", kind="compute", level=1, minutes=1, objective=1,
                                   section="Twos", hints=("One more than one.", "Two."), right=2))  # fmt: skip
    page.check("two", 3)
    page.check("two", [2.0])
    page.hint("two"), page.hint("two"), page.hint("two")
    page.progress()
    assert capsys.readouterr().out.splitlines() == [
        "✗ two: It should be smaller.",
        "  Read again: “Twos”. For a hint: exercises.hint('two')",
        "✓ two: right",
        "Hint 1 of 2: One more than one.",
        "Hint 2 of 2: Two.",
        "Hint 2 of 2: Two.",
        "exercise  kind       minutes tries  hints  done",
        "two       compute    1       2      2      ✓",
        "1 of 1 done",
    ]
    for name in ("three", 3, None, []):
        with pytest.raises(ValueError, match="there are two"):
            page.check(name, 2)


def markdown(path):
    return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_page_and_checks_hold_the_same_exercises(path):
    text = markdown(path)
    blocks = re.findall(r"```\{exercise\} (.+)\n:label: ([\w-]+)\n\n\*([^*]+)\*", text)
    of_chapter = exercises_of(path)
    assert of_chapter.chapter == path.stem
    exercises = list(of_chapter.by_name.values())
    assert 4 <= len(exercises) <= 6
    slugs = [exercise.name.replace(" ", "-") for exercise in exercises]
    titles = [
        (e.title, f"{path.stem}-{slug}", f"{e.kind.capitalize()} · {LEVELS[e.level]} · {e.minutes} minutes.")
        for e, slug in zip(exercises, slugs)
    ]
    assert blocks == titles
    assert re.findall(r"^\[Solution\]\((.+)\)$", text, re.MULTILINE) == [
        f"solutions/{path.name}#{slug}" for slug in slugs
    ]
    headings = re.findall(r"^#{2,} (.+)$", text, re.MULTILINE)
    assert [e.section for e in exercises if e.section not in headings] == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_exercise_is_asked_and_solved(path):
    names = list(exercises_of(path).by_name)
    for notebook, mark in ((path, "○"), (path.parent / "solutions" / path.name, "✓")):
        cells = nbformat.read(notebook, as_version=4).cells
        printed = [
            line for cell in cells for out in cell.get("outputs", []) for line in out.get("text", "").splitlines()
        ]
        assert [name for name in names if any(line.startswith(f"{mark} {name}: ") for line in printed)] == names


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_objective_of_a_chapter_is_trained(path):
    listed = set(range(1, len(objectives(path)) + 1))
    assert len(listed) >= 3
    assert {exercise.objective for exercise in exercises_of(path).by_name.values()} == listed
