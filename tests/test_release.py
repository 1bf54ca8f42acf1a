"""Do the changelog, the citation and the package name the same release, and the pins that decide its numbers?"""

import re
import tomllib

import yaml
from lock import pinned
from places import ROOT

CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_one_release_everywhere():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## \[(\d\S+)\] - (\S+)$", CHANGES, re.MULTILINE).groups()
    assert newest == (cited["version"], str(cited["date-released"])) and newest[0] == project["version"]


def test_the_changelog_names_the_versions_that_decide_numbers():
    pins = pinned("requirements.txt")
    for name in ("TensorFlow", "Keras", "NumPy", "SciPy", "scikit-learn"):
        assert f"{name} {pins[name.lower()]}" in CHANGES, "write the new version under Unreleased"
