"""Settings of the kernels in which nbval runs the notebooks."""

import os
import time

os.environ["TQDM_DISABLE"] = "1"  # a progress bar would be part of what is printed


def pytest_sessionstart():
    # Two kernels that start in the same moment can be given the same free ports, and one then never answers.
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        time.sleep(3)
