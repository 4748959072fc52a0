"""A command that runs as always, while every Python process it starts is observed.

The observer comes in as a `sitecustomize` that stands first in `PYTHONPATH`; one that the environment has already runs
as well. Interpreters that ignore `PYTHONPATH` (`-I`, `-E`, `-S`) are not observed; `observed` says whether any was.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess  # noqa: TID251 - the user's own command, as the user gave it
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from weighmaster.model.errors import ConfigError
from weighmaster.provenance import observer

_CUSTOMIZE: Final = '''\
"""Observes this interpreter (weighmaster record), and then does what the next sitecustomize does."""
import os, sys

_here = os.path.dirname(os.path.abspath(__file__))
_names = {"__name__": "_weighmaster_observer"}
with open(os.path.join(_here, "observer.py.txt"), encoding="utf-8") as _file:
    exec(compile(_file.read(), _file.name, "exec"), _names)
_names["observe_process"](os.path.join(_here, "found"))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != _here]
_mine = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize
except ImportError as error:
    if error.name != "sitecustomize":
        raise
finally:
    sys.modules.setdefault("sitecustomize", _mine)
'''
_LARGEST: Final = 256 << 20


def run_observed(
    command: Sequence[str], *, folder: str | None = None, variables: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Run a command to its end; return its exit status, and what its Python processes did together.

    Raises:
        ConfigError: there is no such command.
    """
    with _planted() as planted, _interrupts_left_to_it():
        environment = {**os.environ, **(variables or {})}
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = planted + (os.pathsep + before if before else "")
        try:
            started = subprocess.Popen(list(command), env=environment, cwd=folder)  # noqa: S603
        except (OSError, ValueError) as error:
            raise ConfigError(f"{command[0]} cannot be run: {getattr(error, 'strerror', error)}") from error
        with _ends_passed_on(started):
            status = started.wait()
        return status, _together(*_found(os.path.join(planted, "found")))


@contextmanager
def _handled(number: int, handler: Callable[[int, object], object]) -> Iterator[None]:
    """Handle a signal, if that is for this thread to do and the signal is not ignored."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(number) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _interrupts_left_to_it() -> AbstractContextManager[None]:
    """Do nothing on Ctrl-C: the terminal sends it to the command as well, which may end in its own time."""
    return _handled(signal.SIGINT, lambda _number, _frame: None)


def _ends_passed_on(started: subprocess.Popen[bytes]) -> AbstractContextManager[None]:
    """Pass a request to end on to the command."""
    return _handled(signal.SIGTERM, lambda number, _frame: started.send_signal(number))


@contextmanager
def _planted() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="weighmaster-")
    try:
        os.mkdir(os.path.join(folder, "found"))
        shutil.copyfile(observer.__file__, os.path.join(folder, "observer.py.txt"))
        with open(os.path.join(folder, "sitecustomize.py"), "w", encoding="utf-8") as file:
            file.write(_CUSTOMIZE)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _found(folder: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what each process left, the last one to end first, and what forked workers wrote down."""
    paths = [entry.path for entry in os.scandir(folder) if entry.stat().st_size <= _LARGEST]
    found = []
    for path in sorted((path for path in paths if path.endswith(".json")), key=os.path.getmtime, reverse=True):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            found.append(json.load(file))
    opened: dict[str, None] = {}
    for path in sorted(path for path in paths if path.endswith(".opened")):
        with open(path, "rb") as file:
            opened |= dict.fromkeys(map(os.fsdecode, file.read().split(b"\0")[:-1]))
    return found, list(opened)


def _together(found: Sequence[dict[str, Any]], opened: Sequence[str]) -> dict[str, Any]:
    """Return what several processes did as if it were one; the one that ended last started the others."""
    if not found:
        return {"observed": False, "read": [], "written": [], "more": 0}
    whole = {**found[0], "observed": True}
    for key in ("read", "written", "prefixes"):
        whole[key] = list(dict.fromkeys(path for one in found for path in one[key]))
    for key, mark in (("read", "r"), ("written", "w")):
        whole[key] = list(dict.fromkeys([*whole[key], *(text[1:] for text in opened if text[0] == mark)]))
    whole["more"] = sum(one["more"] for one in found)
    whole["libraries"] = next((one["libraries"] for one in found if one["libraries"]), {})
    return whole
