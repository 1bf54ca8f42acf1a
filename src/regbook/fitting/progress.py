"""A bar over what takes long, where somebody watches."""

import sys

from tqdm import tqdm


def progress(items, **words):
    """The items, under a bar that appears after three seconds and goes when all is done."""
    # On stdout: on stderr, a notebook keeps the erased bar as an empty warning.
    return tqdm(items, **words, file=sys.stdout, delay=3, leave=False, disable=not watched())


def watched():
    """Whether a person looks on: at a terminal, or in a notebook where questions can be answered.

    nbconvert, papermill and nbval say with each cell that nobody would answer.
    """
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    return kernel._allow_stdin if kernel else sys.stdout.isatty()
