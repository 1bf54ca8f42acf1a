"""Does the doctor (`python -m regbook`) find what is wrong, and say what to do?"""

import ast
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distributions as installed
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
import yaml

from conftest import ROOT
from regbook import doctor
from tools.notebooks import read
from tools.run_notebooks import DOCTOR, for_the_doctor

pytestmark = pytest.mark.pins

# What the doctor finds instead of a package, a computer, its memory or JupyterLab's kernel.
OTHER = SimpleNamespace(
    version="0", machine="x86_64", available=600e6, argv=[str(ROOT / "old/python")]
)
FOUND = "importlib.metadata.distributions"
KERNEL = "jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec"
PROBLEMS = [
    (
        doctor.python,
        "This is Python 3.10. The course needs 3.11, 3.12 or 3.13.",
        {"sys.version_info": (3, 10, 1)},
    ),
    (doctor.python, "This is Python 3.14.", {"sys.version_info": (3, 14, 0)}),
    (doctor.python, "Elsewhere, use Binder", {"sys.platform": "darwin", "os.uname": lambda: OTHER}),
    (doctor.python, "Elsewhere, use Binder", {"sysconfig.get_platform": lambda: "win-arm64"}),
    (doctor.python, "Elsewhere, use Binder", {"sys.maxsize": 2**31 - 1}),
    (doctor.packages, "not set up in this Python", {FOUND: lambda name: []}),
    (
        doctor.packages,
        "keras: 0 instead",
        {FOUND: lambda name: [OTHER] if name == "keras" else installed(name=name)},
    ),
    (
        doctor.packages,
        "psutil: nothing",
        {FOUND: lambda name: [] if name == "psutil" else installed(name=name)},
    ),
    (doctor.packages, "are both installed", {FOUND: lambda name: [*installed(name=name), OTHER]}),
    (
        doctor.memory_and_kernel,
        "600 MB of memory are free",
        {"psutil.virtual_memory": lambda: OTHER},
    ),
    (
        doctor.memory_and_kernel,
        "TensorFlow was",
        {"regbook.doctor.sys": SimpleNamespace(modules=["tensorflow"])},
    ),
    (
        doctor.memory_and_kernel,
        f"another Python, {OTHER.argv[0]}",
        {KERNEL: lambda self, name: OTHER},
    ),
]


def answer(*command, folder=ROOT, **env):
    command, env = [sys.executable, *command], os.environ | env
    settings = {"capture_output": True, "text": True, "errors": "replace"}
    result = subprocess.run(command, cwd=folder, env=env, **settings)
    assert result.stderr == ""
    return f"{result.stdout}exit code {result.returncode}"


def test_a_healthy_course_prints_the_numbers_of_the_book_even_to_a_file_on_windows():
    said = answer("-m", "regbook", PYTHONIOENCODING="cp1252")
    assert said.count("  ok  ") == 6 and said.endswith("exit code 0")
    assert "accuracy on 200 other dots: 0." in said


def test_another_backend_is_an_error_and_no_other_number():
    said = answer("-m", "regbook", KERAS_BACKEND="jax")
    assert "PROBLEM  The model could not be trained, which is not another number" in said
    assert "Keras is set to run on 'jax'" in said and "here it prints" not in said


def test_without_any_package_it_answers():
    said = answer("-I", "-S", "src/regbook")
    assert "PROBLEM  The course is not set up in this Python" in said
    assert said.endswith("exit code 1")


def test_in_a_notebook_without_the_helper_package_it_ends_without_an_error(tmp_path):
    code = f"import sys; sys.path.remove({str(ROOT / 'src')!r})\n%run ../src/regbook/__main__.py"
    said = answer("-m", "IPython", "-c", code, folder=ROOT / "chapters", IPYTHONDIR=str(tmp_path))
    assert "PROBLEM  The helper package regbook is not installed" in said
    assert "SystemExit" not in said


def test_until_the_packages_are_known_only_the_standard_library_is_loaded():
    code = """import sys
before = set(sys.modules)
from regbook import doctor
doctor.python(), doctor.packages()
names = {name.split('.')[0] for name in set(sys.modules) - before}
print(sorted(names - sys.stdlib_module_names))"""
    assert answer("-c", code).startswith("['packaging', 'regbook']")


@pytest.mark.parametrize("name", ["__init__", "__main__", "doctor"])
def test_an_old_python_can_read_it(name):
    ast.parse((ROOT / f"src/regbook/{name}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("check, problem, changes", PROBLEMS)
def test_a_problem_is_found(check, problem, changes, monkeypatch):
    for place, value in changes.items():
        monkeypatch.setattr(place, value, raising=False)  # Windows has no os.uname
    assert problem in check()


def test_another_copy_of_the_course_is_minded_where_its_code_differs(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src")
    look = ("-P", "-c", "from regbook import doctor; print(doctor.COURSE, doctor.helper_package())")
    assert f"{tmp_path} None" in answer(*look, folder=tmp_path / "src")
    (tmp_path / "src/regbook/exercises/__init__.py").write_text("changed = True")
    said = answer(*look, folder=tmp_path / "src")
    assert f"{tmp_path} Notebooks import another copy, {ROOT}" in said


def test_what_it_trains_is_what_the_chapter_trains():
    chapter = for_the_doctor(read(ROOT / "chapters/l2-keras.ipynb"))
    assert json.loads(DOCTOR.read_text(encoding="utf-8")) == chapter and chapter["printed"]


@pytest.mark.parametrize(
    "code, said",
    [
        ("print(0.89)", "prints: 0.90\nhere it prints: 0.89\n"),
        ("", "prints: 0.90\nhere it prints: nothing\n"),
        ("1 / 0", "could not be trained, which is not another number:\nTraceback"),
    ],
)
def test_a_number_that_differs_and_an_error_are_told_apart_and_can_be_sent(code, said, monkeypatch):
    monkeypatch.setattr("json.loads", lambda text: {"code": code, "printed": "0.90\n"})
    problem = doctor.numbers()
    assert said in problem and ("ZeroDivisionError" in problem) == ("1 / 0" in code)
    address, form = problem.split("\n")[-1].split("?")
    assert address == f"{doctor.REPOSITORY}/issues/new"
    fields = parse_qs(form)
    known = yaml.safe_load(
        (ROOT / ".github/ISSUE_TEMPLATE" / fields.pop("template")[0]).read_text()
    )
    assert set(fields) <= {field.get("id") for field in known["body"]}
    assert said.splitlines()[-1] in fields["report"][0] and "keras 3." in fields["report"][0]


@pytest.mark.parametrize("name", ["random.py", "numpy/__init__.py"])
def test_a_file_that_is_taken_for_a_module_or_package_is_named_first(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    said = answer("-m", "regbook", folder=tmp_path)
    imported = name.partition("/")[0].removesuffix(".py")
    assert f"PROBLEM  Python imports {imported} of {tmp_path} in place of" in said
    assert "  ok  " not in said


def test_without_the_folder_of_the_course_it_answers(tmp_path):
    shutil.copytree(ROOT / "src/regbook", tmp_path / "lib/regbook")
    look = "print(doctor.COURSE, doctor.python(), doctor.packages(), doctor.helper_package())"
    said = answer(
        "-c", f"from regbook import doctor; {look}", folder=tmp_path, PYTHONPATH=f"{tmp_path}/lib"
    )
    assert "versions can't be compared\nNone None None None\nexit code 0" in said


def test_what_nobody_foresaw_is_said_and_can_be_sent(monkeypatch, capsys):
    monkeypatch.setattr("regbook.doctor.python", lambda: 1 / 0)
    assert doctor.main() is False
    said = capsys.readouterr().out
    assert "The doctor itself failed:" in said and f"{doctor.REPOSITORY}/issues/new?" in said
