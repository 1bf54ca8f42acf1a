"""Replay in _build/binder what Binder would do with this tree, without Docker: the first half of `make test-binder`.

`repo2docker --no-build --debug` prints the Dockerfile that it would build. Its steps that concern this repository are
run here in the same order: each file copied when the Dockerfile copies it, each command as it stands.
What the image holds before them comes from a conda channel there and from the package index here, in the same versions.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from places import ROOT

IMAGE = ROOT / "_build/binder"
ENVIRONMENT = IMAGE / "environment"
HOME = IMAGE / "home"  # on Binder the repository is the reader's home folder
CONDA = Path(find_spec("repo2docker").origin).parent / "buildpacks/conda"
# Of the frozen conda environment: pip, and what it is made for. The name in the channel, the name in the index.
BASE = {
    "pip": "pip",
    "ipywidgets": "ipywidgets",
    "jupyter-offlinenotebook": "jupyter-offlinenotebook",
    "jupyter-resource-usage": "jupyter-resource-usage",
    "jupyter_server": "jupyter-server",
    "jupyterhub-base": "jupyterhub",
    "jupyterlab": "jupyterlab",
    "notebook": "notebook",
}


def main():
    shutil.rmtree(IMAGE, ignore_errors=True)
    source = IMAGE / "source"
    copy_of_the_tree(source)
    command = [Path(sys.executable).with_name("jupyter-repo2docker"), "--no-build", "--debug", "."]
    said = subprocess.run(command, cwd=source, env=environment(), capture_output=True, text=True)
    if said.returncode:
        sys.exit(said.stderr)
    # repo2docker prints the Dockerfile on one stream and its log on the other
    version = re.search(r"Building conda environment for python=(\d\.\d+)", said.stdout + said.stderr).group(1)
    timed("what the image holds before", partial(base, version))
    ours = sum(timed(name, step) for name, step in steps(said.stdout, source))
    figures = {"seconds": ours, "environment": size(ENVIRONMENT), "repository": size(source)}
    (IMAGE / "figures.json").write_text(json.dumps(figures))  # for benchmarks/classroom.py


def copy_of_the_tree(target):
    """Copy what a commit of the present state would hold."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def environment():
    """The environment variables of a Binder session, and those that lead to the network here."""
    kept = re.compile("PIP_.*|.*_proxy|SSL_CERT_.*|REQUESTS_CA_BUNDLE", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if kept.fullmatch(name)} | {
        "PATH": f"{ENVIRONMENT / 'bin'}:{HOME / '.local/bin'}:/usr/bin:/bin",
        "HOME": str(HOME),
        "REPO_DIR": str(HOME),
        "KERNEL_PYTHON_PREFIX": str(ENVIRONMENT),
        "LANG": "C.UTF-8",
    }


def base(version):
    lock = (CONDA / f"environment.py-{version}-linux-64.lock").read_text()
    pins = [f"{ours}=={re.search(rf'/{re.escape(theirs)}-([0-9.]+)-', lock).group(1)}" for theirs, ours in BASE.items()]
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = sys.executable if here == version else shutil.which(f"python{version}")
    if not python:
        sys.exit(f"runtime.txt asks for Python {version}, which is not installed here")
    HOME.mkdir()
    run([python, "-m", "venv", ENVIRONMENT])
    run([ENVIRONMENT / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *pins])


def steps(dockerfile, source):
    """What the Dockerfile does with the repository, from its first file on: pairs of a name and a function."""
    lines = dockerfile.partition("# Run pre-assemble scripts!")[2].partition("# Add start script")[0]
    for line in lines.replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        copied = re.fullmatch(r"--chown=\d+:\d+ src/(\S*) \$\{REPO_DIR\}/\1", rest)
        if word == "COPY" and copied and copied.group(1):
            yield f"copy {copied.group(1)}", partial(shutil.copy, source / copied.group(1), HOME)
        elif word == "COPY" and copied:
            yield "copy the repository", partial(shutil.copytree, source, HOME, dirs_exist_ok=True)
        elif word == "RUN":
            yield rest.strip(), partial(run, ["bash", "-c", rest])
        elif word not in ("", "#", "USER", "LABEL"):
            sys.exit(f"repo2docker has a step that this script does not know: {line}")


def run(command):
    result = subprocess.run(command, cwd=HOME, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.exit(result.stdout.decode()[-3000:])


def timed(name, step):
    """Do the step, print what it took, and return its seconds."""
    start = time.perf_counter()
    step()
    seconds = time.perf_counter() - start
    print(f"{seconds:6.1f} s  {size(ENVIRONMENT):5.0f} MB  {name}", flush=True)
    return seconds


def size(folder):
    """Megabytes on disk."""
    return int(subprocess.run(["du", "-sk", folder], capture_output=True, text=True).stdout.split()[0]) / 1e3


if __name__ == "__main__":
    main()
