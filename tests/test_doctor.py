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
from hygiene import ROOT

from regbook import doctor

Version = namedtuple("Version", "major minor micro releaselevel serial")


def examined(*command, **env):
    result = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, encoding="utf-8"
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
    code = "import sys, regbook.doctor as d; d.STEPS = d.STEPS[:2]; d.main(); print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in examined("-c", code)[1].splitlines()[-1].split()}
    startup = set(examined("-c", "import sys; print(*sys.modules)")[1].replace(".", " ").split())
    assert loaded - startup - sys.stdlib_module_names == {"regbook"}


@pytest.mark.parametrize("name", ["__init__", "__main__", "doctor"])
def test_an_old_python_can_read_it(name):
    ast.parse((ROOT / "src/regbook" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 1), (3, 14, 0)])
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
    assert "pip install -r requirements.txt" in said and said.count("instead of") == 1


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


def test_another_copy_of_the_course(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "src/regbook", tmp_path / "src/regbook")
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path / "chapters")
    assert doctor.folder() == f"the course in {ROOT}"
    (tmp_path / "src/regbook/data.py").write_text("")
    assert f"You are in {tmp_path}, but the code that runs is that of another copy" in complaint(doctor.folder)


def test_too_little_memory(monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(600e6))
    assert "600 MB of memory are free" in complaint(doctor.memory)


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
