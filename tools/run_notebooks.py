"""Run notebooks in place, all or those that are named: the one way to change a stored number (`make notebooks`)."""

import os
import subprocess
import sys
from pathlib import Path

from places import NOTEBOOKS, ROOT

OPTIONS = [
    "--log-level=WARN",
    "--ExecutePreprocessor.record_timing=False",
    "--NotebookExporter.preprocessors=nbconvert.preprocessors.CoalesceStreamsPreprocessor",
    "--CoalesceStreamsPreprocessor.enabled=True",
    "--ClearMetadataPreprocessor.enabled=True",
    "--ClearMetadataPreprocessor.preserve_cell_metadata_mask={'tags', 'mystnb'}",
    "--ClearMetadataPreprocessor.preserve_nb_metadata_mask={'kernelspec', 'language_info'}",
]


def main(names):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the kernel is found there first
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--inplace", "--execute", *OPTIONS]
    paths = [Path(name).resolve() for name in names] or NOTEBOOKS
    env = os.environ | {"TQDM_DISABLE": "1", "PATH": path}
    return subprocess.run([*command, *paths], cwd=ROOT, env=env).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
