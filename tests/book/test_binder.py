"""On Binder, does every notebook open, and does Run All give the stored text within 1 GiB?

`pytest -n 0 -m binder` makes the environment anew in _build/binder, from the files that Binder
reads; it takes minutes.
"""

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from urllib.parse import unquote, urlparse

import nbformat
import psutil
import pytest

from conftest import SITE, need
from tools.notebooks import NOTEBOOKS, ROOT, code_cells, outputs, read, shown

pytestmark = pytest.mark.binder
ENVIRONMENT = ROOT / "_build/binder/environment"
HOME = ROOT / "_build/binder/home"  # on Binder the repository is the reader's home folder
# The environment variables of a Binder session, and those that lead to the network here.
NETWORK = re.compile("PIP_.*|.*_proxy|SSL_CERT_.*|REQUESTS_CA_BUNDLE", re.IGNORECASE)
VARIABLES = {name: value for name, value in os.environ.items() if NETWORK.fullmatch(name)}
VARIABLES |= {"HOME": HOME, "REPO_DIR": HOME, "KERNEL_PYTHON_PREFIX": ENVIRONMENT}
VARIABLES |= {"PATH": f"{ENVIRONMENT}/bin:{HOME}/.local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
# Bytes of TensorFlow, Python and the others, as read from disk. Right after the installation the
# system maps up to 100 MB more, which it takes back when it needs the memory; so these are not
# measured again.
PROGRAMS = 350e6
LAUNCH = re.compile(r'href="https://mybinder\.org/v2/gh/[^/"]+/[^/"]+/[^/"?]+\?urlpath=([^"]+)"')


@pytest.fixture(scope="session")
def home():
    """A home folder with what a commit would hold now, and the environment which that asks for."""
    shutil.rmtree(HOME.parent, ignore_errors=True)
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in listed.split("\0"):
        if (ROOT / name).is_file():  # git still lists a file that was deleted since the last commit
            (HOME / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, HOME / name)
    version = (HOME / "runtime.txt").read_text().strip().removeprefix("python-")
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = sys.executable if this == version else shutil.which(f"python{version}")
    need(python, f"runtime.txt asks for Python {version}, which is not installed here")
    steps = f"'{python}' -m venv '{ENVIRONMENT}'; "
    steps += "pip install -r requirements.txt --quiet; bash postBuild"
    command = ["bash", "-exc", steps]
    end = subprocess.run(command, cwd=HOME, env=VARIABLES, capture_output=True, text=True)
    if end.returncode:
        pytest.fail((end.stdout + end.stderr)[-3000:], pytrace=False)
    return HOME


@pytest.fixture(scope="module")
def lab(home):
    """One JupyterLab for all notebooks, as BinderHub starts it.

    Its process, and its addresses with `%s` for a path.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex()
    settings = {"base_url": "/user/course/", "token": token, "port": port}
    settings |= {"open_browser": False, "allow_root": True}
    command = ["jupyter-lab", *(f"--ServerApp.{name}={value}" for name, value in settings.items())]
    server = psutil.Popen(command, cwd=home, env=VARIABLES)
    for _ in range(120):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.5)
    yield server, f"http://127.0.0.1:{port}/user/course/%s?token={token}"
    server.terminate()
    server.wait(30)


@pytest.fixture
def tab(browser, lab):
    """An empty tab of the browser. The kernel of the notebook that is opened in it ends with it."""
    with browser.new_page() as page:
        page.set_default_timeout(60_000)
        yield page
        for kernel in page.request.get(lab[1] % "api/kernels").json():
            page.request.delete(lab[1] % f"api/kernels/{kernel['id']}")


def told(notebook):
    """What a reader sees of each code cell: its printed text, its knobs and tables, its pictures.

    Where a slow computer shows a progress bar and erases it, blanks stay behind at the end of a
    line or alone.
    """
    for cell in code_cells(notebook):
        printed = "\n".join(output.get("text", "") for output in cell.outputs)
        lines = [line.rstrip() for line in printed.splitlines() if line.strip()]
        forms = [shown(output, "text/html") for output in cell.outputs]
        forms += [shown(output, "image/svg+xml") for output in cell.outputs]
        yield lines, [form for form in forms if form]


def troubles(notebook):
    kinds = ("error", "stderr")
    return [out for out in outputs(notebook) if out.get("name", out.output_type) in kinds]


def open_notebook(tab, address):
    """Open a notebook in JupyterLab, and wait until it has its kernel and its MyST is rendered."""
    tab.goto(address + "&reset")  # without reset, it would open the notebooks before this one again
    tab.wait_for_selector(".jp-NotebookPanel-toolbar >> text=Python 3")
    tab.wait_for_selector(".jp-Notebook h1")
    text = "document.querySelector('.jp-Notebook').innerText"
    tab.wait_for_function(f"() => !/{{(term|cite:|eq|numref|admonition)/.test({text})")


@pytest.mark.parametrize("trusted", [True, False])
def test_before_anything_is_run_a_chapter_is_whole(trusted, home, lab, tab):
    """Pictures, captions, links and words are there; where postBuild's trust holds, knobs turn."""
    notebook = read(ROOT / "chapters/penalty.ipynb")
    notebook.cells += [] if trusted else [nbformat.v4.new_markdown_cell("Changed.", id="changed")]
    nbformat.write(notebook, home / "chapters/penalty.ipynb")
    # JupyterLab draws only what can be seen.
    tab.set_viewport_size({"width": 1300, "height": 20_000})
    open_notebook(tab, lab[1] % "lab/tree/chapters/penalty.ipynb")
    knobs = sum('class="knob"' in shown(output, "text/html") for output in outputs(notebook))
    figures = sum(bool(shown(output, "image/svg+xml")) for output in outputs(notebook))
    pictures = "document.querySelectorAll('.jp-OutputArea-output img').length"
    tab.wait_for_function(f"{pictures} == {knobs + figures}")
    captions = "document.querySelectorAll('.jp-Notebook figcaption').length"
    tab.wait_for_function(f"{captions} >= {knobs + figures}")
    tab.wait_for_function("[...document.images].every(image => image.naturalWidth > 0)")
    text = "document.querySelector('.jp-Notebook').innerText"
    tab.wait_for_function(rf"!/⚠|\{{[a-z:]+\}}`|:::/.test({text})")
    assert figures > 3
    assert tab.locator(".jp-Notebook a[href='#'], .jp-Notebook a:not([href])").count() == 0
    sliders = tab.locator(".knob-turn input")
    assert sliders.count() == (knobs if trusted else 0) and knobs > 1
    words = tab.locator(".jp-OutputArea-output li").all_text_contents()
    assert sum("λ = " in line for line in words) > 5
    if trusted:
        before = tab.locator(".knob img").first.get_attribute("alt")
        sliders.first.press("End")
        assert tab.locator(".knob img").first.get_attribute("alt") != before


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("chapters/*.md")))
def test_a_page_opens_as_a_page_and_its_links_lead_on(name, lab, tab):
    tab.goto(lab[1] % f"lab/tree/chapters/{name}" + "&reset")
    tab.wait_for_selector(".jp-MarkdownViewer h1")
    text = "document.querySelector('.jp-MarkdownViewer').innerText"
    tab.wait_for_function(rf"!/⚠|Unknown|\{{[a-z:-]+\}}|:::/.test({text})")
    dead = tab.locator(".jp-MarkdownViewer a[href='#'], .jp-MarkdownViewer a:not([href])")
    assert dead.count() == 0
    links = tab.locator(".jp-MarkdownViewer a")
    for link in links.evaluate_all("links => links.map(link => link.href)"):
        path = urlparse(unquote(link)).path.partition("/files/")[2]
        assert "/files/" not in link or (ROOT / path).exists(), link


@pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "chapters").as_posix()
)
def test_run_all_gives_the_stored_text(path, home, lab, tab, capsys):
    server, address = lab
    name = path.relative_to(ROOT)
    page, link, copy = SITE / name.with_suffix(".html"), f"lab/tree/{name.as_posix()}", home / name
    if page.exists():  # a solutions notebook has no page; it is opened from its chapter
        assert LAUNCH.findall(page.read_text(encoding="utf-8")) == [link]
    notebook = read(copy)
    cells = code_cells(notebook)
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, copy)
    open_notebook(tab, address % link)
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    needed = 0
    for tenth in range(1, 3000):  # of a second
        time.sleep(0.1)
        with contextlib.suppress(psutil.Error):  # a process ended or changed while we looked
            memory = [process.memory_info() for process in (server, *server.children())]
            needed = max(needed, PROGRAMS + sum(info.rss - info.shared for info in memory))
        if tenth % 10:
            continue
        with contextlib.suppress(nbformat.reader.NotJSONError):  # it was being written
            notebook = read(copy)
        counts = [cell.execution_count for cell in code_cells(notebook)]
        if counts == [*range(1, len(cells) + 1)] or troubles(notebook):
            break
        kernels = tab.request.get(address % "api/kernels").json()
        if [kernel["execution_state"] for kernel in kernels] == ["idle"]:
            tab.keyboard.press("Control+s")
    with capsys.disabled():
        print(f"\n{needed / 1e6:6.0f} MB  {name.as_posix()} ", end="")
    assert troubles(notebook) == []
    assert counts == [*range(1, len(cells) + 1)], "it was not done after five minutes"
    assert [*told(notebook)] == [*told(read(path))]
    assert needed < 2**30  # what Binder promises a session
