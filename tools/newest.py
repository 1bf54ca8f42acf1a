"""The list of packages for `make test-newest`: what pyproject.toml asks for, exact pins relaxed to "this or newer"."""

import re
import tomllib

from places import ROOT

# What can't be newer, and why.
BELOW = {"jupyter-book": "2"}  # version 2 has another format of settings and pages


def newest():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for line in settings["project"]["dependencies"]:
        name, version, condition = re.fullmatch(r"([\w.-]+)(?:==([\w.]+))?( ;.*)?", line).groups("")
        limits = [f">={version}" if version else "", f"<{BELOW[name]}" if name in BELOW else ""]
        yield name + ",".join(filter(None, limits)) + condition


if __name__ == "__main__":
    print("\n".join(newest()))
