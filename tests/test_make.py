"""Where set-up can't work, does make say what is missing, and leave the tree as it was?"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NO_NETWORK = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "PIP_FIND_LINKS": "",
}

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


@pytest.fixture
def tree(tmp_path):
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(tree, *arguments, **env):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "MAKE", "MFLAGS"))}
    result = subprocess.run(
        ["make", *arguments], cwd=tree, env=clean | env, capture_output=True, text=True, timeout=300
    )
    return result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments, env, message",
    [
        (["PYTHON="], {}, "No Python 3.11, 3.12 or 3.13 was found"),
        (["DISK_NEEDED_MB=1000000000"], {}, "MB are free. Nothing was changed"),
        ([], NO_NETWORK, "check the connection"),
    ],
    ids=["no Python", "full disk", "no network"],
)
@pytest.mark.parametrize("task", ["book", "test"])
def test_failing_set_up_says_why_and_leaves_nothing(tree, task, arguments, env, message):
    before = sorted(tree.rglob("*"))
    code, output = make(tree, task, *arguments, **env)
    assert code != 0 and message in output
    assert sorted(tree.rglob("*")) == before


def test_an_old_environment_survives_a_failing_update(tree):
    (tree / ".venv").mkdir()
    (tree / ".venv/precious").touch()
    code, output = make(tree, "book", **NO_NETWORK)
    assert code != 0 and "check the connection" in output and (tree / ".venv/precious").exists()


def test_set_up_is_done_once_and_again_only_where_the_pins_change(tree):
    (tree / ".venv").mkdir()
    for stamp in (".ready", ".ready-dev"):
        (tree / ".venv" / stamp).touch()
    assert "pip install" not in make(tree, "-n", "test")[1]
    os.utime(tree / "requirements.txt", (2e9, 2e9))
    assert "pip install" in make(tree, "-n", "book")[1]


def test_help_lists_the_tasks(tree):
    output = make(tree, "help")[1]
    assert all(
        f"make {task} " in output for task in ("book", "test", "test-variants", "notebooks", "lab", "bench", "lock")
    )
