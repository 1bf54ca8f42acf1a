"""Do the hooks of .pre-commit-config.yaml check as `make test` does: with the same versions of the same tools?"""

import yaml
from lock import pinned
from places import ROOT


def test_hooks_use_the_pinned_versions():
    pins = pinned("requirements-dev.txt")
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    tools = []
    for hook in repository["hooks"]:
        (tool,) = hook["additional_dependencies"]
        name, version = tool.split("==")
        assert hook["entry"].split()[0] == name and version == pins[name], "write the version of requirements-dev.txt"
        tools.append(hook["entry"].removesuffix(" --force-exclude"))
    assert tools == ["ruff check", "ruff format", "codespell"]
