"""Measure a class: 1, 2, 4 and 8 students run chapter 2 from top to bottom at the same time on this machine.

For each number of students: seconds until the last is done, processor seconds and peak memory of one student's kernel,
and the memory of all kernels together, in which the pages that they share count once. Linux only (it reads shares).
"""

import asyncio
import json
import os
import threading
import time

import nbformat
import psutil
from chapters import REPORT, ROOT
from nbclient import NotebookClient

CHAPTER = ROOT / "chapters/l2-keras.ipynb"


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


def main():
    os.environ["TQDM_DISABLE"] = "1"
    print(f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB")
    print(f"{'students':>8} {'seconds':>8} {'CPU s each':>11} {'peak MB each':>13} {'MB together':>12}", flush=True)
    for count in (1, 2, 4, 8):
        with Memory() as memory:
            measured = asyncio.run(students(count))
        seconds, processor, megabytes = (max(values) for values in zip(*measured))
        print(f"{count:8} {seconds:8.0f} {processor:11.0f} {megabytes:13.0f} {memory.peak:12.0f}", flush=True)


if __name__ == "__main__":
    main()
