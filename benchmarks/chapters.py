"""Measure what each notebook costs: seconds of its kernel on one thread, and the kernel's peak memory.

Run by `make bench`. The limits are Binder's: 1 GB is promised there, and nobody waits five minutes for a chapter.
"""

import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
REPORT = "import json, resource, sys; u = resource.getrusage(resource.RUSAGE_SELF)\n"
REPORT += "print(json.dumps([u.ru_utime + u.ru_stime, u.ru_maxrss / (1e6 if sys.platform == 'darwin' else 1e3)]))"


def main():
    os.environ["TQDM_DISABLE"] = "1"
    total = 0
    print(f"{'notebook':28} {'CPU seconds':>12} {'peak MB':>8}")
    for path in sorted(ROOT.glob("chapters/**/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(REPORT))
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
        seconds, megabytes = json.loads(notebook.cells[-1].outputs[0].text)
        total += seconds
        print(f"{str(path.relative_to(ROOT)):28} {seconds:12.0f} {megabytes:8.0f}", flush=True)
    print(f"{'together':28} {total:12.0f}")


if __name__ == "__main__":
    main()
