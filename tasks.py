"""The tasks of the course, on every system: `python3 tasks.py book`; on Windows `py tasks.py book`.

make calls it too. Standard library only, for any Python 3: it sets up the environment .venv, in
which everything else runs.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
READER, MAINTAINER = ["requirements.txt"], ["requirements.txt", "requirements-dev.txt"]
DISK_MB = 3000  # what the environment takes, and some room


def book():
    """Build the book into _build/html; a warning is an error"""
    set_up(READER)
    run("jupyter-book", "build", ".", "--all", "-W", "-n", "--keep-going")
    print("\nThe book is ready: open _build/html/index.html in a browser.")


def test():
    """Check everything: style, the book, the package, and every printed number"""
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
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar would be part of what is printed
    run("python", "-m", "tools.run_notebooks", *names)


def replicate(*shifts):
    """Draw all seeds of the course anew, twice, and write down which claims hold"""
    set_up(READER)
    run("python", "-m", "tools.replicate", *shifts)


def lab():
    """Open the course in JupyterLab"""
    set_up(READER)
    # Trusted, the stored knobs turn before anything was run.
    run("jupyter-trust", *map(str, ROOT.glob("chapters/**/*.ipynb")))
    # Pages open as pages, not as their source.
    settings = ENVIRONMENT / "etc/jupyter/labconfig"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.copy(str(ROOT / "jupyterlab.json"), str(settings / "default_setting_overrides.json"))
    run("jupyter-lab", "--LabApp.default_url=/lab/tree/chapters/penalty.ipynb")


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
    first = re.findall(r"^([\w.-]+)==\S+ \\$", _text(ROOT / "requirements.txt"), re.MULTILINE)
    command += ["--constraints=requirements.txt", *("--no-emit-package=" + name for name in first)]
    run(*command, "--group=pyproject.toml:dev", "--output-file=requirements-dev.txt")


def clean():
    """Remove the environment and everything that was built"""
    for name in (".venv", "_build", "src/regbook.egg-info", ".pytest_cache", ".ruff_cache"):
        shutil.rmtree(str(ROOT / name), ignore_errors=True)


LISTED = (book, test, lab, notebooks, replicate, lint, bench, lock, clean)
TASKS = {task.__name__: task for task in LISTED}


def set_up(lists):
    """Bring .venv to the pins of the lists; a copy in it of each list says what was installed."""
    if all(_text(ENVIRONMENT / name) == _text(ROOT / name) for name in lists):
        return
    new = not ENVIRONMENT.exists()
    if new:
        python = find_python()
        free = shutil.disk_usage(str(ROOT)).free / 1e6
        if free < DISK_MB:
            sys.exit(
                f"The course needs {DISK_MB} MB of disk, and {free:.0f} MB are free here. "
                "Nothing was changed."
            )
        print(f"Setting up .venv with {python}: once, a few minutes.", flush=True)
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = False
    try:
        done = (
            (not new or _succeeds(python, "-m", "venv", str(ENVIRONMENT)))
            and _succeeds(*pip, *(part for name in lists for part in ("-r", name)))
            and _succeeds(*pip, "--no-deps", "--no-build-isolation", "-e", ".")
        )
    finally:  # also where it was interrupted
        if new and not done:
            shutil.rmtree(str(ENVIRONMENT), ignore_errors=True)
            shutil.rmtree(str(ROOT / "src/regbook.egg-info"), ignore_errors=True)
    if not done:
        sys.exit(
            "The packages could not be installed; the reason stands above. They come from the "
            "network:\ncheck the connection and the free disk space, then run the same command "
            "again."
        )
    for name in lists:
        shutil.copy(str(ROOT / name), str(ENVIRONMENT / name))


def find_python():
    """This Python, or another on the computer, of a version that pyproject.toml allows."""
    settings = _text(ROOT / "pyproject.toml")
    allowed = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"', settings, re.MULTILINE)
    minors = range(*map(int, allowed.groups()))
    if sys.version_info[0] == 3 and sys.version_info[1] in minors:
        return sys.executable
    for minor in reversed(minors):
        if shutil.which(f"python3.{minor}"):
            return shutil.which(f"python3.{minor}")
    versions = ", ".join(f"3.{minor}" for minor in minors)
    sys.exit(
        f"None of the Pythons {versions} was found. Install one, or name it: "
        "make book PYTHON=/path/to/python3"
    )


def run(name, *arguments):
    """Run a command of the environment in the course's folder, and stop where it fails."""
    path = str(BIN) + os.pathsep + os.environ["PATH"]  # notebooks find their kernel there first
    command, variables = [str(BIN / name), *arguments], dict(os.environ, PATH=path)
    result = subprocess.run(command, cwd=str(ROOT), env=variables)
    if result.returncode:
        sys.exit(result.returncode)


def _succeeds(*command):
    return subprocess.run(command, cwd=str(ROOT)).returncode == 0


def _text(path):
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        listed = "\n".join(f"  {name:10} {task.__doc__}" for name, task in TASKS.items())
        sys.exit(f"The tasks of the course:\n{listed}")
    TASKS[sys.argv[1]](*sys.argv[2:])
