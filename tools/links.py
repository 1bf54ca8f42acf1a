"""Ask every outside link of the book whether it is still there: `make links`. Ends with 1 where one is not.

Sphinx asks. A host that answers 403 refuses robots, as many publishers do: such links are listed, to be opened by hand.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from places import ROOT

FOLDER = ROOT / "_build/links"  # not the book's: Sphinx would write over it


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--all", "-n", "--keep-going"]
    result = subprocess.run(
        [*command, "--builder", "linkcheck", "--path-output", FOLDER], cwd=ROOT, capture_output=True, text=True
    )
    answers = FOLDER / "_build/html/output.json"
    if not answers.exists():
        sys.exit(f"The links could not be looked at.\n{result.stdout}{result.stderr}")
    said, broken = report([json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()])
    print(said)
    sys.exit(1 if broken else 0)


def report(answers):
    """What to print about the answers as Sphinx writes them, and how many links are broken."""
    # Sphinx does not look at links within one page; tests/test_browser.py does, in the built book.
    asked = [answer for answer in answers if answer["status"] != "unchecked"]
    bad = [answer for answer in asked if answer["status"] in ("broken", "timeout")]
    refused = [answer for answer in bad if answer["info"].startswith("403 ")]
    lost = [answer for answer in bad if answer not in refused]
    lines = [f"{answer['filename']}: {answer['uri']}\n    {answer['info'] or answer['status']}" for answer in lost]
    lines += [f"{answer['filename']}: {answer['uri']}\n    refuses robots: open it by hand" for answer in refused]
    lines.append(
        f"{len(asked)} links: {len(asked) - len(bad)} answer, {len(refused)} refuse robots, {len(lost)} broken."
    )
    return "\n".join(lines), len(lost)


if __name__ == "__main__":
    main()
