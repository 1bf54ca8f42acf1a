"""What all tests share: where things are, the browser, and the settings of nbval's kernels."""

import functools
import os
import re
import shutil
import time

import psutil
import pytest

from tools.notebooks import ROOT, contents

SITE = ROOT / "_build/html"
CHAPTERS = [ROOT / f"{name}.ipynb" for name in contents()[1]]  # the course, in its order
ASKING = [*CHAPTERS, ROOT / "chapters/judge.ipynb"]  # the pages with exercises

# The guess that CONTRIBUTING.md shows as an example, as a page would hold it.
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
GUESS = re.search("  ```\n(.*?)  ```", GUIDE, re.DOTALL)[1].replace("\n  ", "\n").strip()

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    "msedge",
)
SWITCHES = [
    "--no-sandbox",  # continuous integration runs as root
    "--disable-gpu",
    # These keep the browser from asking its maker's servers.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_xdist_auto_num_workers():
    """As many as there are cores, but each has a gigabyte, and the system one more."""
    free = psutil.virtual_memory().available / 1e9
    return max(1, min(os.cpu_count(), 8, int(free) - 1))


def pytest_sessionstart():
    # Kernels that start in the same moment can be given the same free ports, and one then never
    # answers. (Sockets in files would need a name for each kernel, which nbval can't be told.)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    time.sleep(3 * int(worker.removeprefix("gw")))


def pytest_make_parametrize_id(val):
    """A case that is called by a text has no blanks in its name, so that -k can pick it."""
    return re.sub(r"[^\w.+-]+", "-", val) if isinstance(val, str) else None


def need(condition, message):
    """Skip the calling test with `message` where `condition` is false.

    In continuous integration, which sets REGBOOK_COMPLETE=1, it fails instead: a test that never
    runs proves nothing.
    """
    if not condition and os.environ.get("REGBOOK_COMPLETE") == "1":
        pytest.fail(f"REGBOOK_COMPLETE=1, but {message}", pytrace=False)
    if not condition:
        pytest.skip(message)


@pytest.fixture(scope="session")
def launch():
    """A function that starts the Chromium or Chrome of this computer, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    missing = "no browser is here: install Chromium (on Debian: apt install chromium) or Chrome"
    need(path, missing)
    with sync_playwright() as playwright:
        yield functools.partial(playwright.chromium.launch, executable_path=path, args=SWITCHES)


@pytest.fixture(scope="session")
def browser(launch):
    with launch() as chromium:
        yield chromium
