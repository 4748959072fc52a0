"""Fire hostile packages, each in a process of its own, and say which of them were about to do what they are built for.

Run as `python -m tests.samples.shape_firing` with a JSON list of jobs on standard input; one JSON line a job comes out.
Everything happens under the audit hook of `tests.samples.firing`, in a folder that is thrown away.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import site
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.samples.dists import install
from tests.samples.firing import _watch

_PATIENCE: Final = 20
_SDIST: Final = (".tar.gz", ".tgz")


def _lay(target: Path, own: Path) -> tuple[Path, Path]:
    """Install what a target brings; return `site-packages` and the folder to be in."""
    packages, folder = own / "site-packages", target
    packages.mkdir()
    for file in sorted(target.iterdir()):
        if file.suffix == ".whl":
            install(file.read_bytes(), packages)
        elif file.name.endswith(_SDIST):
            with tarfile.open(file) as archive:
                archive.extractall(own / "source", filter="data")
            folder = next((own / "source").iterdir())
    return packages, folder


def _start(packages: Path) -> Callable[[], None]:
    def start() -> None:
        for name in ("sitecustomize", "usercustomize"):
            sys.modules.pop(name, None)
        # What an interpreter does first; `site` would print what goes wrong, and go on.
        for file in sorted(packages.glob("*.pth")):
            site.addpackage(os.fspath(packages), file.name, None)
        for name in ("sitecustomize", "usercustomize"):
            if (packages / f"{name}.py").exists() or (packages / f"{name}.pyc").exists():
                importlib.import_module(name)

    return start


def _setup() -> None:
    sys.argv = ["setup.py", "--version"]
    sys.path.insert(0, os.getcwd())
    runpy.run_path("setup.py", run_name="__main__")


def _run(path: str) -> None:
    runpy.run_path(path, run_name="__main__")


def _fire(job: dict[str, Any], pipe: int) -> NoReturn:
    """Fire one shape in this process, which ends here."""

    def tell(what: str) -> NoReturn:
        os.write(pipe, what.encode("utf-8", "replace")[:2000])
        os._exit(0)

    own = Path(job["folder"]).absolute()
    packages, folder = _lay(own / "target", own)
    os.chdir(folder)
    os.environ.update(job["environment"])
    tempfile.tempdir = os.fspath(own)
    devnull = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(devnull, stream)
    signal.alarm(_PATIENCE)
    sys.path.insert(0, os.fspath(packages))
    space = {"SITE": packages, "FOLDER": folder, "start": _start(packages), "setup": _setup, "run": _run}
    _watch(job["event"], job["token"], tell, os.fspath(own))
    try:
        exec(job["fire"], space)
    except BaseException as error:  # noqa: BLE001 - what a shape raises is part of what it does
        space["result"] = error
    if job["event"]:
        tell(f"nothing fired; {space.get('result')!r:.500}")
    held = eval(job["after"], space)
    tell("after" if held else f"not so; {space.get('result')!r:.500}")


def _outcome(job: dict[str, Any]) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _fire(job, write)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    return said or f"no word; wait status {status}"


def main() -> None:
    """Read jobs, fire them one by one; those that need a library come last, and share it."""
    jobs = json.load(sys.stdin)
    importlib.import_module("ctypes")  # which opens the interpreter itself as it is imported
    for job in sorted(jobs, key=lambda job: bool(job["needs"])):
        for library in job["needs"]:
            importlib.import_module(library)
        outcome = _outcome(job)
        fired = outcome == (job["event"] or "after")
        sys.stdout.write(json.dumps({"id": job["id"], "fired": fired, "saw": outcome}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
