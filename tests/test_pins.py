"""Can the pins be installed, checked by hash, on every system that the README names; are advisories noticed?"""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from audit import LISTS
from needs import need
from places import ROOT

PYTHONS = ["3.11", "3.12", "3.13"]
SYSTEMS = {
    "Linux, x86-64": "x86_64-unknown-linux-gnu",
    "Linux, Arm": "aarch64-unknown-linux-gnu",
    "macOS, Apple silicon": "aarch64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
}
PINS = {name: (ROOT / name).read_text(encoding="utf-8") for name in LISTS}


def pins(text):
    """{name: what follows it} of every requirement; what follows holds its version, its condition and its hashes."""
    joined = text.replace("\\\n", " ")
    return dict(re.match(r"([\w.-]+)(.*)", line).groups() for line in joined.splitlines() if line[0] not in " #")


def resolve(folder, python, system, *lists):
    """What `pip install` of the lists would say there, taking nothing but wheels whose hash is listed."""
    command = [Path(sys.executable).with_name("uv"), "pip", "install", "--dry-run", "--target", folder / "nowhere"]
    command += ["--only-binary=:all:", "--require-hashes", "--python-version", python, "--python-platform", system]
    result = subprocess.run(
        [*command, *(word for path in lists for word in ("-r", path))], cwd=ROOT, capture_output=True, text=True
    )
    need("error sending request" not in result.stderr, "the package index can't be reached")
    return result


@pytest.mark.parametrize("name", LISTS)
def test_every_pin_names_one_version_and_carries_hashes(name):
    assert len(pins(PINS[name])) > 10
    assert [pin for pin, rest in pins(PINS[name]).items() if not re.match(r"==\S+ .*--hash=sha256:\w{64}", rest)] == []


def test_no_pin_stands_in_both_lists():
    assert not set.intersection(*(set(pins(text)) for text in PINS.values()))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_pin_has_a_wheel(tmp_path, python, system):
    result = resolve(tmp_path, python, SYSTEMS[system], *LISTS)
    assert result.returncode == 0, result.stderr
    assert int(re.search(r"Would install (\d+) packages", result.stderr).group(1)) > 180


def test_a_pin_without_a_wheel_is_noticed(tmp_path):
    """tensorflow-cpu, were it asked for on macOS too."""
    text = re.sub(r"^(tensorflow-cpu==\S+) ; .*? \\$", r"\1 \\", PINS["requirements.txt"], flags=re.MULTILINE)
    (tmp_path / "changed.txt").write_text(text)
    result = resolve(tmp_path, "3.11", SYSTEMS["macOS, Apple silicon"], tmp_path / "changed.txt")
    assert result.returncode != 0 and "tensorflow-cpu==2.20.0 has no wheels" in result.stderr


@pytest.mark.parametrize("name", ["tqdm", "codespell"])
def test_pip_refuses_a_file_with_another_hash(tmp_path, name):
    (rest,) = [pins(text)[name] for text in PINS.values() if name in pins(text)]
    (tmp_path / "list.txt").write_text(name + re.sub("sha256:....", "sha256:0000", rest))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", tmp_path, "-r", tmp_path / "list.txt"]
    result = subprocess.run(command, capture_output=True, text=True)
    need("No matching distribution" not in result.stderr, "the package index can't be reached")
    assert result.returncode != 0 and "DO NOT MATCH THE HASHES" in result.stderr


def audited(*arguments, complete="0"):
    command = [sys.executable, ROOT / "tools/audit.py", *arguments]
    env = os.environ | {"REGBOOK_COMPLETE": complete}
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    return result.returncode, result.stdout


@pytest.fixture
def database():
    """A database of advisories on this computer that knows of one, about tqdm."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}]
            known = {"id": "TEST-1", "summary": "It is slow.", "affected": [{"package": asked, "ranges": ranges}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"vulns": [known]} if asked["name"] == "tqdm" else {}).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"--osv-url=http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_advisory_is_reported_unless_it_is_known(database):
    code, said = audited(database)
    assert code == 1 and re.search(r"tqdm \S+: TEST-1, mended in 99.0: It is slow.\n", said)
    everything = sum(len(pins(text)) for text in PINS.values())
    assert f"{everything} of {everything} pins were compared; 1 advisories concern them" in said
    code, said = audited(database, "--ignore-vuln=TEST-1")
    assert code == 0 and "0 advisories concern them" in said


@pytest.mark.parametrize("complete", ["0", "1"])
def test_without_a_database_it_says_that_nothing_was_compared(complete):
    code, said = audited("--osv-url=http://127.0.0.1:9", complete=complete)
    assert code == int(complete)
    assert said == "No database of advisories can be reached from here: the pins were NOT compared with any.\n"
