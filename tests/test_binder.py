"""On Binder, does every notebook open from its launch button, and does Run All give the stored outputs in under 1 GB?

`make test-binder` runs these after tools/binder.py has replayed Binder's build into _build/binder.
"""

import contextlib
import html
import json
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse

import nbformat
import psutil
import pytest
from address import address
from binder import ENVIRONMENT, HOME, IMAGE, environment
from browser import BROWSER, MISSING, SWITCHES
from needs import need
from places import NOTEBOOKS, ROOT, SITE

pytestmark = pytest.mark.binder
# Bytes of TensorFlow, Python and the others, as read from disk. Right after the installation the system maps up to
# 100 MB more, which it takes back when it needs the memory; so these are not measured again.
PROGRAMS = 350e6
LAUNCH = re.compile(r'href="https://mybinder\.org/v2/gh/[^/"]+/[^/"]+/[^/"?]+\?urlpath=([^"]+)"')


@pytest.fixture
def home(tmp_path):
    """A reader's home folder on Binder: the repository."""
    return shutil.copytree(HOME, tmp_path / "home")


@contextlib.contextmanager
def running_lab(home, started_in=None):
    """A JupyterLab with that home folder, as BinderHub starts it; measures its memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    settings = {"base_url": "/user/course/", "token": token, "ip": "127.0.0.1", "port": port, "root_dir": home}
    command = [ENVIRONMENT / "bin/jupyter-lab", *(f"--ServerApp.{name}={value}" for name, value in settings.items())]
    with (home.parent / "log").open("w") as log:
        server = psutil.Popen(
            [*command, "--no-browser", "--allow-root"],
            cwd=started_in or home,
            env=environment() | {"HOME": str(home)},
            stderr=log,
        )
    lab = Lab(f"http://127.0.0.1:{port}/user/course/", token, server)
    try:
        lab.wait_until_it_answers()
        threading.Thread(target=lab.measure, daemon=True).start()
        yield lab
    finally:
        kernels = server.children(recursive=True)
        server.terminate()
        for process in psutil.wait_procs([server, *kernels], timeout=10)[1]:
            process.kill()


class Lab:
    def __init__(self, address, token, server):
        self.address, self.token, self.server = address, token, server
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
        """Keep the largest memory of the server and its kernel, in bytes, without the program files that they map."""
        while self.server.is_running():
            with contextlib.suppress(psutil.Error):  # one ended, or turned into another, while we looked
                there = [process.memory_info() for process in (self.server, *self.server.children())]
                self.peak = max(self.peak, sum(info.rss - info.shared for info in there))
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

    Where a slow computer shows a progress bar and erases it, blanks stay behind at the end of a line or alone."""
    return [
        (
            [
                line.rstrip()
                for o in cell.outputs
                if o.get("name") == "stdout"
                for line in o.text.splitlines()
                if line.strip()
            ],
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
    for _ in range(300):
        time.sleep(1)
        (kernel,) = lab.ask("api/kernels")
        if kernel["execution_state"] != "idle":
            continue
        tab.keyboard.press("Control+s")
        time.sleep(1)
        with contextlib.suppress(nbformat.reader.NotJSONError):  # read while it was being written
            saved = nbformat.read(path, as_version=4)
            counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code"]
            if counts == [*range(1, len(counts) + 1)] or troubles(saved):
                tab.close()
                return saved
    pytest.fail("it was not done after five minutes")


def open_notebook(lab, browser, link, name):
    """Follow `link` on the lab, and return the tab once JupyterLab shows that notebook, rendered, with its kernel."""
    tab = browser.new_page(viewport={"width": 1300, "height": 900})
    tab.goto(f"{lab.address}{link}{'&' if '?' in link else '?'}token={lab.token}")
    tab.wait_for_selector(f".lm-TabBar-tab.jp-mod-current >> text={name}", timeout=60_000)
    tab.wait_for_selector(".jp-NotebookPanel-toolbar >> text=Python 3", timeout=60_000)
    tab.wait_for_selector(".jp-Notebook h1")
    raw = "() => !/{(term|cite:|eq|numref|admonition)/.test(document.querySelector('.jp-Notebook').innerText)"
    tab.wait_for_function(raw, timeout=60_000)  # MyST is rendered
    return tab


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix())
def test_run_all_gives_the_stored_outputs(path, home, browser):
    need(BROWSER, MISSING)
    name = path.relative_to(ROOT)
    page = SITE / name.with_suffix(".html")
    link = f"lab/tree/{name.as_posix()}"
    if page.exists():  # a solutions notebook has no page; it is opened from its chapter
        assert LAUNCH.findall(page.read_text(encoding="utf-8")) == [link]
    forget_outputs(home / name)
    with running_lab(home) as lab:
        again = run_all(lab, open_notebook(lab, browser, link, path.name), home / name)
    assert troubles(again) == []
    assert told(again) == told(nbformat.read(path, as_version=4))
    with (IMAGE / "memory.txt").open("a") as notes:
        needed = PROGRAMS + lab.peak
        notes.write(f"{needed / 1e6:6.0f} MB  {name.as_posix()}\n")
    assert needed < 2**30  # what Binder promises a session


def test_a_teachers_link_brings_the_course_to_a_students_server(tmp_path, browser):
    """The link of chapters/teaching.md, with a repository and a server on this computer."""
    need(BROWSER, MISSING)
    page = (SITE / "chapters/teaching.html").read_text(encoding="utf-8")
    asked = parse_qs(urlparse(html.unescape(re.search(r"https://[^\s<]*/git-pull\?[^\s<]*", page).group())).query)
    known = address()
    assert (asked["repo"], asked["branch"]) == ([known["url"]], [known["branch"]])
    repository = shutil.copytree(IMAGE / "source", tmp_path / "upstream" / known["name"])
    me = ["-c", "user.name=teacher", "-c", "user.email=teacher@example.org"]
    for command in (["init", "-b", *asked["branch"]], ["add", "."], [*me, "commit", "-m", "the course"]):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")  # the same user owns both, but not in a container
    link = "git-pull?" + urlencode({key: value for key, (value,) in asked.items()} | {"repo": f"file://{repository}"})
    chapter = Path(asked["urlpath"][0].removeprefix("lab/tree/"))
    # On a hub the image's own folder is where the server is started; what it serves is the setting notebook_dir.
    with running_lab(home, started_in=HOME) as lab:
        again = run_all(lab, open_notebook(lab, browser, link, chapter.name), home / chapter)
    stored = ROOT / chapter.relative_to(repository.name)
    assert troubles(again) == [] and told(again) == told(nbformat.read(stored, as_version=4))
