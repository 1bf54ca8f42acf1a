"""The colours of the course: colour is method, and nothing else.

Stopped in time has the hue of its method, open and dashed; labels and truth are shapes and greys.
"""

import re

# The inks on a light and on a dark page. Those of methods are told apart with every common colour
# vision deficiency (Okabe and Ito), darkened where they were too faint on white.
INKS = {
    "#000000": ("ink", "#e8e8e8"),
    "#0072b2": ("blue", "#56a9e0"),
    "#d55e00": ("orange", "#ff8f4d"),
    "#009e73": ("green", "#35c79c"),
    "#3a96cc": ("sky", "#8fd0f5"),
    "#8a6100": ("brown", "#d9ae4a"),
    "#a0508a": ("purple", "#e3a1c4"),
    "#cc79a7": ("pink", "#e3a1c4"),
    "#777777": ("grey", "#a0a0a0"),
    "#dddddd": ("grid", "#3a4048"),
    "#ffffff": ("paper", "#121212"),
}
PLAIN, GREY = "#000000", "#777777"  # a plain network; a model that is no network
PENALTY, DROPOUT = "#0072B2", "#D55E00"
# What a method is called, and its ink; the word that comes first in a name decides.
_METHODS = {
    r"\bl[12]\b|penalt|ridge|lasso|decay|λ|norm\b": PENALTY,
    r"dropout": DROPOUT,
    r"shift": "#009E73",
    r"noise": "#3A96CC",
    r"smooth": "#8A6100",
    r"mixup": "#A0508A",
}


def ink_of(method):
    """The ink of a method, by its name: that of a plain network where no method is named."""
    found = {
        place.start(): ink
        for words, ink in _METHODS.items()
        if (place := re.search(words, method.lower()))
    }
    return found[min(found)] if found else PLAIN
