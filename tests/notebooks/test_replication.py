"""Does a replication draw everything anew, report what fails, and name every claim?"""

import re

import keras
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from regbook import diabetes, digits, noisy_xor, reproducible, rng, seed_weights, wave
from regbook.exercises.penalty import exercises
from regbook.fitting.start import Start
from tools.notebooks import NOTEBOOKS, ROOT, outputs, printed, read
from tools.replicate import record, shifts_of


def drawn(seed):
    """Of everything that is drawn from a seed, some numbers."""
    values = [rng(seed, 1).random(5)]
    for make in (noisy_xor, digits, diabetes, wave):
        data = make(seeds=[seed])
        values += [data.train.x, data.train.y, data._test.x]
    for begin in (reproducible, seed_weights):
        begin(seed)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
        started = Start(keras.models.clone_model, {"model": model}).rows(seed)
        values += [*model.get_weights(), *started]
    return np.concatenate([np.ravel(value) for value in values])


def test_every_seed_moves_by_the_shift_but_those_of_exercises_do_not(monkeypatch, capsys):
    there = drawn(4007)
    monkeypatch.setenv("REGBOOK_SEEDS", "4000")
    np.testing.assert_array_equal(drawn(7), there)
    exercises.check("too close to call", (0.148, 0.055))
    assert capsys.readouterr().out == "✓ too close to call: right\n"
    # After a check of an exercise seeds go on moving.
    assert not np.array_equal(rng(7).random(2), np.random.default_rng([7]).random(2))


@pytest.mark.parametrize("shift", ["30", "-20", "many", "", "1e3", "2000000000"])
def test_a_shift_that_would_break_pairs_is_refused(shift, monkeypatch):
    monkeypatch.setenv("REGBOOK_SEEDS", shift)
    message = f"REGBOOK_SEEDS must be a multiple of 20 from 0 to 1000000000, not '{shift}'"
    with pytest.raises(ValueError, match=message):
        reproducible(0)


def test_shifts_are_drawn_or_named():
    assert shifts_of(["5000", "7000"]) == [5000, 7000] and shifts_of([]) != shifts_of([])
    for words in (["30"], ["0"], ["20", "20"], ["2000000000"], ["five"]):
        message = f"multiples of 20 from 20 to 1000000000, not {' '.join(words)}"
        with pytest.raises(ValueError, match=message):
            shifts_of(words)


def notebook(path, *cells):
    code = [new_code_cell(source) for source in ("import regbook as rb", *cells)]
    nbformat.write(new_notebook(cells=[new_markdown_cell(f"# {path.stem}"), *code]), path)
    return path


def test_a_tight_margin_a_stream_that_stands_still_and_a_stop_are_reported(tmp_path):
    moving = "scores = rb.rng(7).random((2, 20))\ngain = rb.compare(*scores)\n"
    tight = f"rb.claim('as in the book', scores[0, 0] == {rng(7).random()})"
    still = "rb.claim('certain', rb.compare([0.9, 0.8], [0.1, 0.2]), above=1)"
    stop = f"assert rb.rng(7).random() == {rng(7).random()}"
    paths = [
        notebook(tmp_path / "moving.ipynb", moving + tight, "rb.claim('wide', gain, within=90)"),
        notebook(tmp_path / "still.ipynb", still),
        notebook(tmp_path / "stops.ipynb", moving + "gain", stop, still),
        notebook(tmp_path / "silent.ipynb", "print(1)"),
    ]
    lines = record(paths, [5000])
    claims = [line for line in lines if line.startswith("| ") and "margin" not in line]
    rows = [re.split(" *\\| *", line)[1:-1] for line in claims]
    assert [(row[0], row[-1]) for row in rows] == [
        ("as in the book", "**no**"),
        ("wide", "yes"),
        ("certain", "**no**"),
        ("certain", "**not reached**"),
    ]
    book, fresh = rows[1][2:4]
    assert rows[1][1] == "within 90" and book != fresh and book.endswith("points")
    text = "\n".join(lines)
    assert text.count("not one number moved") == 1
    assert "stopped before its end. AssertionError" in text
    assert lines[-1] == "1 of 4 claims hold." and "silent" not in text
    with pytest.raises(RuntimeError, match="no page prints a claim"):
        record(paths[-1:], [5000])


def test_the_page_names_every_claim_of_the_chapters():
    page = (ROOT / "chapters/replication.md").read_text(encoding="utf-8")
    notebooks = [read(path) for path in NOTEBOOKS if path.parent.name == "chapters"]
    texts = [printed(output) for notebook in notebooks for output in outputs(notebook)]
    claims = re.findall(r"^✓ (.+)", "\n".join(texts), re.MULTILINE)
    assert claims and [text for text in claims if f"| {text} |" not in page] == []
