"""Measure what the notebooks cost: `make bench` writes chapters.md, whose tables
chapters/teaching.md shows.

The unit is one model.fit of the original tutorial's model, measured in the same run. The second
table is a class: one kernel and eight run chapter 2 at the same time; in the memory of all
together, shared pages count once (Linux).
"""

import asyncio
import json
import os
import platform
import re
import statistics
import threading
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import psutil
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from benchmarks.together import X, Y, original, seconds
from tools.notebooks import NOTEBOOKS, ROOT, read

# What a notebook's last cell prints: processor seconds and peak memory in MB.
REPORT = """import json, re, resource, sys
usage = resource.getrusage(resource.RUSAGE_SELF)
peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
if sys.platform == "linux":  # where ru_maxrss begins at the size of the process that started it
    with open("/proc/self/status") as status:
        peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) * 1.024e-3
print(json.dumps([usage.ru_utime + usage.ru_stime, peak]))"""


async def run(path, wait=0):
    """Run a notebook. Returns seconds, and its kernel's processor seconds and peak memory in MB."""
    # Two kernels that start in the same moment can be given the same ports.
    await asyncio.sleep(wait)
    notebook = read(path)
    notebook.cells.append(new_code_cell(REPORT))
    start = time.perf_counter()
    resources = {"metadata": {"path": str(path.parent)}}
    await NotebookClient(notebook, timeout=1800, resources=resources).async_execute()
    return time.perf_counter() - start, *json.loads(notebook.cells[-1].outputs[0].text)


def unit():
    """Seconds of one model.fit of the original tutorial's model: the median of five."""
    fits = [original().fit for _ in range(5)]
    return statistics.median(seconds(fit, X, Y, epochs=30, verbose=0) for fit in fits)


def notebooks(one):
    total = 0
    for path in NOTEBOOKS:
        _, processor, megabytes = asyncio.run(run(path))
        total += processor
        name = path.relative_to(ROOT / "chapters").with_suffix("")
        yield f"| {name} | {processor:.0f} | {processor / one:.0f} | {megabytes:.0f} |"
    yield f"| all of them | {total:.0f} | {total / one:.0f} | |"


async def at_once(count):
    """Run chapter 2 in `count` kernels.

    Returns what `run` returns for each, and the memory of all together in MB.
    """
    seen, done = [0], threading.Event()

    def watch():
        while not done.wait(0.5):
            with suppress(psutil.Error):  # a kernel has just ended
                kernels = psutil.Process().children()
                seen.append(sum(kernel.memory_full_info().pss for kernel in kernels) / 1e6)

    threading.Thread(target=watch, daemon=True).start()
    path = ROOT / "chapters/l2-keras.ipynb"
    measured = await asyncio.gather(*(run(path, wait) for wait in range(count)))
    done.set()
    return measured, max(seen)


def classes():
    for count in (1, 8):
        measured, together = asyncio.run(at_once(count))
        slowest, processor, megabytes = map(max, zip(*measured))
        yield f"| {count} | {slowest:.0f} | {processor:.0f} | {megabytes:.0f} | {together:.0f} |"


def installed():
    """Gigabytes of the packages of requirements.txt."""
    pins = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    total = 0
    for package in metadata.distributions():
        if package.name.lower().replace("_", "-") in pins:
            paths = [file.locate() for file in package.files]
            total += sum(path.stat().st_size for path in paths if path.exists())
    return total / 1e9


def main():
    one = unit()
    memory = psutil.virtual_memory().total / 1e9
    on_disk = f"the packages take {installed():.1f} GB of disk"
    columns = ["kernels at once", "seconds until the last is done", "processor seconds of each"]
    columns += ["MB of each", "MB of all"]
    lines = [
        "<!-- Written by `make bench`; chapters/teaching.md shows the parts between the marks. -->",
        "",
        "<!-- 1 -->",
        f"{os.cpu_count()} cores of {platform.machine()}, {memory:.0f} GB of memory, Python",
        f"{platform.python_version()}; {on_disk}. One unit: {one:.1f} s.",
        "",
        "| notebook | processor seconds | units | peak memory, MB |",
        "|---|---:|---:|---:|",
        *notebooks(one),
        "<!-- 2 -->",
        "",
        f"| {' | '.join(columns)} |",
        "|---:|---:|---:|---:|---:|",
        *classes(),
        "<!-- 3 -->",
        "",
    ]
    Path(__file__).with_name("chapters.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
