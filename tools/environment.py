"""The environment .venv: made where it is missing, mended where it is broken, never taken away.

A mark in .venv, written first, holds the course's folder. *Ours* is what holds a mark, a list of
the course's pins, or nothing but pip with a Python that the course runs on. *Sound* is what holds
this folder's mark, and a right Python that starts its pip. What is ours and not sound is made anew;
what is not ours is not touched. Standard library only, for any Python 3.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT, ASIDE = ROOT / ".venv", ROOT / ".venv-aside"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
MARK = ENVIRONMENT / "course-folder"
READER, MAINTAINER = ["requirements.txt"], ["requirements.txt", "requirements-dev.txt"]
DISK_MB = 3000  # what the environment takes, and some room
# What venv, virtualenv and uv put into an environment in which nothing is installed yet.
FRAME = {"bin", "include", "lib", "lib64", "scripts", "share"}
FRAME |= {"pyvenv.cfg", ".gitignore", ".lock", "cachedir.tag"}
BARE = re.compile(
    r"(pip|setuptools|wheel|packaging)\b|pkg_resources|_?distutils|_virtualenv|__pycache__"
)
# The words of pip and uv where no connection was had, or where it broke.
NETWORK = re.compile(
    "connection|error sending request|name resolution|timed out|proxy|SSLError", re.IGNORECASE
)


def set_up(lists):
    """Bring .venv to the pins of the lists; a copy in it of each list says what was installed."""
    if os.path.lexists(str(ENVIRONMENT)) and not ours():
        sys.exit(
            f"{ENVIRONMENT} was not made by this course, and is left as it is.\nRename it or move "
            "it away, then run the same command again."
        )
    fault = what_is_wrong()
    if not fault and all(_text(ENVIRONMENT / name) == _text(ROOT / name) for name in lists):
        return
    log = _renew(fault, lists) if fault else _install(lists)
    if log:
        advice = "The reason stands above: mend it"
        if NETWORK.search(log):
            advice = "They come from the network: check the connection"
        told = "\n".join(log.splitlines()[-20:])
        sys.exit(
            f"{told}\n\nThe packages could not be installed. {advice}, then run the same command "
            "again."
        )


def ours():
    """Whether this course made .venv, or nobody has installed anything in it."""
    if not ENVIRONMENT.is_dir():
        return False
    return MARK.exists() or (ENVIRONMENT / READER[0]).exists() or _is_bare()


def _is_bare():
    config = re.search(r"version\w* *= *(\d+\.\d+)", _text(ENVIRONMENT / "pyvenv.cfg") or "")
    return (
        FRAME.issuperset(path.name.lower() for path in ENVIRONMENT.iterdir())
        and all(BARE.match(path.name) for folder in _packages() for path in folder.iterdir())
        and (config is None or config.group(1) in _versions())
    )


def _packages():
    """The folders in which .venv holds its packages: one, or none where it was never finished."""
    return [*ENVIRONMENT.glob("lib/python3*/site-packages"), *ENVIRONMENT.glob("Lib/site-packages")]


def what_is_wrong():
    """Why .venv, which is ours, can't be used, as the end of a sentence; "" where it is sound."""
    if not ENVIRONMENT.exists():
        return "is missing"
    pip = _answer(BIN / "python", "-m", "pip", "--version")
    version = re.search(r"\(python (\d+\.\d+)\)", pip)
    if version is None or version.group(1) not in _versions():
        return "has no Python that starts, or not a right one"
    if not MARK.exists():
        return "" if _is_bare() else "was made by an earlier form of the course"
    folder = os.fsdecode(MARK.read_bytes())
    same = os.path.isdir(folder) and os.path.samefile(folder, str(ROOT))
    return "" if same else f"was made for {folder}"


def find_python():
    """This Python, or another on the computer, that can make environments: each is tried."""
    versions = _versions()
    folders = os.environ.get("PATH", "").split(os.pathsep)
    names = [f"python{version}" for version in reversed(versions)]
    found = [shutil.which(name, path=folder) for name in names for folder in folders]
    # Of an environment, which may be the one that is put aside, the Python that it was made from.
    this = getattr(sys, "_base_executable", None) or sys.executable
    for python in [this, *filter(None, found)]:
        ask = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
        if _answer(python, "-c", ask).strip() in versions:
            return python
    sys.exit(
        f"None of the Pythons {', '.join(versions)} was found that makes environments (on Debian "
        "and Ubuntu,\nthe package python3-venv belongs to it). Install one, or name it: "
        "make book PYTHON=/path/to/python3"
    )


def _versions():
    """The Pythons that pyproject.toml allows: "3.11", …"""
    settings = _text(ROOT / "pyproject.toml")
    allowed = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"', settings, re.MULTILINE)
    return [f"3.{minor}" for minor in range(*map(int, allowed.groups()))]


def _renew(fault, lists):
    """Make .venv anew; one that was there comes back where that fails. Returns a log, or None."""
    python = find_python()
    free = shutil.disk_usage(str(ROOT)).free / 1e6
    if free < DISK_MB:
        sys.exit(
            f"The course needs {DISK_MB} MB of disk, and {free:.0f} MB are free here. "
            "Nothing was changed."
        )
    if ENVIRONMENT.exists():
        print(f"The environment .venv {fault}: it is made anew.", flush=True)
        shutil.rmtree(str(ASIDE), ignore_errors=True)
        ENVIRONMENT.rename(ASIDE)
    done = False
    try:
        ENVIRONMENT.mkdir()
        _write_mark()
        log = follow(f"Making .venv with {python}.", python, "-m", "venv", ENVIRONMENT)
        log = log or _install(lists)
        done = not log
    finally:  # also where it was interrupted
        if not done:
            shutil.rmtree(str(ENVIRONMENT), ignore_errors=True)
            if ASIDE.exists():
                ASIDE.rename(ENVIRONMENT)
    shutil.rmtree(str(ASIDE), ignore_errors=True)
    return log


def _write_mark():
    MARK.write_bytes(os.fsencode(str(ROOT)))


def _install(lists):
    """Install the pins, by uv where it is there, else by pip. Returns a log, or None."""
    _write_mark()
    pins = ["--require-hashes", *(part for name in lists for part in ("-r", ROOT / name))]
    python, uv, log, first = BIN / "python", shutil.which("uv"), None, ""
    if uv:
        # Compiled now: kernels that may not write would compile the packages at each start.
        command = (uv, "pip", "install", "--python", python, "--compile-bytecode", *pins)
        log = follow("Installing the packages by uv: once, a minute or less.", *command)
        first = "uv did not succeed. "
    if log or not uv:
        command = (python, "-m", "pip", "install", "--disable-pip-version-check", *pins)
        log = follow(f"{first}Installing the packages by pip: once, a few minutes.", *command)
    if log:
        return log
    # A relative path stays right where the folder is renamed, and has no letter but ASCII's.
    (packages,) = _packages()
    path = os.path.relpath(str(ROOT / "src"), str(packages))
    (packages / "regbook.pth").write_text(path + "\n", encoding="ascii")
    for name in lists:
        shutil.copy(str(ROOT / name), str(ENVIRONMENT / name))


def follow(what, *command, **settings):
    """Run a command and say twice a minute that it goes on. Returns its log where it failed."""
    print(what, flush=True)
    start = time.time()
    with tempfile.TemporaryFile() as log:
        settings = dict({"cwd": str(ROOT), "stdout": log, "stderr": subprocess.STDOUT}, **settings)
        with subprocess.Popen([str(part) for part in command], **settings) as process:
            while process.poll() is None:
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    print(f"  … still at it after {time.time() - start:.0f} seconds", flush=True)
        log.seek(0)
        text = log.read().decode(errors="replace")
    return (text or f"{command[0]} failed") if process.returncode else None


def _answer(*command):
    """What a command prints; "" where it can't be started or fails."""
    try:
        command = [str(part) for part in command]
        return subprocess.check_output(command, stderr=subprocess.DEVNULL).decode(errors="replace")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _text(path):
    return path.read_text(encoding="utf-8") if path.exists() else None
