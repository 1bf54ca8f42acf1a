"""Sphinx extension: the theme's style sheet, for which a page waits, keeps what some page can use: a fifth of it.

A rule goes where a class or an id that it asks for is a word of no page and no script.
"""

import re
from pathlib import Path

import tinycss2

CONDITIONS = {"media", "supports"}  # the rules with rules inside


def shrink(app, exception):
    """On build-finished."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    known = set()
    for path in [*site.rglob("*.html"), *site.rglob("*.js")]:
        known |= set(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
    for path in site.glob("_static/styles/*.css"):
        css = tinycss2.parse_stylesheet(path.read_text(encoding="utf-8"), skip_comments=True, skip_whitespace=True)
        path.write_text("".join(used(css, known)), encoding="utf-8")


def used(rules, known):
    """The text of each rule, with those selectors only whose classes and ids are all among the `known` words."""
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in CONDITIONS:
            inside = "".join(used(tinycss2.parse_rule_list(rule.content, skip_comments=True), known))
            if inside:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inside}}}"
        elif rule.type == "qualified-rule":
            kept = [s for s in _selectors(rule.prelude) if _asked(s) <= known]
            if kept:
                yield f"{','.join(map(tinycss2.serialize, kept))}{{{tinycss2.serialize(rule.content)}}}"
        elif rule.type == "at-rule":
            yield rule.serialize()


def _selectors(prelude):
    one = []
    for token in prelude:
        if token == ",":
            yield one
            one = []
        else:
            one.append(token)
    yield one


def _asked(selector):
    """The classes and ids of a selector. Not those in brackets, as in :not(.this): nobody needs to have them."""
    classes = {token.value for dot, token in zip(selector, selector[1:]) if dot == "." and token.type == "ident"}
    return classes | {token.value for token in selector if token.type == "hash"}


def setup(app):
    app.connect("build-finished", shrink)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
