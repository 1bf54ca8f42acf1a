"""The browser that the rendered book is tested and printed with."""

import shutil

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    "msedge",
)
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = "no browser here: install chromium (Debian and Ubuntu: apt install chromium) or Chrome"
# No sandbox: continuous integration runs as root. The others keep the browser from calling its maker.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
