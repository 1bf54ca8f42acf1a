"""Does the doctor (`python -m regbook`) find what is wrong, say what to do, and compare a number with the book's?"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import nbformat
import psutil
import pytest
from places import ROOT

from regbook import doctor

Version = namedtuple("Version", "major minor micro releaselevel serial")


def examined(*command, **env):
    result = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, errors="replace"
    )
    assert result.stderr == ""
    return result.returncode, result.stdout


def complaint(check):
    with pytest.raises(doctor.Ill) as said:
        check()
    return str(said.value)


def test_a_healthy_course_prints_the_numbers_of_the_book():
    code, said = examined("-m", "regbook")
    assert code == 0 and said.count("  ok  ") == 7 and "PROBLEM" not in said
    stored = nbformat.read(ROOT / doctor.ASKED, as_version=4)
    book = "".join(output.get("text", "") for cell in stored.cells for output in cell.get("outputs", []))
    shown = said.partition("prints what the book prints:\n")[2].splitlines()
    assert len(shown) >= 3 and all(line.strip() in book and re.search(r"0\.\d\d", line) for line in shown[:2])


def test_without_any_package_it_still_answers():
    code, said = examined("-I", "-S", "src/regbook")
    assert code == 1 and "it was not set up in this Python" in said and ".venv" in said


def test_until_the_packages_are_known_to_be_there_only_the_standard_library_is_loaded():
    code = "import sys, regbook.doctor as d; d.STEPS = d.STEPS[:3]; d.main(); print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in examined("-c", code)[1].splitlines()[-1].split()}
    startup = set(examined("-c", "import sys; print(*sys.modules)")[1].replace(".", " ").split())
    assert loaded - startup - sys.stdlib_module_names == {"regbook"}


@pytest.mark.parametrize("name", ["__init__", "__main__", "doctor"])
def test_an_old_python_can_read_it(name):
    ast.parse((ROOT / "src/regbook" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 1), (3, 14, 0)])
def test_wrong_python(version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", Version(*version, "final", 0))
    assert "The course needs 3.11, 3.12 or 3.13" in complaint(doctor.python)


def test_the_pythons_are_those_of_the_package():
    assert metadata.metadata("regbook")["Requires-Python"] == "<3.14,>=3.11"
    assert [f"3.{minor}" for minor in range(11, 14)] == [".".join(map(str, python)) for python in doctor.PYTHONS]


def test_missing_and_different_packages(monkeypatch):
    versions = {"keras": "3.14.0", "tqdm": None}
    installed = doctor._installed
    monkeypatch.setattr(doctor, "_installed", lambda name: versions[name] if name in versions else installed(name))
    said = complaint(doctor.packages)
    assert "missing: tqdm" in said and "keras 3.14.0 instead of 3.15.1" in said
    assert "pip install --require-hashes -r requirements.txt" in said and said.count("instead of") == 1


def test_both_builds_of_tensorflow(monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda name: doctor._pins(_pins_text()).get(name, "2.20.0"))
    assert "overwrite each other" in complaint(doctor.packages)


def _pins_text():
    return (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_the_pins_for_this_system_are_those_that_pip_would_take():
    from packaging.requirements import Requirement

    lines = [line.removesuffix(" \\") for line in _pins_text().splitlines() if "==" in line and line[0] not in " #"]
    wanted = [pin for pin in map(Requirement, lines) if not pin.marker or pin.marker.evaluate()]
    assert doctor._pins(_pins_text()) == {pin.name: str(pin.specifier)[2:] for pin in wanted}


@pytest.mark.parametrize("system, machine, name", [("darwin", "x86_64", "macosx"), ("win32", "ARM64", "win-arm64")])
def test_a_computer_for_which_there_is_no_tensorflow(monkeypatch, system, machine, name):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("sysconfig.get_platform", lambda: name)
    assert "TensorFlow cannot be installed" in complaint(doctor.python) and "Binder" in complaint(doctor.python)


def test_an_installation_that_was_broken_off(monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda name: None)
    monkeypatch.setattr(doctor, "ENVIRONMENT", Path(sys.prefix))
    assert "was broken off" in complaint(doctor.packages)


def test_the_helper_package_is_missing_or_was_copied(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(ROOT / "src")])  # as where this is run as a file
    assert "regbook is not installed in this Python" in complaint(doctor.package)
    monkeypatch.setattr(doctor, "COURSE", tmp_path)
    assert f"The helper package was copied to {tmp_path}" in complaint(doctor.packages)


@pytest.mark.parametrize("changed", ["data.py", "__init__.py", "exercises/__init__.py"])
def test_another_copy_of_the_course(tmp_path, monkeypatch, changed):
    """Only one whose code differs: on a class's server one copy is the image's, and one the student's."""
    shutil.copytree(ROOT / "src/regbook", tmp_path / "src/regbook")
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path / "chapters")
    assert doctor.package() == f"the helper package of {ROOT}"
    (tmp_path / "src/regbook" / changed).write_text("changed = True")
    assert f"You are in {tmp_path}, but notebooks import another copy" in complaint(doctor.package)
    monkeypatch.setattr(doctor, "COURSE", tmp_path)  # run as a file of that copy
    assert "notebooks import another copy" in complaint(doctor.package)


def test_too_little_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(600e6))
    monkeypatch.setattr(doctor, "LIMITS", tmp_path)  # in no container
    assert "600 MB of memory are free" in complaint(doctor.memory)


def test_too_little_memory_in_a_container(monkeypatch, tmp_path):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(9e9))
    monkeypatch.setattr(doctor, "LIMITS", tmp_path)
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 300000000\n")
    (tmp_path / "memory.current").write_text("1700000000\n")
    (tmp_path / "memory.max").write_text("2000000000\n")
    assert "600 MB of memory are free" in complaint(doctor.memory)
    (tmp_path / "memory.max").write_text("max\n")  # no limit
    assert doctor.memory() == "9000 MB of memory are free"


def test_a_report_can_be_written_to_a_file_on_windows():
    code, said = examined("-m", "regbook", PYTHONIOENCODING="cp1252")
    assert code == 0 and "prints what the book prints" in said


def test_an_old_kernel_that_is_registered_elsewhere(tmp_path, monkeypatch):
    place = tmp_path / "kernels/python3"
    place.mkdir(parents=True)
    python = Path(tmp_path.anchor) / "old" / "python3.8"
    (place / "kernel.json").write_text(json.dumps({"argv": [str(python), "-m", "ipykernel"], "display_name": "Old"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    said = complaint(doctor.kernel)
    assert f"starts another Python, {python}" in said and f"registered in {place}" in said


def test_tensorflow_first():
    code, said = examined("-c", "import tensorflow, runpy; runpy.run_module('regbook')", TF_CPP_MIN_LOG_LEVEL="3")
    assert code == 1 and "TensorFlow was loaded before the course could set it up" in said


def test_in_a_notebook_where_tensorflow_has_computed(tmp_path):
    """There regbook is imported, and reproducible() refuses."""
    code = "import regbook.numerics, tensorflow as tf; tf.zeros(1) + 1; import runpy; runpy.run_module('regbook')"
    code, said = examined("-c", code, TF_CPP_MIN_LOG_LEVEL="3")
    assert code == 1 and "could not be trained" in said and "Restart the kernel" in said


def test_a_number_that_differs_from_the_book(tmp_path, monkeypatch):
    output = nbformat.v4.new_output("stream", name="stdout", text="one\naccuracy: 0.90\n")
    cell = nbformat.v4.new_code_cell("print('one')\nprint('accuracy: 0.89')", outputs=[output])
    cell.metadata["tags"] = ["doctor"]
    path = tmp_path / "chapter.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    monkeypatch.setattr(doctor, "ASKED", path)
    said = complaint(doctor.numbers)
    assert "the book prints: accuracy: 0.90\nhere it prints:  accuracy: 0.89" in said and "report it" in said


def test_in_a_notebook_of_any_kernel():
    """`%run` in a kernel where regbook is not installed, too; leaving the doctor is no error there."""
    script = "from IPython.core.interactiveshell import InteractiveShell as Shell; shell = Shell.instance()\n"
    script += "shell.run_line_magic('run', 'src/regbook/__main__.py'); print('still here')"
    code, said = examined("-c", script)
    assert code == 0 and "prints what the book prints" in said and said.endswith("still here\n")
