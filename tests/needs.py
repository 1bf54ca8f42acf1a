"""What a few tests need beside the pinned packages: a browser, Node.js, a network.

Where it is missing they are skipped and say why. In continuous integration, which sets REGBOOK_COMPLETE=1, they fail:
a test that never runs proves nothing.
"""

import os

import pytest


def need(found, message):
    """Skip the calling test or module with `message`, or let it fail, if `found` is false."""
    if not found and os.environ.get("REGBOOK_COMPLETE") == "1":
        pytest.fail(f"REGBOOK_COMPLETE=1, but {message}", pytrace=False)
    if not found:
        pytest.skip(message, allow_module_level=True)
