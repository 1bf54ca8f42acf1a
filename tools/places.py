"""Where the course's files are."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "chapters").glob("**/*.ipynb"))
SITE = ROOT / "_build/html"
