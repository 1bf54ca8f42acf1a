"""Do the exercises answer as a patient teacher would, and do pages hold the same exercises?"""

import re

import numpy as np
import pytest
from submissions import RIGHT, WRONG

from book.extensions.lists import objectives
from conftest import ASKING
from regbook.exercises import Break, Exercises, Function, Value, of_chapter
from regbook.exercises.exercise import UNANSWERED
from regbook.exercises.report import PARTS, Report
from tools.notebooks import markdown, outputs, read


def exercises_of(path):
    """Those of a chapter, fresh: nothing tried yet."""
    known = of_chapter(path.stem)
    return Exercises(known.chapter, *known.by_name.values())


EXERCISES = {
    f"{path.stem}: {name}": e for path in ASKING for name, e in exercises_of(path).by_name.items()
}
HEAD = {"name": "two", "title": "Two", "level": 1, "minutes": 1, "objective": 1}
HEAD |= {"section": "Twos", "hints": ("One and one.", "Two.")}
each_chapter = pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
each_exercise = pytest.mark.parametrize("name", EXERCISES)


@pytest.mark.parametrize("name", {**RIGHT, **WRONG})
def test_right_submissions_are_accepted_and_wrong_ones_understood(name):
    mistake = EXERCISES[name].mistake
    assert {mistake(answer) for answer in RIGHT.get(name, [])} <= {None}
    said = [(words, mistake(answer) or "right") for answer, words in WRONG.get(name, [])]
    assert [(words, message) for words, message in said if words not in message] == []


@each_exercise
def test_every_mistake_that_is_known_is_recognised(name):
    """Each wrong solution gets its own sentence: none is hidden by one before it, none is right."""
    exercise = EXERCISES[name]
    for wrong, looks_like in getattr(exercise, "mistakes", ()):
        if isinstance(exercise, Report):  # its mistakes are words, one of an answer
            right = {part: getattr(exercise, part)[0] for part in PARTS}
            wrong = [wrong if wrong in PARTS[part] else right[part] for part in PARTS]
        if callable(wrong) == isinstance(exercise, Function):
            assert exercise.mistake(wrong) == looks_like


SELF = []
SELF.append(SELF)
ANYTHING = ["text", b"bytes", {}, {1: 2}, set(), object(), int, range(3), iter([1])]
ANYTHING += [SELF, [], [[1], [2, 3]], [None, 1], lambda: 1, lambda *_: None]
ANYTHING += [-1, 1j, 10**400, float("nan"), float("inf")]
ANYTHING += [np.array(["a"]), np.zeros((3, 0)), np.zeros((2, 3, 4))]


@each_exercise
def test_any_answer_gets_a_sentence(name):
    exercise = EXERCISES[name]
    for answer in ANYTHING:
        messages = [exercise.mistake(answer)]
        if isinstance(exercise, Function) and not callable(answer):
            messages.append(exercise.mistake(lambda *_, answer=answer: answer))
        assert all(isinstance(message, str) and message for message in messages), answer


@each_exercise
def test_what_is_not_filled_in_is_no_mistake(name, capsys):
    exercise = EXERCISES[name]
    page = Exercises("page", exercise)
    page.check(exercise.name, ...)
    if isinstance(exercise, Function):
        page.check(exercise.name, lambda *_: ...)
    page.progress()
    printed = capsys.readouterr().out
    assert "✗" not in printed and "✓" not in printed and "0 of 1 done" in printed


@pytest.mark.parametrize(
    "got, want, said",
    [
        ([4.0, -3.0], [-4.0, 3.0], "the sign is not"),
        ([2.0, 6.0], [1.0, 3.0], "twice as large"),
        ([7.0, 21.0], [1.0, 3.0], "summed where it should be averaged"),
        (
            [[1.0, 3.0], [2.0, 4.0]],
            [[1.0, 2.0], [3.0, 4.0]],
            "in the wrong places. Is something transposed?",
        ),
        (
            [1.0, 3.0],
            [1.0, 8.0],
            "In trial 1 of 1 entry [1] is 3; it should be larger. (1 of 2 entries",
        ),
        ([1.0, 3.0], [1.0, -2.0], "it should be negative"),
        (3.0, 9.0, "a root were taken"),
        (3.0, 4.0, "it gives 3; it should be larger"),
    ],
)
def test_a_mistake_that_no_row_knows_is_told_by_its_numbers(got, want, said):
    rows = (np.zeros((7, 30)),)
    exercise = Function(**HEAD, cases=(rows,), right=(lambda x: want,), mistakes=())
    assert said in exercise.mistake(lambda x: got) and exercise.mistake(lambda x: want) is None


def test_to_break_a_claim_takes_a_prediction_and_a_setting():
    exercise = Break(**HEAD, lowest=0, highest=9, quantity="the square", near=0.5,
                     trial=lambda x: (x**2, None if x > 2 else "Too small."))  # fmt: skip
    assert exercise.mistake((9.4, 3)) is None and exercise.mistake([1, 1]) == "Too small."
    assert "not within 0.5 of your prediction, 4" in exercise.mistake((4, 3))
    assert "between 0 and 9" in exercise.mistake((100, 10)) and "two numbers" in exercise.mistake(3)
    assert exercise.mistake((..., 3)) == UNANSWERED


def stops(*case):
    return np.linalg.inv(np.zeros((2, 2)))


STOPS_IN = stops.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    "function, said",
    [
        (stops, f"It stopped with LinAlgError in line {STOPS_IN} of its cell: Singular matrix."),
        (lambda *case: undefined, "of its cell: name 'undefined' is not defined."),  # noqa: F821
        (lambda *case: (lambda f: f(f))(lambda f: f(f)), "RecursionError"),
    ],
    ids=["error", "name", "recursion"],
)
def test_a_function_that_stops_is_told_where(function, said):
    assert said in EXERCISES["l2-keras: bill"].mistake(function)


def spoil(kernels, biases, strength):
    kernels.pop()
    return 0.1


def test_a_reader_s_function_can_t_change_what_the_next_one_gets():
    exercise = EXERCISES["l2-keras: bill"]
    assert "changes what it is given" in exercise.mistake(spoil)
    assert exercise.mistake(exercise.right[0]) is None


def test_check_hint_and_progress(capsys):
    page = Exercises("page", Value(**HEAD, right=2))
    page.check("two", 3)
    page.check("two", [2.0])
    page.hint("two"), page.hint("two"), page.hint("two")
    page.progress()
    assert capsys.readouterr().out.splitlines() == [
        "✗ two: It should be smaller.",
        "  Read again: “Twos”. For a hint: exercises.hint('two')",
        "✓ two: right",
        "Hint 1 of 2: One and one.",
        "Hint 2 of 2: Two.",
        "Hint 2 of 2: Two.",
        "exercise  kind       minutes tries  hints  done",
        "two       compute    1       2      2      ✓",
        "1 of 1 done",
    ]
    for name in ("three", 3, None, []):
        with pytest.raises(ValueError, match="there are two"):
            page.check(name, 2)


@each_chapter
def test_page_and_checks_hold_the_same_exercises(path):
    page, exercises = markdown(read(path)), of_chapter(path.stem)
    assert exercises.chapter == path.stem and 4 <= len(exercises.by_label)
    labels = re.findall(r"^```\{exercise\}\n:label: ([\w-]+)$", page, re.MULTILINE)
    assert labels == list(exercises.by_label)
    links = re.findall(r"^\[Solution\]\((.+)\)$", page, re.MULTILINE)
    sections = [label.removeprefix(f"{path.stem}-") for label in labels]
    assert links == [f"solutions/{path.name}#{section}" for section in sections]
    sections = set(re.findall(r"^#{2,} (.+)$", page, re.MULTILINE))
    assert [e.section for e in exercises.by_name.values() if e.section not in sections] == []


@each_chapter
def test_every_objective_of_a_chapter_is_trained(path):
    promised = len(objectives(path))
    trained = {exercise.objective for exercise in exercises_of(path).by_name.values()}
    assert promised >= 3 and trained == set(range(1, promised + 1))


@each_chapter
@pytest.mark.parametrize("folder, mark", [(".", "○"), ("solutions", "✓")], ids=["asked", "solved"])
def test_every_exercise_is_asked_and_solved(path, folder, mark):
    notebook = read(path.parent / folder / path.name)
    printed = "\n".join(output.get("text", "") for output in outputs(notebook))
    starts = [f"{mark} {name}: " for name in exercises_of(path).by_name]
    assert [start for start in starts if f"\n{start}" not in f"\n{printed}"] == []
