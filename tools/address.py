"""Carry the repository's address from _config.yml to every other file that names it.

A fork sets `repository: url` there, once, and runs `python -m tools.address`.
"""

import yaml

from tools.notebooks import ROOT

FILES = """_config.yml CITATION.cff README.md chapters/teaching.md chapters/welcome.md
    src/regbook/doctor.py""".split()


def forms(url):
    """How files name a repository: as owner and name, the site of its pages, its folder."""
    owner, name = url.removeprefix("https://github.com/").split("/")
    return f"{owner}/{name}", f"{owner.lower()}.github.io/{name}", f"cd {name}", f"%2F{name}%2F"


def carry(root=ROOT):
    """Put the new address in place of the old one, which CITATION.cff still has."""
    new, old = (
        yaml.safe_load((root / name).read_text(encoding="utf-8"))
        for name in ("_config.yml", "CITATION.cff")
    )
    pairs = [*zip(forms(old["repository-code"]), forms(new["repository"]["url"]))]
    for path in [root / name for name in FILES]:
        text = path.read_text(encoding="utf-8")
        for before, after in pairs:
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    carry()
