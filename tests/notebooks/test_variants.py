"""Do all notebooks print the same text on other arithmetic? Run by `pytest -n 0 -m variants`.

Each variant changes what may differ between two readers' machines, or moves every initial weight
and every value of the data by one unit in the last place (the nudge), which no processor difference
exceeds by much at the start.
"""

import os
import re
import subprocess
import sys

import pytest

from tools.notebooks import NOTEBOOKS, ROOT, code_cells, read

VARIANTS = {
    "nudge": {"REGBOOK_NUDGE": "1"},
    "onednn_off": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "onednn_on": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "sse41": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "one_thread": {"OMP_NUM_THREADS": "1"},
    "two_threads": {"OMP_NUM_THREADS": "2"},
}
CODE_CELLS = sum(len(code_cells(read(path))) for path in NOTEBOOKS)


@pytest.mark.variants
@pytest.mark.parametrize("name", VARIANTS)
def test_every_notebook_prints_the_same_text(name):
    command, variables = [sys.executable, "-m", "pytest", *NOTEBOOKS], os.environ | VARIANTS[name]
    result = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-5000:]
    assert int(re.search(r"(\d+) passed", result.stdout).group(1)) == CODE_CELLS
