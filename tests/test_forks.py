"""Does everything follow where a fork sets its address in `repository` of _config.yml, and in no other place?"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from address import FILES, address, carried, filled, main
from binder import copy_of_the_tree
from places import NOTEBOOKS, ROOT

URL = "https://github.com/Some-Body/my_course.v2"
BRANCH = "2026/autumn"
SITE = "https://some-body.github.io/my_course.v2/"
BINDER = "https://mybinder.org/v2/gh/Some-Body/my_course.v2/2026/autumn?urlpath=lab/tree/chapters/"


def set_address(root, url, branch="main"):
    config = (root / "_config.yml").read_text(encoding="utf-8")
    changed = re.sub(r"(?<=\nrepository:\n).*\n.*\n", lambda _: f"  url: {url}\n  branch: {branch}\n", config)
    assert changed != config
    (root / "_config.yml").write_text(changed, encoding="utf-8")


def run(root, *command):
    return subprocess.run([sys.executable, *command], cwd=root, capture_output=True, text=True)


def build(root):
    book = Path(sys.executable).with_name("jupyter-book")
    return run(root, book, "build", ".", "--all", "-W", "-n", "--keep-going")


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """The built book of somebody who did what _config.yml says."""
    root = tmp_path_factory.mktemp("fork")
    copy_of_the_tree(root)
    set_address(root, URL, BRANCH)
    result = run(root, "_ext/address.py")
    assert result.returncode == 0, result.stderr
    result = build(root)
    assert result.returncode == 0, result.stderr[-3000:]
    return root


def test_the_address_stands_in_the_settings_alone(fork):
    old = address()
    host = re.match("https?://([^/]+)", old["site"])[1]
    marks = [
        f"{old['owner']}/{old['name']}",
        f"{old['owner']}%2F{old['name']}",
        f'"/{old["name"]}/',
        f"cd {old['name']}\n",
        host,
    ]
    files = [path for path in fork.rglob("*") if path.is_file() and ".doctrees" not in path.parts]
    assert len(files) > 200
    found = [(path, mark) for path in files for mark in marks if mark.encode() in path.read_bytes()]
    assert not found, "these files name the old address: it must come from _config.yml"


PLACES = {
    "README.md": [f"git clone {URL}\n", f"({BINDER}penalty.ipynb)", f"[published book]({SITE})"],
    "CONTRIBUTING.md": [f"git clone {URL}\n"],
    "CITATION.cff": [f"\nrepository-code: {URL}\n", f"\nurl: {SITE}\n"],
    "404.html": ['href="/my_course.v2/"'],
    "chapters/welcome.html": ["my_course.v2\n", f'href="{BINDER}penalty.ipynb"', f'href="{URL}/issues"'],
    "chapters/glossary.html": [
        f'<link rel="canonical" href="{SITE}chapters/glossary.html"',
        f'<meta property="og:url" content="{SITE}chapters/glossary.html">',
        f'<meta property="og:image" content="{SITE}_images/regularisation.png">',
        f'href="{URL}"',
        f'href="{URL}/edit/{BRANCH}/chapters/glossary.md"',
        f'href="{URL}/issues/new?',
    ],
} | {
    f"chapters/{path.stem}.html": [f'href="{BINDER}{path.name}"', f'href="{URL}/edit/{BRANCH}/chapters/{path.name}"']
    for path in NOTEBOOKS
    if path.parent.name == "chapters"
}


@pytest.mark.parametrize("name", PLACES)
def test_every_link_follows(fork, name):
    text = (fork / ("_build/html" if name.endswith(".html") else "") / name).read_text(encoding="utf-8")
    assert [words for words in PLACES[name] if words not in text] == []


@pytest.mark.parametrize("name", FILES)
def test_files_that_no_build_writes_name_the_address_of_the_settings(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == carried(text, address()), "`make address` (or python _ext/address.py) carries it there"


BAD = {
    "https://github.com/ada/course/": "written https://github.com/ada/course\n",
    "https://github.com/ada/course.git": "written https://github.com/ada/course\n",
    "git@github.com:ada/course.git": "written https://github.com/ada/course\n",
    "ssh://git@github.com/ada/course.git": "written https://github.com/ada/course\n",
    "http://github.com/ada/course": "written https://github.com/ada/course\n",
    "https://github.com/ada/course/tree/main": "written https://github.com/ada/course\n",
    "github.com/ada/course": "written https://github.com/ada/course\n",
    "https://github.com/course": "written https://github.com/OWNER/NAME\n",
    "https://gitlab.com/ada/course": "it must be a repository on GitHub, written https://github.com/OWNER/NAME\n",
    "": "repository.url is None; it must be a repository on GitHub, written https://github.com/OWNER/NAME\n",
    "'": "_config.yml is not YAML: ",
}


@pytest.fixture
def copy(tmp_path):
    copy_of_the_tree(tmp_path)
    return tmp_path


@pytest.mark.parametrize("url", BAD)
def test_an_address_that_cannot_work_is_refused(copy, url):
    set_address(copy, url)
    before = [(copy / name).read_bytes() for name in FILES]
    with pytest.raises(SystemExit) as stopped:
        main(copy)
    assert str(stopped.value).startswith("_config.yml") and BAD[url] in f"{stopped.value}\n"
    assert [(copy / name).read_bytes() for name in FILES] == before


@pytest.mark.parametrize("branch", ["", "1.0", "two words", "-x"])
def test_a_branch_that_cannot_work_is_refused(copy, branch):
    set_address(copy, URL, branch)
    with pytest.raises(ValueError, match='repository.branch is .*; write a branch\'s name, such as "main"'):
        address(copy)


def test_the_build_refuses_it_too(copy):
    set_address(copy, "git@github.com:ada/course.git")
    result = build(copy)
    assert result.returncode != 0 and "written https://github.com/ada/course\n" in result.stderr
    assert not (copy / "_build/html/index.html").exists()


def test_sites_at_the_top_of_a_domain(copy):
    set_address(copy, "https://github.com/Ada/ada.github.io")
    assert address(copy)["site"] == "https://ada.github.io/"
    config = copy / "_config.yml"
    text = config.read_text(encoding="utf-8")
    for domain, site in {"https://course.org": "https://course.org/", "https://a.org/b/": "https://a.org/b/"}.items():
        config.write_text(text.replace("\nhtml:\n", f"\nhtml:\n  baseurl: {domain}\n"), encoding="utf-8")
        assert address(copy)["site"] == site
    config.write_text(text.replace("\nhtml:\n", "\nhtml:\n  baseurl: course.org\n"), encoding="utf-8")
    with pytest.raises(ValueError, match="html.baseurl is course.org; write it as https://DOMAIN"):
        address(copy)


def test_a_name_that_is_not_known_is_an_error():
    known = address()
    assert filled("x {owner}/{name}@{branch} {url} {site}") == (
        f"x {known['owner']}/{known['name']}@{known['branch']} {known['url']} {known['site']}"
    )
    with pytest.raises(ValueError, match="{place} is not known here; known are {url}, {site}"):
        filled("{place}")
