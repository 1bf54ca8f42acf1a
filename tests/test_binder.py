"""On Binder, does every notebook open from its launch button, and does Run All give the stored outputs in under 1 GB?

`make test-binder` runs these after tests/binder.py has replayed Binder's build into _build/binder.
"""

import contextlib
import json
import re
import secrets
import shutil
import socket
import threading
import time
import urllib.request

import nbformat
import psutil
import pytest
from binder import ENVIRONMENT, HOME, IMAGE, environment
from browser import BROWSER, MISSING, SITE, SWITCHES
from hygiene import NOTEBOOKS, ROOT
from needs import need

pytestmark = pytest.mark.binder
PROMISED = 2**30  # bytes of memory that Binder promises a session
LAUNCH = re.compile(r'href="https://mybinder\.org/v2/gh/[^/"]+/[^/"]+/[^/"?]+\?urlpath=([^"]+)"')


@pytest.fixture
def lab(request, tmp_path):
    """A JupyterLab as BinderHub starts it, with a fresh copy of the image's home folder; measures its memory."""
    need(BROWSER, MISSING)
    home = tmp_path / "home"
    shutil.copytree(HOME, home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    place = f"--ServerApp.base_url=/user/course/ --ServerApp.token={token} --ServerApp.ip=127.0.0.1"
    command = [ENVIRONMENT / "bin/jupyter-lab", *place.split(), f"--ServerApp.port={port}", "--no-browser"]
    with (tmp_path / "log").open("w") as log:
        server = psutil.Popen([*command, "--allow-root"], cwd=home, env=environment() | {"HOME": str(home)}, stderr=log)
    running = Lab(f"http://127.0.0.1:{port}/user/course/", token, home, server)
    try:
        running.wait_until_it_answers()
        threading.Thread(target=running.measure, daemon=True).start()
        yield running
    finally:
        for process in [*server.children(recursive=True), server]:
            process.terminate()
        server.wait(30)


class Lab:
    def __init__(self, address, token, home, server):
        self.address, self.token, self.home, self.server = address, token, home, server
        self.peak = 0

    def ask(self, path):
        request = urllib.request.Request(self.address + path, headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def wait_until_it_answers(self):
        for _ in range(120):
            with contextlib.suppress(OSError):
                return self.ask("api/status")
            time.sleep(0.5)
        pytest.fail("JupyterLab did not start")

    def measure(self):
        """Keep the largest sum of the memory of the server and of its kernel. What they share counts twice."""
        while self.server.is_running():
            with contextlib.suppress(psutil.Error):  # one ended, or turned into another, while we looked
                there = [self.server, *self.server.children()]
                self.peak = max(self.peak, sum(process.memory_info().rss for process in there))
            time.sleep(0.1)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=SWITCHES)
        yield chromium
        chromium.close()


def told(notebook):
    """What a reader is told by each code cell: its printed text, its knobs, and how many pictures it draws.

    Where a slow computer shows a progress bar and erases it, blanks stay behind at the end of a line."""
    return [
        (
            [line.rstrip() for o in cell.outputs if o.get("name") == "stdout" for line in o.text.splitlines()],
            [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})],
            sum("image/png" in output.get("data", {}) for output in cell.outputs),
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def troubles(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]


def forget_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


def run_all(lab, tab, path):
    """Choose Run All Cells in the menu, wait for the end, save, and return the notebook as it was saved."""
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    saved = nbformat.read(path, as_version=4)
    for _ in range(300):
        time.sleep(1)
        tab.keyboard.press("Control+s")
        with contextlib.suppress(nbformat.reader.NotJSONError):  # read while it was being written
            saved = nbformat.read(path, as_version=4)
        counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code"]
        (kernel,) = lab.ask("api/kernels")
        if kernel["execution_state"] == "idle" and counts == [*range(1, len(counts) + 1)] or troubles(saved):
            return saved
    pytest.fail(f"not done after five minutes; the cells' counts are {counts}")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix())
def test_run_all_gives_the_stored_outputs(path, lab, browser):
    name = path.relative_to(ROOT)
    page = SITE / name.with_suffix(".html")
    place = f"lab/tree/{name.as_posix()}"
    if page.exists():  # a solutions notebook has no page; it is opened from its chapter
        assert LAUNCH.findall(page.read_text(encoding="utf-8")) == [place]
    forget_outputs(lab.home / name)
    tab = browser.new_page(viewport={"width": 1300, "height": 900})
    tab.goto(f"{lab.address}{place}?token={lab.token}")
    tab.wait_for_selector(f".lm-TabBar-tab.jp-mod-current >> text={path.name}", timeout=60_000)
    tab.wait_for_selector(".jp-NotebookPanel-toolbar >> text=Python 3", timeout=60_000)
    tab.wait_for_selector(".jp-Notebook h1")
    assert not re.search(r"\{(term|cite:|eq|numref|admonition)", tab.inner_text(".jp-Notebook")), "MyST shows raw"
    again = run_all(lab, tab, lab.home / name)
    tab.close()
    assert troubles(again) == []
    assert told(again) == told(nbformat.read(path, as_version=4))
    with (IMAGE / "memory.txt").open("a") as notes:
        notes.write(f"{lab.peak / 2**20:6.0f} MiB  {name.as_posix()}\n")
    assert lab.peak < PROMISED
