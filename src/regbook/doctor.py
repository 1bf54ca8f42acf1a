"""One job: tell a reader whose numbers differ, or whose notebooks don't run, what is wrong and what to do about it.

It imports nothing but the standard library until it has seen that the rest is there, and is written so that
Python 3.6 and newer can at least read it.
"""

import contextlib
import io
import os
import platform
import re
import sys
import sysconfig
from importlib.machinery import PathFinder
from itertools import zip_longest
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]
PYTHONS = ((3, 11), (3, 12), (3, 13))
LIMITS = Path("/sys/fs/cgroup")
KERNEL_MB = 870  # the kernel of the largest chapter: `make bench` measured 864
ASKED = "chapters/l2-keras.ipynb"  # its cells with the tag "doctor" are run here, and must print what is stored there
ENVIRONMENT = COURSE / ".venv"
SET_UP = "Then delete the folder .venv, and set the course up again as README.md says."
# The pip of this Python, not one that happens to come first; quoted, since a folder's name may hold spaces.
PIP = f'{"& " if os.name == "nt" else ""}"{sys.executable}" -m pip install'
INSTALL = f"{PIP} --no-deps --no-build-isolation -e ."


class Ill(Exception):
    """What is wrong, and what to do about it."""


def main():
    """Print what each check found, and what to do about it. Returns True if all is well.

    A check that needs what an earlier one missed is not tried.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a file on Windows knows no Σ
    print(f"The doctor looks at {sys.executable}")
    return all(all([_well(check) for check in step]) for step in STEPS)


def _well(check):
    try:
        print(f"  ok       {check()}")
    except Ill as trouble:
        print("  PROBLEM  " + str(trouble).replace("\n", "\n           "))
        return False
    return True


def python():
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] not in PYTHONS:
        raise Ill(f"This is Python {version}. The course needs 3.11, 3.12 or 3.13. Install one of them.\n{SET_UP}")
    if sys.maxsize < 2**32:
        raise Ill(f"This Python is a 32-bit program, and TensorFlow has none. Install a 64-bit Python.\n{SET_UP}")
    if (sys.platform == "darwin" and platform.machine() != "arm64") or sysconfig.get_platform() == "win-arm64":
        raise Ill(
            f"TensorFlow cannot be installed in this Python ({sysconfig.get_platform()}).\n"
            "On a Mac with Apple silicon, install a Python for arm64; on Windows, one for x86-64.\n"
            "On a Mac with an Intel processor, use Binder."
        )
    return f"Python {version}"


def packages():
    """Every pin of requirements.txt that is meant for this system, against what is installed."""
    if not (COURSE / "requirements.txt").exists():
        raise Ill(
            f"The helper package was copied to {COURSE}. It must stay with the course; in its folder, run:\n{INSTALL}"
        )
    pins = _pins((COURSE / "requirements.txt").read_text(encoding="utf-8"))
    there = {name: _installed(name) for name in pins}
    missing = [name for name, version in there.items() if version is None]
    other = [
        f"{name} {version} instead of {pins[name]}"
        for name, version in there.items()
        if version not in (None, pins[name])
    ]
    if len(missing) > len(pins) / 2 and Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        raise Ill(
            f"{len(missing)} of the course's {len(pins)} packages are missing: the installation was broken off.\n"
            "Run the install lines of README.md again, and read what the last lines say."
        )
    if len(missing) > len(pins) / 2:
        raise Ill(
            f"{len(missing)} of the course's {len(pins)} packages are missing: it was not set up in this Python.\n"
            f"Use {ENVIRONMENT / ('Scripts' if os.name == 'nt' else 'bin') / 'python'},\n"
            "and start JupyterLab from that environment. If there is none, set the course up as README.md says."
        )
    if missing or other:
        lines = ["missing: " + ", ".join(missing)] * bool(missing) + other[:10]
        lines += [f"and {len(other) - 10} more"] * (len(other) > 10)
        lines += ["Other versions may print other numbers. In the course's folder, run:"]
        lines += [f"{PIP} --require-hashes -r requirements.txt", "(with uv: uv pip install …)"]
        raise Ill("\n".join(lines))
    two = [name for name in ("tensorflow", "tensorflow-cpu") if _installed(name)]
    if len(two) == 2:
        raise Ill(
            f"tensorflow and tensorflow-cpu are both installed, and overwrite each other.\n{SET_UP[5:].capitalize()}"
        )
    return f"{len(pins)} packages, each in the version of requirements.txt"


def _pins(text):
    """{name: version} of the pins that are meant for this Python and this system."""
    facts = {
        "sys_platform": sys.platform,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "python_full_version": ".".join(map(str, sys.version_info[:3])),
        "implementation_name": sys.implementation.name,
    }
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.*?))? \\$", text, re.MULTILINE)
    # The conditions of such a list are Python, and as texts 3.11, 3.12, 3.13 and 3.15 stand in the right order.
    return {name: version for name, version, condition in found if not condition or eval(condition, facts)}


def _installed(name):
    from importlib import metadata  # old Pythons have none, and must get as far as their own check

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def package():
    """The helper package that notebooks import must be there, and be that of the folder that the reader stands in."""
    found = PathFinder.find_spec("regbook", sys.path[1:])  # the first is the folder that this run was started from
    if found is None:
        raise Ill(f"The helper package regbook is not installed in this Python.\nIn {COURSE}, run:\n{INSTALL}")
    imported = Path(found.origin).resolve().parents[2]
    around = (place for place in [Path.cwd(), *Path.cwd().parents] if (place / "src/regbook").is_dir())
    here = next(around, COURSE)
    if _code(here) != _code(imported):
        raise Ill(
            f"You are in {here}, but notebooks import another copy of the course, {imported},\n"
            f"and the two differ. Use that copy, or install this one; in its folder, run:\n{INSTALL}\n"
            "On a class's server, tell your teacher: the server's image must be built again."
        )
    return f"the helper package of {imported}"


def _code(course):
    top = course / "src/regbook"
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*.py")}


def memory():
    import psutil

    free = psutil.virtual_memory().available / 1e6
    with contextlib.suppress(OSError, ValueError, KeyError):  # a container may allow less than the computer has
        stat = dict(line.split() for line in (LIMITS / "memory.stat").read_text().splitlines())
        used = int((LIMITS / "memory.current").read_text()) - int(stat["inactive_file"])
        free = min(free, (int((LIMITS / "memory.max").read_text()) - used) / 1e6)
    if free < KERNEL_MB:
        raise Ill(
            f"{free:.0f} MB of memory are free; the kernel of a chapter takes up to {KERNEL_MB} MB.\n"
            "Shut down the kernels of other notebooks (Kernel > Shut Down All Kernels), and close other programs."
        )
    return f"{free:.0f} MB of memory are free"


def kernel():
    """The notebooks ask for the kernel python3; it must be this Python, and not one that was registered long ago."""
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    starts = Path(spec.argv[0])
    if starts.is_absolute() and starts.parent.resolve() != Path(sys.executable).parent.resolve():
        raise Ill(
            f"JupyterLab's kernel 'python3' starts another Python, {starts}.\n"
            f"It was registered in {spec.resource_dir}.\n"
            "Remove it: jupyter kernelspec remove python3. Then start JupyterLab again."
        )
    return "JupyterLab's kernel 'python3' is this Python"


def order():
    """TensorFlow must not be loaded before the course's own settings."""
    if "tensorflow" in sys.modules and "regbook.numerics" not in sys.modules:
        raise Ill(
            "TensorFlow was loaded before the course could set it up. Restart the kernel, and let\n"
            "`from regbook import reproducible` and `reproducible(0)` be the first lines that run. If that is so\n"
            "already, a start-up file of Python or IPython loads it (see ~/.ipython/profile_default/startup)."
        )
    return "nothing loaded TensorFlow before the course"


def numbers():
    """Train a small model of the book as the book does, and compare what is printed with what is stored."""
    import nbformat

    cells = nbformat.read(COURSE / ASKED, as_version=4).cells
    cells = [cell for cell in cells if "doctor" in cell.metadata.get("tags", [])]
    book = "".join(output.text for cell in cells for output in cell.outputs if output.output_type == "stream")
    here, names, trouble = io.StringIO(), {}, None
    print(
        "           … training a small model (if nothing follows, this processor is too old for TensorFlow)", flush=True
    )
    try:
        with contextlib.redirect_stdout(here):
            for cell in cells:
                exec(cell.source, names)
    except Exception as error:
        trouble = error
    printed = [text.strip().splitlines() for text in (book, here.getvalue())]
    different = [pair for pair in zip_longest(*printed, fillvalue="nothing") if pair[0] != pair[1]]
    if trouble and not here.getvalue():
        raise Ill(
            f"A small model of {ASKED} could not be trained.\n{type(trouble).__name__}: {trouble}"
            + "\nWhere a DLL is missing: install the Microsoft Visual C++ Redistributable." * (os.name == "nt")
        ) from trouble
    if different:
        raise Ill(
            "A small model of {} came out differently.\nthe book prints: {}\nhere it prints:  {}\n"
            "This should not happen. Please report it, with all lines above and the name of your processor.".format(
                ASKED, *different[0]
            )
        )
    shown = [line for line in printed[0] if line and not line.startswith("✓")]
    return "a small model, trained here, prints what the book prints:\n" + "\n".join(f"           {x}" for x in shown)


STEPS = [[python], [packages], [package], [memory, kernel, order], [numbers]]
