"""Choose the pins afresh from pyproject.toml, all of them or those of the packages that are named (make lock)."""

import re
import subprocess
import sys
from pathlib import Path

from places import ROOT

COMPILE = [Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--universal", "--fork-strategy=fewest"]
COMPILE += ["--python-version=3.11", "--generate-hashes", "--no-annotate", "--custom-compile-command=make lock"]


def main(packages):
    raised = [f"--upgrade-package={name}" for name in packages] or ["--upgrade"]
    run(*raised, "pyproject.toml", "--output-file=requirements.txt")
    # The second list is constrained by the first, and repeats nothing of it.
    known = ["--constraints=requirements.txt", *(f"--no-emit-package={name}" for name in pinned("requirements.txt"))]
    run(*raised, *known, "--group=pyproject.toml:dev", "--output-file=requirements-dev.txt")


def pinned(name):
    """{package: version} of a list of pins."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def run(*arguments):
    result = subprocess.run([*COMPILE, *arguments], cwd=ROOT)
    if result.returncode:
        sys.exit(result.returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
