"""Measure what a class needs: `make class-figures` writes classroom.md, which chapters/teaching.md shows.

1, 2, 4 and 8 students run chapter 2 from top to bottom, started within a few seconds. For each number: seconds until
the slowest is done, processor seconds and peak memory of one kernel, and the memory of all kernels together, in which
the pages that they share count once (Linux only). The figures of the image and of each notebook's server come from
`make test-binder`.
"""

import asyncio
import json
import math
import os
import platform
import re
import sys
import threading
import time
from datetime import date
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from chapters import REPORT, ROOT

CHAPTER = ROOT / "chapters/l2-keras.ipynb"
CLASSES = (30, 500, 5000)
NODE_CORES, NODE_MB = 8, 32_000  # a usual size of a machine in a cluster
RESERVED_MB = 3_000  # of it, for the system and the cluster


class Memory:
    """The peak of the memory of all kernels together while it is watched."""

    def __enter__(self):
        self.peak, self.watching = 0, True
        threading.Thread(target=self.watch, daemon=True).start()
        return self

    def watch(self):
        while self.watching:
            kernels = psutil.Process().children()
            try:
                self.peak = max(self.peak, sum(kernel.memory_full_info().pss for kernel in kernels) / 1e6)
            except psutil.Error:  # a kernel has just ended
                pass
            time.sleep(0.5)

    def __exit__(self, *_):
        self.watching = False


async def student(number):
    """Run the chapter once. Returns (seconds, processor seconds, peak MB)."""
    await asyncio.sleep(number)  # two kernels that start in the same moment can be given the same ports
    notebook = nbformat.read(CHAPTER, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(REPORT))
    start = time.perf_counter()
    resources = {"metadata": {"path": str(CHAPTER.parent)}}
    await NotebookClient(notebook, timeout=1800, resources=resources).async_execute()
    return time.perf_counter() - start, *json.loads(notebook.cells[-1].outputs[0].text)


async def students(count):
    return await asyncio.gather(*map(student, range(count)))


def measure():
    """[(students, seconds, processor seconds each, peak MB each, MB together)]"""
    os.environ["TQDM_DISABLE"] = "1"
    rows = []
    for count in (1, 2, 4, 8):
        with Memory() as memory:
            measured = asyncio.run(students(count))
        rows.append((count, *(max(values) for values in zip(*measured)), memory.peak))
        print(
            "{} students: {:.0f} s, {:.0f} CPU s and {:.0f} MB each, {:.0f} MB together".format(*rows[-1]), flush=True
        )
    return rows


def table(*rows):
    """A table in Markdown: the first row is its head, the first column its left side."""
    head, *body = ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    return "\n".join([head, "|---|" + "---:|" * (len(rows[0]) - 1), *body])


def machine():
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory, python = f"{psutil.virtual_memory().total / 1e9:.0f} GB of memory", platform.python_version()
    processor = model[1] if model else platform.machine()
    return f"{date.today():%-d %B %Y}, {os.cpu_count()} cores ({processor}), {memory}, Linux, Python {python}"


def report(rows, image, servers):
    """{name: text}: the parts of classroom.md."""
    count, seconds, *_ = rows[-1]
    processor = seconds * os.cpu_count() / count  # of one student, on a full machine
    needed = math.ceil(max(servers.values()) / 50) * 50  # MB of one student, rounded up
    each = (NODE_MB - RESERVED_MB) // needed
    machines = [math.ceil(n / each) for n in CLASSES]
    return {
        "machine": machine(),
        "load": table(
            ["students at the same time", *(row[0] for row in rows)],
            ["seconds until the slowest is done", *(f"{row[1]:.0f}" for row in rows)],
            ["processor seconds of each", *(f"{row[2]:.0f}" for row in rows)],
            ["memory of each kernel, MB", *(f"{row[3]:.0f}" for row in rows)],
            ["memory of all kernels, MB", *(f"{row[4]:.0f}" for row in rows)],
        ),
        "servers": table(
            ["notebook", "its kernel and the server, MB"],
            *([Path(name).stem, megabytes] for name, megabytes in servers.items() if "solutions" not in name),
        ),
        "image": table(
            ["the image", ""],
            ["environment on disk, GB", f"{image['environment'] / 1e3:.1f}"],
            ["the course on disk, MB", f"{image['repository']:.0f}"],
            ["installing, seconds", f"{image['seconds']:.0f}"],
        ),
        "arithmetic": table(
            ["students at work at the same time", *CLASSES],
            [f"memory, at {needed} MB each, GB", *(f"{n * needed / 1e3:.0f}" for n in CLASSES)],
            [f"machines with {NODE_CORES} cores and {NODE_MB // 1000} GB, {each} students on each", *machines],
            ["processor hours, if each runs chapter 2 once", *(f"{n * processor / 3600:.1f}" for n in CLASSES)],
            [
                "minutes until the slowest is done, if all run it at the same time",
                *(f"{math.ceil(n / m) * processor / NODE_CORES / 60:.1f}" for n, m in zip(CLASSES, machines)),
            ],
        ),
        "values": f"""\
```yaml
hub:
  config:
    KubeSpawner:
      notebook_dir: /home/jovyan   # the student's own disk; in the image, work is lost
  concurrentSpawnLimit: {CLASSES[1]}   # who starts a server beyond it must try again
singleuser:
  image:
    name: registry.example.org/regularisation
    tag: "2026-11-23"   # a new one for each build
  defaultUrl: /lab
  startTimeout: 900   # seconds; a new machine must start, and fetch the image
  memory:   # M counts by 1024
    guarantee: {math.ceil(needed / 1.048576)}M   # the largest chapter and its server
    limit: {math.ceil(2 * needed / 1.048576)}M   # two open notebooks; a kernel that wants more is stopped
  cpu:
    guarantee: {math.floor(100 * (NODE_CORES - 0.5) / each) / 100}   # {each} students on {NODE_CORES} cores
    limit: 1   # a kernel computes on one thread
  storage:
    capacity: 1Gi   # a student keeps notebooks only
  extraFiles:
    jupyter_server_config.json:
      mountPath: /etc/jupyter/jupyter_server_config.json
      data:
        MappingKernelManager:
          cull_idle_timeout: 1200   # seconds; then its memory is given back
          cull_connected: true
scheduling:
  podPriority:
    enabled: true   # placeholders give way to students
  userPlaceholder:
    replicas: {each}   # one machine waits for students, with the image on it
```""",
    }


def main():
    built = ROOT / "_build/binder"
    if not (built / "memory.txt").exists():
        sys.exit("run `make test-binder` first: it measures the image, and each notebook together with its server")
    image = json.loads((built / "figures.json").read_text())
    found = re.findall(r"(\d+) MB  (\S+)", (built / "memory.txt").read_text())
    servers = {name: int(megabytes) for megabytes, name in sorted(found, key=lambda pair: pair[1])}
    parts = report(measure(), image, servers)
    text = "<!-- Written by `make class-figures`. chapters/teaching.md shows the parts. -->\n\n"
    text += "".join(f"<!-- {name} -->\n\n{part}\n\n<!-- end of {name} -->\n\n" for name, part in parts.items())
    (ROOT / "benchmarks/classroom.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
