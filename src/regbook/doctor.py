"""The doctor finds out why numbers differ or notebooks do not run, and says what to do about it."""
# Python 3.6 must be able to read this file, and the standard library must be enough until
# `packages` is passed.

import contextlib
import io
import os
import re
import sys
import sysconfig
from importlib.machinery import PathFinder
from itertools import zip_longest
from pathlib import Path

# The course is the folder that the reader is in, or else the one that this file is in.
FOLDERS = [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[2]]
COURSE = next(
    (folder for folder in FOLDERS if (folder / "src/regbook/doctor.py").exists()), FOLDERS[-1]
)
CHAPTER = "chapters/l2-keras.ipynb"
KERNEL_MB = 870  # the kernel of the largest chapter takes 864
SET_UP = f"""Use the Python of {COURSE / ".venv"}.
If it is this one, or not there, delete .venv and follow README.md."""
AMPERSAND = "& " if os.name == "nt" else ""  # PowerShell runs a quoted name only after it
PIP = f'In {COURSE}, run:\n{AMPERSAND}"{sys.executable}" -m pip install'


def main():
    """Print which checks are passed, up to the first problem. Returns True if there is none."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a file on Windows may not take every character
    print(f"The doctor looks at {sys.executable}")
    for check in (python, packages, helper_package, memory_and_kernel, numbers):
        problem = check()
        if problem:
            print("  PROBLEM  " + problem.replace("\n", "\n           "))
            return False
        print("  ok       " + check.__name__.replace("_", " "))
    return True


def python():
    """Return what is wrong with this Python: its version, or the computer that it is made for."""
    settings = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
    first, end = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', settings).groups()
    *others, last = [f"3.{minor}" for minor in range(int(first), int(end))]
    version = "{}.{}".format(*sys.version_info)
    if version not in [*others, last]:
        return (
            f"This is Python {version}. The course needs {', '.join(others)} or {last}.\n{SET_UP}"
        )
    intel_mac = sys.platform == "darwin" and os.uname().machine != "arm64"
    if intel_mac or sysconfig.get_platform() == "win-arm64" or sys.maxsize < 2**32:
        return (
            "TensorFlow needs a 64-bit Python for Linux, Windows on x86-64 or Apple silicon. "
            "Elsewhere, use Binder."
        )


def packages():
    """Return which packages are missing, or in other versions than requirements.txt names."""
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
    from jupyter_client.kernelspec import KernelSpecManager

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
    kernel = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    if kernel.is_absolute() and kernel.parent.resolve() != Path(sys.executable).parent.resolve():
        return (
            f"JupyterLab starts another Python, {kernel}.\nTo remove it, run: jupyter kernelspec "
            "remove python3"
        )


def numbers():
    """Return where the chapter's cells with the tag "doctor" print something else than stored."""
    import nbformat

    print(
        "           … training a small model (if nothing follows, the processor is too old for it)",
        flush=True,
    )
    cells = nbformat.read(COURSE / CHAPTER, 4).cells
    cells = [cell for cell in cells if "doctor" in cell.metadata.get("tags", [])]
    book = "".join(output.get("text", "") for cell in cells for output in cell.outputs).splitlines()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec("\n".join(cell.source for cell in cells), {})
    except Exception as error:
        printed.write(f"{type(error).__name__}: {error}")
    here = printed.getvalue().splitlines()
    print(*[f"           {line}" for line in here], sep="\n")
    for stored, line in zip_longest(book, here, fillvalue="nothing"):
        if line != stored:
            lines = f"{CHAPTER} prints: {stored}\nhere it prints: {line}"
            return (
                f"{lines}\nIf that does not say what to do, please report it all, and the name of "
                "your processor."
            )
