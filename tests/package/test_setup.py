"""Can the course be set up on every system, and is a reader told why where it can't?"""

import os
import re
import shutil
import subprocess
import sys

import pytest

import tasks
from conftest import ROOT, need

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
    command += [part for name in tasks.MAINTAINER for part in ("-r", name)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    need("error sending request" not in result.stderr, "the package index can't be reached")
    assert result.returncode == 0, result.stderr
    assert int(re.search(r"Would install (\d+) packages", result.stderr)[1]) > 150


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course that is not set up yet."""
    for name in ("pyproject.toml", *tasks.MAINTAINER):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    monkeypatch.setattr(tasks, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(tasks, "BIN", tmp_path / ".venv" / tasks.BIN.name)
    return tmp_path


def no_network(monkeypatch):
    settings = {"CONFIG_FILE": os.devnull, "INDEX_URL": "http://127.0.0.1:9/simple"}
    settings |= {"RETRIES": "0", "FIND_LINKS": ""}
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name}", value)


@pytest.mark.parametrize(
    "fault, message",
    [
        (lambda m: m.setattr(tasks, "DISK_MB", 1e9), "MB are free here. Nothing was changed"),
        (
            lambda m: (m.setattr(sys, "version_info", (3, 10, 0)), m.setenv("PATH", "")),
            "3.11, 3.12, 3.13 was found",
        ),
        (no_network, "check the connection"),
    ],
    ids=["full-disk", "no-Python", "no-network"],
)
def test_set_up_that_fails_says_why_and_leaves_nothing(folder, monkeypatch, fault, message):
    before = sorted(folder.rglob("*"))
    fault(monkeypatch)
    with pytest.raises(SystemExit, match=message):
        tasks.set_up(tasks.READER)
    assert sorted(folder.rglob("*")) == before


def test_an_environment_that_was_there_survives(folder, monkeypatch):
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    no_network(monkeypatch)
    with pytest.raises(SystemExit, match="check the connection"):
        tasks.set_up(tasks.READER)
    assert (folder / ".venv/pyvenv.cfg").exists()


def test_it_is_done_once_and_again_where_the_pins_change(folder, monkeypatch):
    ran = []
    monkeypatch.setattr(tasks, "_succeeds", lambda *command: not ran.append(command[1:3]))
    (folder / ".venv").mkdir()
    tasks.set_up(tasks.READER)
    assert ran == [("-m", "pip")] * 2
    tasks.set_up(tasks.READER)
    assert len(ran) == 2
    (folder / "requirements.txt").write_text("tqdm==4.67.1\n")
    tasks.set_up(tasks.READER)
    assert len(ran) == 4
