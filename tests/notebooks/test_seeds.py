"""Does every notebook draw seeds of its own? What one has looked at would be no test in another."""

import ast
from contextlib import suppress
from inspect import signature
from itertools import combinations

from hygiene import parsed

import regbook
from regbook.data import for_seeds
from tools.notebooks import ROOT, code_cells, read

DRAWING = {"for_seeds": for_seeds}
DRAWING |= {name: getattr(regbook, name) for name in ("noisy_xor", "digits", "diabetes", "wave")}
DRAWING |= {name: getattr(regbook, name) for name in ("split", "rng")}


def drawn(source):
    """The seeds on which code draws, and the divisions of the images."""
    names, seeds = {"range": range, "list": list}, set()
    for statement in parsed(source).body:
        for call in ast.walk(statement):
            if isinstance(call, ast.Call):
                seeds |= drawn_by(call, names)
        if isinstance(statement, ast.Assign):
            with suppress(Exception):  # what is no constant
                names[statement.targets[0].id] = value_of(statement.value, names)
    return seeds


def drawn_by(call, names):
    """The seeds in one call; ValueError for data whose seeds can't be read."""
    name = ast.unparse(call.func).removeprefix("regbook.").removeprefix("rb.")
    if name not in DRAWING:
        return set()
    by_name = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    given = signature(DRAWING[name]).bind_partial(*call.args, **by_name).arguments
    if name == "rng":
        with suppress(NameError):  # a variable: it goes on with seeds that are drawn elsewhere
            return {value_of(given["seed"], names)}
        return set()
    if "seeds" in given and ast.unparse(given["seeds"]).endswith(".seeds"):  # of other data
        return set()
    try:
        seeds = {*value_of(given["seeds"], names)}
    except (KeyError, NameError):
        raise ValueError(f"no seeds are written in {ast.unparse(call)}") from None
    return seeds | {f"division {seed // 20}" for seed in seeds if name == "digits"}


def value_of(node, names):
    return eval(ast.unparse(node), {"__builtins__": {}}, names)


def test_no_two_notebooks_share_seeds_or_a_division_of_the_images():
    paths = [*ROOT.glob("chapters/*.ipynb"), ROOT / "chapters/solutions/judge.ipynb"]
    seeds = {}
    for path in sorted(paths):
        code = "\n".join(cell.source for cell in code_cells(read(path)))
        seeds[f"{path.parent.name}/{path.stem}"] = drawn(code)
    for one, other in combinations(seeds, 2):
        assert seeds[one] & seeds[other] == set(), f"{one} and {other} share them"
    assert {2000, 2139} <= seeds["chapters/l2-keras"] and 7519 in seeds["chapters/grokking"]
    assert "division 275" in seeds["chapters/double-descent"]
