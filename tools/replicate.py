"""Draw all data and networks of the course anew, and record which claims hold: `make replicate`.

Every notebook with claims runs once on the book's seeds, for the book's numbers, and once for each
shift of them. The record is the end of a page.
"""

import os
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.notebooks import ROOT, code_cells, in_order, markdown, printed, read

PAGE = ROOT / "chapters/replication.md"
RECORD = "## The last record\n"  # below it, the page is written by this program
CLAIM = re.compile(
    r"^([✓✗]) (.+?)(?: \((above|below|within) (\S+) was claimed; ([^,]+),.*\))?$", re.MULTILINE
)
HOLDS = {"✓": "yes", "✗": "**no**", "": "**not reached**"}
NOT_REACHED = "", "", "", ""


@dataclass
class Run:
    """What a notebook printed on one set of seeds.

    claims: {text: (✓ or ✗, side, margin, numbers)}. printed: all of it. trouble: why it stopped
    before its end, or ''.
    """

    claims: dict = field(default_factory=dict)
    printed: str = ""
    trouble: str = ""


def run(path, shift):
    """Run the notebook at `path` with every seed moved by `shift`, and store nothing."""
    notebook, result = read(path), Run()
    client = NotebookClient(notebook, timeout=None)
    environment = os.environ | {"REGBOOK_SEEDS": str(shift)}
    try:
        client.execute(cwd=str(path.parent), env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        result.trouble = f"{error.ename}: {error.evalue}"
    for cell in code_cells(notebook):
        if "exercises" not in cell.source:
            text = "\n".join(map(printed, cell.outputs))
            result.printed += text + "\n"
            for mark, claim, *numbers in CLAIM.findall(text):
                result.claims[claim] = (mark, *numbers)
    return result


def record(paths, shifts):
    """The record as lines of Markdown; the last one says how many claims hold with every shift."""
    moved = " and ".join(map(str, shifts))
    versions = f"Keras {version('keras')}, NumPy {version('numpy')}"
    lines = [f"Every seed moved by {moved}; {versions}.", ""]
    holding, total, by_shift = 0, 0, dict.fromkeys(shifts, 0)
    for path in paths:
        book = _timed(path, 0)
        if book.trouble:
            raise RuntimeError(f"{path.name} stops even with the book's own seeds. {book.trouble}")
        if not book.claims:
            continue
        fresh = [_timed(path, shift) for shift in shifts]
        lines += [f"### [{_title(path)}]({path.name})", ""]
        columns = "".join(f" + {shift} |" for shift in shifts)
        lines += [f"| claim | margin | in the book |{columns} holds |"]
        lines += ["|---|---|---|" + "---|" * (len(shifts) + 1)]
        moves = [seen.printed != book.printed for seen in fresh]
        for text, (_, side, margin, verdict) in book.claims.items():
            again = [seen.claims.get(text, NOT_REACHED) for seen in fresh]
            marks = [claim[0] if moved else "✗" for claim, moved in zip(again, moves)]
            cells = [text, f"{side} {margin}" if side else "", verdict or "yes"]
            cells += [claim[3] or HOLDS[mark] for claim, mark in zip(again, marks)]
            cells += [HOLDS[next((mark for mark in marks if mark != "✓"), "✓")]]
            lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"]
            total, holding = total + 1, holding + all(mark == "✓" for mark in marks)
            for shift, mark in zip(shifts, marks):
                by_shift[shift] += mark == "✓"
        for shift, seen, moved in zip(shifts, fresh, moves):
            if seen.trouble:
                lines += ["", f"+ {shift}: stopped before its end. {seen.trouble}"]
            if not moved:
                lines += ["", f"+ {shift}: not one number moved, so nothing was drawn anew."]
        lines += [""]
    if not total:
        raise RuntimeError("no page prints a claim, so there is nothing to record")
    for shift, count in by_shift.items():
        lines += [f"With + {shift}, {count} of {total} claims hold."]
    return [*lines, "", f"{holding} of {total} claims hold."]


def shifts_of(words):
    """The shifts that are named, or two drawn for the occasion, far from every seed of the book."""
    words = words or [str(20 * random.SystemRandom().randrange(10**5, 5 * 10**7)) for _ in "ab"]
    shifts = [int(word) if re.fullmatch(r"\d{1,10}", word) else 0 for word in words]
    sound = all(0 < shift <= 10**9 and shift % 20 == 0 for shift in shifts)
    if not sound or len(set(shifts)) < len(shifts):
        raise ValueError(
            f"shifts must be different multiples of 20 from 20 to 1000000000, not {' '.join(words)}"
        )
    return shifts


def _timed(path, shift):
    begin = time.perf_counter()
    result = run(path, shift)
    seconds = time.perf_counter() - begin
    held = sum(mark == "✓" for mark, *_ in result.claims.values())
    holding = f"{held} of {len(result.claims)} hold"
    print(f"{path.stem}, seeds + {shift}: {holding}, {seconds:.0f} s", flush=True)
    return result


def _title(path):
    return re.search(r"^# (.+)", markdown(read(path)), re.MULTILINE)[1]


if __name__ == "__main__":
    try:
        shifts = shifts_of(sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
    print("Seeds move by", *shifts, flush=True)
    lines = record(in_order(), shifts)
    above = PAGE.read_text(encoding="utf-8").partition(RECORD)[0]
    PAGE.write_text("\n".join([above + RECORD, *lines, ""]), encoding="utf-8")
    print(lines[-1])
