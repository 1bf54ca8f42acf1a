"""The repository's address, which stands in `repository` of _config.yml and nowhere else.

As a command (`make address`) it carries the address to README.md, CONTRIBUTING.md and CITATION.cff. As a Sphinx
extension it stops the build where the address can't work, and gives pages two ways to show it. In both, {url},
{site}, {owner}, {name} and {branch} stand for what _config.yml says. A block of literal text, here coloured as bash:

    ```{address} bash
    git clone {url}
    ```

and a link: {address}`Say so here <{url}/issues>`.
"""

import re
import sys
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.errors import ConfigError
from sphinx.util.docutils import ReferenceRole, SphinxDirective

ROOT = Path(__file__).parent.parent
URL = re.compile(r"https://github\.com/(?P<owner>\w[\w-]*)/(?P<name>[\w.-]+(?<!\.git))", re.ASCII)
NEARLY = re.compile(r"github\.com[:/]+(\w[\w-]*)/([\w.-]+?)(?:\.git)?(?:/.*)?$", re.ASCII | re.IGNORECASE)
BRANCH = re.compile(r"\w[\w./-]*", re.ASCII)

# What has the form on the left, in the files that no build writes, becomes what stands on the right.
FILES = ("README.md", "CONTRIBUTING.md", "CITATION.cff")
CARRIED = {
    r"(?<=git clone )\S+": "{url}",
    r"(?<=//mybinder\.org/v2/gh/)[^?\s]+(?=\?)": "{owner}/{name}/{branch}",
    r"(?<=\[published book\]\()[^)]*": "{site}",
    r"(?<=\nrepository-code: ).*": "{url}",
    r"(?<=\nurl: ).*": "{site}",
}


def address(root=ROOT):
    """What the names in braces stand for; ValueError, in the words of _config.yml, where that can't work."""
    try:
        config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"_config.yml is not YAML: {error}") from None
    repository = config.get("repository") or {}
    url, branch = repository.get("url"), repository.get("branch")
    known = URL.fullmatch(str(url))
    if not known:
        nearly = NEARLY.search(str(url))
        meant = "/".join(("https://github.com", *nearly.groups())) if nearly else "https://github.com/OWNER/NAME"
        raise ValueError(f"_config.yml: repository.url is {url}; it must be a repository on GitHub, written {meant}")
    if not isinstance(branch, str) or not BRANCH.fullmatch(branch):
        raise ValueError(f'_config.yml: repository.branch is {branch}; write a branch\'s name, such as "main"')
    owner, name = known["owner"], known["name"]
    host = f"{owner.lower()}.github.io"
    # A repository with the name of its owner's site is published at the top of that.
    site = f"https://{host}" if name.lower() == host else f"https://{host}/{name}"
    # A site with a domain of its own is named in html.baseurl.
    site = config.get("html", {}).get("baseurl") or site
    if not re.match(r"https?://\w", str(site)):
        raise ValueError(f"_config.yml: html.baseurl is {site}; write it as https://DOMAIN")
    return {"url": url, "site": site.rstrip("/") + "/", "owner": owner, "name": name, "branch": branch}


def carried(text, known):
    """The text of one of FILES, with the address as it is `known`."""
    for form, value in CARRIED.items():
        text = re.sub(form, lambda _, value=value: value.format(**known), text)
    return text


def main(root=ROOT):
    try:
        known = address(root)
    except ValueError as error:
        sys.exit(str(error))
    for name in FILES:
        text = (root / name).read_text(encoding="utf-8")
        if carried(text, known) != text:
            (root / name).write_text(carried(text, known), encoding="utf-8")
            print(f"{name}: now says {known['url']}")


def filled(text):
    """`text` with the address in place of the names in braces."""
    known = address()

    def value(found):
        if found[1] not in known:
            raise ValueError(f"{found[0]} is not known here; known are {', '.join(f'{{{name}}}' for name in known)}")
        return known[found[1]]

    return re.sub(r"\{(\w+)\}", value, text)


class Block(SphinxDirective):
    optional_arguments = 1
    has_content = True

    def run(self):
        try:
            text = filled("\n".join(self.content))
        except ValueError as error:
            raise self.error(str(error)) from None
        block = nodes.literal_block(text, text, language=self.arguments[0] if self.arguments else "text")
        self.set_source_info(block)
        return [block]


class Link(ReferenceRole):
    def run(self):
        try:
            link = nodes.reference(self.rawtext, filled(self.title), refuri=filled(self.target))
        except ValueError as error:
            return [], [self.inliner.reporter.error(str(error), line=self.lineno)]
        return [link], []


def check(app, config):
    try:
        config.html_baseurl = address()["site"]
    except ValueError as error:
        raise ConfigError(str(error)) from None


def setup(app):
    app.connect("config-inited", check, priority=900)
    app.add_directive("address", Block)
    app.add_role("address", Link())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    main()
