"""Count the statements of the project's Python, by part and by file: `python -m tools.size`."""

import ast
import subprocess
from collections import Counter

from tools.notebooks import ROOT

# What `experiment` imports, but data sets, figures, evidence and tables.
ENGINE = ("src/regbook/experiments.py", "src/regbook/fitting/")
PARTS = {"src/regbook/exercises/": "exercises", "src/": "src", "tests/": "tests", "": "the rest"}


def statements(path):
    """How many statements a file holds, docstrings and imports among them."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return sum(isinstance(node, ast.stmt) for node in ast.walk(tree))


if __name__ == "__main__":
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True)
    sizes = {path: statements(path) for path in listed.stdout.split()}
    totals = Counter()
    for path, size in sizes.items():
        totals[next(part for start, part in PARTS.items() if path.startswith(start))] += size
        totals["of src, the engine"] += size * path.startswith(ENGINE)
        print(f"{size:5}  {path}")
    print("\n".join(f"{size:5}  {part}" for part, size in totals.items()))
