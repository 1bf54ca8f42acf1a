"""Can the course be set up on every system, and does a broken set-up heal, or say what is wrong?"""

import base64
import ensurepip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conftest import ROOT, need
from tools import environment

SYSTEMS = {
    "Linux, x86-64": "x86_64-unknown-linux-gnu",
    "Linux, Arm": "aarch64-unknown-linux-gnu",
    "macOS, Apple silicon": "aarch64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
}


@pytest.mark.index
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_pin_has_a_wheel_with_a_hash(tmp_path, python, system):
    command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--target", tmp_path]
    command += ["--require-hashes", "--only-binary=:all:"]
    command += ["--python-version", python, "--python-platform", SYSTEMS[system]]
    command += [part for name in environment.MAINTAINER for part in ("-r", name)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    need("error sending request" not in result.stderr, "the package index can't be reached")
    assert result.returncode == 0, result.stderr
    assert int(re.search(r"Would install (\d+) packages", result.stderr)[1]) > 150


# The stand-in of the builder: a page that only a course whose helper package is found can have.
BUILDER = """import pathlib, regbook
def main():
    page = pathlib.Path("_build/html/index.html")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(regbook.__file__)
"""
THIS = sys._base_executable
VERSION = "{}.{}".format(*sys.version_info)
PACKAGES = f"lib/python{VERSION}/site-packages"
OTHER = "3.10.14"


def wheel(folder):
    """A wheel of the stand-in, and the line of a list of pins that names it with its hash."""
    info = "jupyter_book-1.0.dist-info"
    files = {
        "jupyter_book.py": BUILDER,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: jupyter-book\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\njupyter-book = jupyter_book:main\n",
    }
    lines = [f"{info}/RECORD,,"]
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        lines.append(f"{name},sha256={digest.rstrip('=')},{len(text)}")
    path = folder / "jupyter_book-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (files | {f"{info}/RECORD": "\n".join(lines) + "\n"}).items():
            archive.writestr(name, text)
    return f"jupyter-book==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Course:
    """A course in a folder, whose one package is a stand-in; other users may only read it."""

    def __init__(self, top, made):
        self.top, self.made, self.folder, self.as_user = top, made, top / "course", []
        self.env = {"PATH": f"{top}/bin:/usr/bin:/bin", "HOME": str(top), "LANG": "C.UTF-8"}
        self.env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
        self.env |= {"UV_NO_INDEX": "1", "UV_CACHE_DIR": f"{top}/cache"}
        self.env |= {f"{tool}_FIND_LINKS": f"{top}/index" for tool in ("PIP", "UV")}
        for name in ("bin", "index"):
            (top / name).mkdir()
        pins = wheel(top / "index")
        (self.folder / "tools").mkdir(parents=True)
        for name in ("tasks.py", "tools/environment.py", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder / name)
        (self.folder / "src/regbook").mkdir(parents=True)
        (self.folder / "src/regbook/__init__.py").touch()
        (self.folder / "requirements.txt").write_text(pins)

    venv = property(lambda self: self.folder / ".venv")
    wheel = property(lambda self: next((self.top / "index").iterdir()))
    page = property(lambda self: self.folder / "_build/html/index.html")

    def rename(self, name):
        self.folder = self.folder.rename(self.top / name)

    def environment(self, mark=None, pins=True, version=VERSION):
        """An environment as venv makes it; with a mark, a list of pins, of another version."""
        shutil.copytree(self.made, self.venv, symlinks=True)
        if mark:
            (self.venv / "course-folder").write_text(str(mark))
        if pins:
            shutil.copy(self.folder / "requirements.txt", self.venv)
        if version != VERSION:
            config = self.venv / "pyvenv.cfg"
            config.write_text(re.sub(r"(version\w* = ).*", rf"\g<1>{version}", config.read_text()))

    def program(self, name, text=None):
        """A program on PATH: a script, or uv itself."""
        if text is None:
            text = f"#!/bin/sh\nexec '{sys.executable}' -m uv \"$@\"\n"
        (self.top / "bin" / name).write_text(text)
        (self.top / "bin" / name).chmod(0o755)

    def started(self):
        """What `python3 tasks.py book` says."""
        command = [*self.as_user, THIS, "tasks.py", "book"]
        settings = {"capture_output": True, "text": True, "errors": "replace", "env": self.env}
        result = subprocess.run(command, cwd=self.folder, **settings)
        return f"{result.stdout}{result.stderr}exit code {result.returncode}"

    def says(self, words, code):
        """Start it, see that it ends as it should with these words in it, and return all."""
        told = self.started()
        assert words in told and told.endswith(f"exit code {code}"), told
        assert "Traceback" not in told, told
        return told

    def uv(self, *command):
        settings = {"cwd": self.folder, "env": os.environ | self.env, "check": True}
        subprocess.run([sys.executable, "-m", "uv", *command, "--quiet"], **settings)

    def state(self):
        return sorted((str(path), path.is_symlink()) for path in self.venv.rglob("*"))


def read_only(course):
    for path in [course.folder, *course.folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    if os.getuid() == 0:  # who may write everywhere: another user, who may read everywhere
        course.as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        course.as_user += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def shims(course):
    """pyenv's: what is on PATH, and what started the task, answers that there is no such command"""
    sleeping = "#!/bin/sh\necho 'pyenv: command not found' >&2; exit 127\n"
    for version in ("3.11", "3.12", "3.13"):
        course.program(f"python{version}", sleeping)
    awake = course.top / "awake"
    awake.mkdir()
    (awake / f"python{VERSION}").symlink_to(THIS)
    course.env["PATH"] = f"{course.top}/bin:{awake}"
    (course.top / "sitecustomize.py").write_text(
        "import sys\nif 'tasks.py' in sys.orig_argv:\n"
        f"    sys._base_executable = '{course.top}/bin/python3.11'\n"
    )
    course.env["PYTHONPATH"] = str(course.top)


def without_ensurepip(course):
    """As Debian's Python without its package python3-venv."""
    course.env["PYTHONPATH"] = str(course.top)
    (course.top / "ensurepip.py").write_text("raise ImportError")


def unreachable(course, *tools):
    for tool in tools or ("PIP", "UV"):
        course.env |= {f"{tool}_NO_INDEX": "0", f"{tool}_FIND_LINKS": ""}
        course.env[f"{tool}_INDEX_URL"] = "http://127.0.0.1:9/simple"
    course.env |= {"PIP_RETRIES": "1", "UV_HTTP_RETRIES": "0"}


def uvs_own(course):
    course.uv("venv", "--python", THIS)


def uvs_own_with_pip(course):
    """As `uv venv --seed` makes it."""
    uvs_own(course)
    bundled = f"{Path(ensurepip.__file__).parent}/_bundled"
    course.uv("pip", "install", "--find-links", bundled, "pip")


def dangling(course):
    course.environment()  # without a mark, as the course made them at first
    for link in (course.venv / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/gone/bin/python3")


def half_made_by_venv(course):
    (course.venv / PACKAGES).mkdir(parents=True)
    (course.venv / "bin").mkdir()
    shutil.copy(course.made / "pyvenv.cfg", course.venv)


def half_made_by_pip(course):
    course.environment(mark=course.folder, pins=False)


def from_another_clone(course):
    (course.top / "another").mkdir()
    course.environment(mark=course.top / "another")


def a_readers_own(course):
    course.environment(pins=False)
    (course.venv / PACKAGES / "requests").mkdir()


def umlaut(course):
    course.rename("Übung")
    half_made_by_pip(course)
    course.env["LC_ALL"] = "C"


ANEW, NOT_OURS = "it is made anew", "was not made by this course, and is left as it is"
NETWORK = "They come from the network: check the connection"
# How the folder comes to be as it is, and what is said; below, whether there is a page in the end.
HEAL = {
    "nothing": (lambda course: None, "by pip"),
    "uv there": (lambda course: (half_made_by_pip(course), course.program("uv")), "by uv"),
    "uv failing": (
        lambda course: (half_made_by_pip(course), course.program("uv"), unreachable(course, "UV")),
        "uv did not succeed. Installing the packages by pip",
    ),
    "empty": (lambda course: course.venv.mkdir(), ANEW),
    "dangling": (dangling, "has no Python that starts, or not a right one: " + ANEW),
    "half made by venv": (half_made_by_venv, ANEW),
    "half made by pip": (half_made_by_pip, "Installing the packages by pip"),
    "renamed": (lambda course: course.environment(mark="/old/place"), "/old/place: " + ANEW),
    "of another clone": (from_another_clone, "another: " + ANEW),
    "uv's own": (uvs_own, ANEW),
    "uv's own with pip": (uvs_own_with_pip, "Installing the packages by pip"),
    "umlaut": (umlaut, "Installing the packages by pip"),
    "pyenv's shims": (shims, f"awake/python{VERSION}"),
}
STAY = {
    "a Python 3.10's": (
        lambda course: course.environment(pins=False, version=OTHER),
        NOT_OURS,
    ),
    "a reader's own": (a_readers_own, NOT_OURS),
    "a file": (lambda course: course.venv.write_text("name of an environment"), NOT_OURS),
    "a dangling link": (lambda course: course.venv.symlink_to("/gone/venv"), NOT_OURS),
    "read-only": (read_only, "may not be written here. Copy the course to a folder of your own"),
    "read-only and sound": (
        lambda course: (course.environment(mark=course.folder), read_only(course)),
        "may not be written here. Copy the course to a folder of your own",
    ),
    "no right Python": (without_ensurepip, "was found that makes environments (on Debian"),
    "no network": (lambda course: (half_made_by_pip(course), unreachable(course)), NETWORK),
    "no network for uv and pip, and broken": (
        lambda course: (course.program("uv"), dangling(course), unreachable(course)),
        NETWORK,
    ),
    "another fault": (
        lambda course: (half_made_by_pip(course), course.wheel.write_text("broken")),
        "The reason stands above: mend it",
    ),
    "full disk": (
        lambda course: (course.folder / "tools/environment.py").write_text(
            (ROOT / "tools/environment.py").read_text().replace("DISK_MB = 3000", "DISK_MB = 1e9")
        ),
        "MB are free here. Nothing was changed",
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An environment as venv makes it."""
    folder = tmp_path_factory.mktemp("made") / ".venv"
    subprocess.run([THIS, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def course(made, tmp_path):
    return Course(tmp_path, made)


on_posix = pytest.mark.skipif(os.name == "nt", reason="these folders are made of POSIX's links")


@on_posix
@pytest.mark.parametrize("name", HEAL)
def test_a_set_up_heals(course, name):
    make, words = HEAL[name]
    make(course)
    told = course.says(words, 0)
    assert course.page.read_text() == str(course.folder / "src/regbook/__init__.py")
    assert told.splitlines()[-3:-1] == [f"  {course.page.as_uri()}", "Next: python3 tasks.py lab"]
    assert not (course.folder / ".venv-aside").exists()


@on_posix
@pytest.mark.parametrize("name", STAY)
def test_what_can_not_heal_is_left_as_it_was_and_a_sentence_says_why(course, name):
    make, words = STAY[name]
    make(course)
    before = course.state()
    told = course.says(words, 1)
    assert (NETWORK in told) == (words == NETWORK)
    assert course.state() == before and not course.page.exists()


@on_posix
def test_it_is_done_once_and_again_where_the_pins_change(course):
    course.environment(mark=course.folder)
    (course.venv / "requirements.txt").write_text("jupyter-book==0.9\n")
    assert course.started().startswith("Installing the packages by pip")
    assert course.started().startswith("Building the book")


def test_a_task_says_what_it_does_not_take():
    command = [THIS, ROOT / "tasks.py", "clean", "everything"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stderr == "clean takes nothing else: not everything\n"


@on_posix
def test_cleaning_leaves_what_is_not_ours(course):
    a_readers_own(course)
    subprocess.run([THIS, "tasks.py", "clean"], cwd=course.folder, check=True)
    assert course.venv.exists()


@on_posix
def test_a_renamed_course_finds_its_helper_package_even_before_it_is_healed(course):
    half_made_by_pip(course)
    course.started()
    course.rename("renamed")
    command = [course.venv / "bin/python", "-c", "import regbook; print(regbook.__file__)"]
    assert str(course.folder) in subprocess.check_output(command, text=True)
