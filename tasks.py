"""The tasks of the course, on every system: `python3 tasks.py book`; on Windows `py tasks.py book`.

make calls it too. Standard library only, for any Python 3: everything else runs in the environment
.venv, which tools/environment.py makes.
"""

import inspect
import os
import re
import shutil
import subprocess
import sys

from tools.environment import BIN, ENVIRONMENT, MAINTAINER, READER, ROOT, follow, ours, set_up

SITE = ROOT / "_build/html"
# How the reader called a task, and calls the next one.
CALL = (
    "make"
    if "MAKELEVEL" in os.environ
    else "py tasks.py"
    if os.name == "nt"
    else "python3 tasks.py"
)


def book():
    """Build the book into _build/html; a warning is an error"""
    set_up(READER)
    SITE.parent.mkdir(exist_ok=True)
    builder = (BIN / "jupyter-book", "build", ".", "--all", "-W", "-n", "--keep-going")
    log = follow("Building the book: about a minute.", *builder, env=variables())
    if log:
        (SITE.parent / "book.log").write_text(log, encoding="utf-8")
        sys.exit(f"{log}\nThe book could not be built; what the builder said is _build/book.log.")
    print(f"The book is ready:\n  {(SITE / 'index.html').as_uri()}\nNext: {CALL} lab")


def test():
    """Check everything: style, the book, the package, and every printed number"""
    print("Style, the book, then every notebook and page: some ten minutes on two cores.")
    lint()
    book()
    run("pytest")


def lint():
    """Look at style, spelling and workflows only"""
    set_up(MAINTAINER)
    run("ruff", "check", "--quiet", ".")
    run("ruff", "format", "--check", "--quiet", ".")
    run("codespell")
    run("zizmor", "--offline", "--quiet", ".github")


def notebooks(*names):
    """Run notebooks in place, all or those named: the one way to change a stored number"""
    set_up(READER)
    run("python", "-m", "tools.run_notebooks", *names)


def replicate(*shifts):
    """Draw all seeds of the course anew, twice, and write down which claims hold"""
    set_up(READER)
    run("python", "-m", "tools.replicate", *shifts)


def lab(*options):
    """Open the course in JupyterLab"""
    set_up(READER)
    # Trusted, the stored knobs turn before anything was run.
    run("jupyter-trust", *map(str, ROOT.glob("chapters/**/*.ipynb")))
    # Pages open as pages, not as their source.
    wanted = ROOT / "jupyterlab.json"
    settings = ENVIRONMENT / "etc/jupyter/labconfig/default_setting_overrides.json"
    if not settings.exists() or settings.read_bytes() != wanted.read_bytes():
        settings.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(wanted), str(settings))
    run("jupyter-lab", "--LabApp.default_url=/lab/tree/chapters/penalty.ipynb", *options)


def bench():
    """Measure what the chapters cost, and many networks at once; takes half an hour"""
    set_up(READER)
    for name in ("chapters", "together", "choosing"):
        run("python", "-m", f"benchmarks.{name}")


def lock(*packages):
    """Write the pins anew from pyproject.toml, and raise those of the packages that are named"""
    set_up(MAINTAINER)
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--fork-strategy=fewest"]
    command += ["--python-version=3.11", "--generate-hashes", "--no-annotate"]
    command += ["--custom-compile-command=make lock"]
    command += ["--upgrade-package=" + name for name in packages]
    run(*command, "pyproject.toml", "--output-file=requirements.txt")
    # The second list is constrained by the first, and repeats only what the first has for some
    # systems alone.
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    first = re.findall(r"^([\w.-]+)==\S+ \\$", pins, re.MULTILINE)
    command += ["--constraints=requirements.txt", *("--no-emit-package=" + name for name in first)]
    run(*command, "--group=pyproject.toml:dev", "--output-file=requirements-dev.txt")


def clean():
    """Remove the environment and everything that was built"""
    made = ["_build", "src/regbook.egg-info", ".pytest_cache", ".ruff_cache"]
    for name in made + [".venv"] * ours():
        shutil.rmtree(str(ROOT / name), ignore_errors=True)


LISTED = (book, test, lab, notebooks, replicate, lint, bench, lock, clean)
TASKS = {task.__name__: task for task in LISTED}


def run(name, *arguments):
    """Run a command of the environment in the course's folder, and stop where it fails."""
    command = [str(BIN / name), *arguments]
    result = subprocess.run(command, cwd=str(ROOT), env=variables())
    if result.returncode:
        sys.exit(result.returncode)


def variables():
    """The environment's variables: notebooks find their kernel first on PATH."""
    return dict(os.environ, PATH=str(BIN) + os.pathsep + os.environ["PATH"])


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        listed = "\n".join(f"  {name:10} {task.__doc__}" for name, task in TASKS.items())
        sys.exit(f"The tasks of the course:\n{listed}")
    _, name, *arguments = sys.argv
    if arguments and not inspect.getfullargspec(TASKS[name]).varargs:
        sys.exit(f"{name} takes nothing else: not {' '.join(arguments)}")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a pipe may not take each letter of a path
    try:
        TASKS[name](*arguments)
    except PermissionError as error:
        sys.exit(
            f"{error.filename} may not be written here. Copy the course to a folder of your own, "
            "or close\nthe programs that use it; then run the same command again."
        )
