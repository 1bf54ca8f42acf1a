"""Measure what the notebooks cost: `make bench` writes chapters.md, whose tables chapters/teaching.md shows.

The unit is one model.fit of the original tutorial's model, measured in the same run. The second table is a class: one
kernel and eight run chapter 2 at the same time; in the memory of all together, shared pages count once (Linux).
"""

import asyncio
import json
import os
import platform
import statistics
import threading
import time
from importlib import metadata
from pathlib import Path

import psutil
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from benchmarks.together import X, Y, original, seconds
from tools.notebooks import NOTEBOOKS, ROOT, read

REPORT = "import json, resource, sys; u = resource.getrusage(resource.RUSAGE_SELF)\n"
REPORT += "print(json.dumps([u.ru_utime + u.ru_stime, u.ru_maxrss / (1e6 if sys.platform == 'darwin' else 1e3)]))"


async def run(path, wait=0):
    """Run a notebook. Returns its seconds, and its kernel's processor seconds and peak memory in MB."""
    await asyncio.sleep(wait)  # two kernels that start in the same moment can be given the same ports
    notebook = read(path)
    notebook.cells.append(new_code_cell(REPORT))
    start = time.perf_counter()
    resources = {"metadata": {"path": str(path.parent)}}
    await NotebookClient(notebook, timeout=1800, resources=resources).async_execute()
    return time.perf_counter() - start, *json.loads(notebook.cells[-1].outputs[0].text)


def unit():
    """Seconds of one model.fit of the original tutorial's model: the median of five."""
    return statistics.median(
        seconds(original(seed).fit, X[:1000, :2], Y[:1000], epochs=30, verbose=0) for seed in range(5)
    )


def notebooks(one):
    total = 0
    for path in NOTEBOOKS:
        _, processor, megabytes = asyncio.run(run(path))
        total += processor
        name = path.relative_to(ROOT / "chapters").with_suffix("")
        yield f"| {name} | {processor:.0f} | {processor / one:.0f} | {megabytes:.0f} |"
    yield f"| all of them | {total:.0f} | {total / one:.0f} | |"


async def at_once(count):
    """Run chapter 2 in `count` kernels. Returns what `run` returns for each, and the memory of all together in MB."""
    peak, done = [0], threading.Event()

    def watch():
        while not done.wait(0.5):
            try:
                peak[0] = max(peak[0], sum(k.memory_full_info().pss for k in psutil.Process().children()) / 1e6)
            except psutil.Error:  # a kernel has just ended
                pass

    threading.Thread(target=watch, daemon=True).start()
    measured = await asyncio.gather(*(run(ROOT / "chapters/l2-keras.ipynb", place) for place in range(count)))
    done.set()
    return measured, peak[0]


def classes():
    for count in (1, 8):
        measured, together = asyncio.run(at_once(count))
        slowest, processor, megabytes = map(max, zip(*measured))
        yield f"| {count} | {slowest:.0f} | {processor:.0f} | {megabytes:.0f} | {together:.0f} |"


def installed():
    """Gigabytes of the packages of requirements.txt."""
    pins = [line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    there = [found for found in metadata.distributions() if found.name.lower().replace("_", "-") in pins]
    return sum(file.locate().stat().st_size for found in there for file in found.files if file.locate().exists()) / 1e9


def main():
    os.environ["TQDM_DISABLE"] = "1"
    one = unit()
    memory = psutil.virtual_memory().total / 1e9
    lines = [
        "<!-- Written by `make bench`; chapters/teaching.md shows the parts between the marks. -->",
        "",
        "<!-- 1 -->",
        f"{os.cpu_count()} cores of {platform.machine()}, {memory:.0f} GB of memory, Python",
        f"{platform.python_version()}; the packages take {installed():.1f} GB of disk. One unit: {one:.1f} s.",
        "",
        "| notebook | processor seconds | units | peak memory, MB |",
        "|---|---:|---:|---:|",
        *notebooks(one),
        "<!-- 2 -->",
        "",
        "| kernels at once | seconds until the last is done | processor seconds of each | MB of each | MB of all |",
        "|---:|---:|---:|---:|---:|",
        *classes(),
        "<!-- 3 -->",
        "",
    ]
    Path(__file__).with_name("chapters.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
