"""The doctor finds out why numbers differ or notebooks do not run, and says what to do about it."""
# Python 3.6 must be able to read this file, and the standard library must be enough until
# `packages` is passed.

import contextlib
import io
import json
import os
import pkgutil
import platform
import re
import sys
import sysconfig
import traceback
from importlib.machinery import PathFinder
from itertools import zip_longest
from pathlib import Path
from urllib.parse import quote

# The course is the folder that the reader is in, or else the one that this file is in; there is
# none where only the helper package was installed, as on Colab.
FOLDERS = [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[2]]
COURSE = next((folder for folder in FOLDERS if (folder / "src/regbook/doctor.py").exists()), None)
REPOSITORY = "https://github.com/example/regularisation-course"
KERNEL_MB = 970  # the kernel of the largest chapter takes 966
HERE = COURSE or Path.cwd()
SET_UP = f"""Use the Python of {HERE / ".venv"}.
If it is this one, or not there, delete .venv and follow README.md."""
AMPERSAND = "& " if os.name == "nt" else ""  # PowerShell runs a quoted name only after it
PIP = f'In {HERE}, run:\n{AMPERSAND}"{sys.executable}" -m pip install'
# Names that packages leave beside their own, and that nobody imports.
NOBODYS = {"docs", "examples", "test", "tests"}


def main():
    """Print which checks are passed, up to the first problem. Returns True if there is none."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a file on Windows may not take every character
    print(f"The doctor looks at {sys.executable}")
    for check in (file_names, python, packages, helper_package, memory_and_kernel, numbers):
        try:
            problem = check()
        except Exception:
            problem = f"The doctor itself failed:\n{traceback.format_exc()}{_report('')}"
        if problem:
            print("  PROBLEM  " + problem.replace("\n", "\n           "))
            return False
        print("  ok       " + check.__name__.replace("_", " "))
    return True


def file_names():
    """Return which file of the reader's is imported in place of a module or package."""
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    folders = [Path.cwd(), *map(Path, filter(None, named))]
    folders += [COURSE / "chapters", COURSE / "chapters/solutions"] if COURSE else []
    names = set(getattr(sys, "stdlib_module_names", ())) | set(_packages_by_name())
    for folder in folders:
        for module in pkgutil.iter_modules([str(folder)]):
            if module.name in names - NOBODYS - {"regbook"}:
                return (
                    f"Python imports {module.name} of {folder} in place of its own module or "
                    "package of this name.\nRename it, or take its folder out of PYTHONPATH."
                )


def _packages_by_name():
    """What can be imported from installed packages; nothing where this Python can't tell."""
    try:
        from importlib.metadata import packages_distributions
    except ImportError:
        return ()
    return packages_distributions()


def python():
    """Return what is wrong with this Python: its version, or the computer that it is made for."""
    if COURSE:
        settings = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
        first, end = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', settings).groups()
        *others, last = [f"3.{minor}" for minor in range(int(first), int(end))]
        version = "{}.{}".format(*sys.version_info)
        if version not in [*others, last]:
            needed = f"{', '.join(others)} or {last}"
            return f"This is Python {version}. The course needs {needed}.\n{SET_UP}"
    intel_mac = sys.platform == "darwin" and os.uname().machine != "arm64"
    if intel_mac or sysconfig.get_platform() == "win-arm64" or sys.maxsize < 2**32:
        return (
            "TensorFlow needs a 64-bit Python for Linux, Windows on x86-64 or Apple silicon. "
            "Elsewhere, use Binder."
        )


def packages():
    """Return which packages are missing, or in other versions than requirements.txt names."""
    if not COURSE:
        print("           regbook is here without the course's folder: versions can't be compared")
        return None
    try:
        from importlib import metadata

        from packaging.requirements import Requirement
    except ImportError:
        return f"The course is not set up in this Python. {SET_UP}"
    lines = re.findall(
        r"^(\w.*==.*) \\$", (COURSE / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    wrong = []
    for pin in map(Requirement, lines):
        version = next(
            (found.version for found in metadata.distributions(name=pin.name)), "nothing"
        )
        if str(pin.specifier) != f"=={version}" and (pin.marker is None or pin.marker.evaluate()):
            wrong.append(f"{pin.name}: {version} instead of {pin.specifier}")
    if len(wrong) > len(lines) / 2:
        return f"The course is not set up in this Python. {SET_UP}"
    if wrong:
        head = (
            f"{len(wrong)} packages are missing or of other versions, and may print other numbers:"
        )
        return "\n".join([head, *wrong[:10], f"{PIP} --require-hashes -r requirements.txt"])
    if all(list(metadata.distributions(name=name)) for name in ("tensorflow", "tensorflow-cpu")):
        return (
            f"tensorflow and tensorflow-cpu are both installed, and overwrite each other. {SET_UP}"
        )


def helper_package():
    """Return what is wrong with the regbook that notebooks import: none, or another copy's."""
    # sys.path[0] is where the doctor was started.
    found = PathFinder.find_spec("regbook", sys.path[1:])
    install = f"{PIP} --no-deps --no-build-isolation -e ."
    if found is None:
        return f"The helper package regbook is not installed in this Python.\n{install}"
    if not COURSE:
        return None
    folders = [COURSE / "src/regbook", Path(found.origin).resolve().parent]
    own, imported = [
        sorted(path.read_bytes() for path in folder.rglob("*.py")) for folder in folders
    ]
    if own != imported:
        return (
            f"Notebooks import another copy, {folders[1]} (on a class's server: tell your "
            f"teacher).\n{install}"
        )


def memory_and_kernel():
    """Return what is wrong where notebooks run: memory, kernel, TensorFlow loaded too early."""
    import psutil
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    free = psutil.virtual_memory().available / 1e6
    if free < KERNEL_MB:
        return (
            f"{free:.0f} MB of memory are free, a chapter takes {KERNEL_MB}. Close programs and "
            "notebooks."
        )
    if "tensorflow" in sys.modules and "regbook.numerics" not in sys.modules:
        return (
            "TensorFlow was loaded before the course could set it up. Restart the kernel, and "
            "run it from the top."
        )
    try:
        kernel = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    except NoSuchKernel:
        return None
    if kernel.is_absolute() and kernel.parent.resolve() != Path(sys.executable).parent.resolve():
        return (
            f"JupyterLab starts another Python, {kernel}.\nTo remove it, run: jupyter kernelspec "
            "remove python3"
        )


def numbers():
    """Return where the cells of chapter 2 that are tagged so print something else than stored."""
    print(
        "           … training a small model (if nothing follows, the processor is too old for it)",
        flush=True,
    )
    stored = json.loads(Path(__file__).with_name("doctor.json").read_text(encoding="utf-8"))
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(stored["code"], {})
    except Exception:
        where = traceback.format_exc(limit=-1)
        return (
            f"The model could not be trained, which is not another number:\n{where}{_report(where)}"
        )
    here = printed.getvalue().splitlines()
    print(*[f"           {line}" for line in here], sep="\n")
    for book, line in zip_longest(stored["printed"].splitlines(), here, fillvalue="nothing"):
        if line != book:
            lines = f"chapter 2 prints: {book}\nhere it prints: {line}"
            return f"{lines}\n{_report(lines)}"


def _report(lines):
    """How to send what the doctor found: the address of a form that is filled in."""
    from importlib import metadata

    names = ("regbook", "tensorflow", "tensorflow-cpu", "keras", "numpy", "scipy", "scikit-learn")
    versions = [(name, list(metadata.distributions(name=name))) for name in names]
    found = [f"{name} {there[0].version}" for name, there in versions if there]
    about = [lines, f"Python {platform.python_version()}, {platform.platform()}", ", ".join(found)]
    form = f"?template=number.yml&report={quote(chr(10).join([*about, platform.processor()]))}"
    return (
        "If that does not say what to do, please send this report: open\n"
        f"{REPOSITORY}/issues/new{form}"
    )
