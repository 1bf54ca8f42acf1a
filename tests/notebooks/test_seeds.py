"""Does every notebook draw seeds of its own? What one has looked at would be no test in another."""

import ast
from contextlib import suppress
from inspect import signature
from itertools import combinations

from hygiene import parsed

import regbook
from regbook.data import for_seeds
from tools.notebooks import ROOT, code_cells, read

DRAWING = {f"{package}{name}": (name, signature(getattr(regbook, name)))
           for name in ("noisy_xor", "digits", "diabetes", "wave", "split", "rng")
           for package in ("", "rb.", "regbook.")}  # fmt: skip
DRAWING["for_seeds"] = "for_seeds", signature(for_seeds)


def drawn(source):
    """The seeds on which code draws, and the divisions of the images; ValueError for data whose seeds can't be read."""
    known, found = {"range": range, "list": list}, set()
    for statement in parsed(source).body:
        for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
            name, takes = DRAWING.get(ast.unparse(call.func), ("", None))
            given = (
                takes and takes.bind_partial(*call.args, **{k.arg: k.value for k in call.keywords if k.arg}).arguments
            )
            if name == "rng":
                with suppress(NameError):  # a name: the numbers of seeds that are drawn elsewhere go on
                    found.add(value_of(given["seed"], known))
            elif name and not ast.unparse(given.get("seeds", call)).endswith(".seeds"):  # of other data
                try:
                    seeds = value_of(given["seeds"], known)
                except (KeyError, NameError):
                    raise ValueError(f"no seeds are written in {ast.unparse(call)}") from None
                found |= {*seeds, *(f"division {seed // 20}" for seed in seeds if name == "digits")}
        if isinstance(statement, ast.Assign):
            with suppress(Exception):  # what is no constant
                known[statement.targets[0].id] = value_of(statement.value, known)
    return found


def value_of(node, known):
    return eval(ast.unparse(node), {"__builtins__": {}}, known)


def test_no_two_notebooks_share_seeds_or_a_division_of_the_images():
    paths = sorted([*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("chapters/solutions/judge.ipynb")])
    cells = {f"{path.parent.name}/{path.name}": code_cells(read(path)) for path in paths}
    of = {name: drawn("\n".join(cell.source for cell in code)) for name, code in cells.items()}
    assert {(a, b): both for a, b in combinations(of, 2) if (both := of[a] & of[b])} == {}
    assert {2000, 2139} <= of["chapters/l2-keras.ipynb"] and 7519 in of["chapters/grokking.ipynb"]
    assert "division 275" in of["chapters/double-descent.ipynb"]
