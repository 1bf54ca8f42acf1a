"""Sphinx extension: the theme's style sheet, for which a page waits, keeps what some page can use:
a fifth of it.

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
    words = set()
    for path in [*site.rglob("*.html"), *site.rglob("*.js")]:
        words |= set(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
    for path in site.glob("_static/styles/*.css"):
        text = path.read_text(encoding="utf-8")
        css = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
        path.write_text("".join(used(css, words)), encoding="utf-8")


def used(rules, words):
    """The text of each rule, with those selectors only whose classes and ids are all in `words`."""
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in CONDITIONS:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True)
            inside = "".join(used(inner, words))
            if inside:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inside}}}"
        elif rule.type == "qualified-rule":
            kept = [s for s in _selectors(rule.prelude) if _asked(s) <= words]
            if kept:
                selectors = ",".join(map(tinycss2.serialize, kept))
                yield f"{selectors}{{{tinycss2.serialize(rule.content)}}}"
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
    """The classes and ids that a selector asks for: none in brackets, as in :not(.this)."""
    names = [b for a, b in zip(selector, selector[1:]) if a == "." and b.type == "ident"]
    names += [token for token in selector if token.type == "hash"]
    return {name.value for name in names}


def setup(app):
    app.connect("build-finished", shrink)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
