"""A command that runs as always, while every Python process it starts is observed.

The observer comes in as a `sitecustomize` that stands first in `PYTHONPATH`; one that the environment has already runs
as well. Interpreters that ignore `PYTHONPATH` (`-I`, `-E`, `-S`) are not observed; `observed` says whether any was.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess  # noqa: TID251 - the user's own command, as the user gave it
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from weighmaster.model.errors import ConfigError
from weighmaster.provenance import observer

_CUSTOMIZE: Final = '''\
"""Observes this interpreter (weighmaster record), and then does what the next sitecustomize does."""
import importlib.machinery, importlib.util, os, sys

_here = os.path.dirname(os.path.abspath(__file__))
_spec = importlib.util.spec_from_file_location("_weighmaster_observer", os.path.join(_here, "observer.py.txt"),
    loader=importlib.machinery.SourceFileLoader("_weighmaster_observer", os.path.join(_here, "observer.py.txt")))
_module = importlib.util.module_from_spec(_spec)
sys.dont_write_bytecode, _kept = True, sys.dont_write_bytecode
_spec.loader.exec_module(_module)
sys.dont_write_bytecode = _kept
_module.observe_process(os.path.join(_here, "found"))
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
    with _planted() as planted:
        environment = {**os.environ, **(variables or {})}
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = planted + (os.pathsep + before if before else "")
        try:
            status = subprocess.run(list(command), env=environment, cwd=folder, check=False).returncode  # noqa: S603
        except OSError as error:
            raise ConfigError(f"{command[0]} cannot be run: {error.strerror}") from error
        return status, _together(list(_found(os.path.join(planted, "found"))))


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


def _found(folder: str) -> Iterator[dict[str, Any]]:
    """Yield what each process left, the first one first."""
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".json")]
    for path in sorted(paths, key=os.path.getmtime, reverse=True):
        if os.path.getsize(path) <= _LARGEST:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                yield json.load(file)


def _together(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what several processes did as if it were one; the one that ended last started the others."""
    if not found:
        return {"observed": False, "read": [], "written": [], "more": 0}
    whole = {**found[0], "observed": True}
    for key in ("read", "written", "prefixes"):
        whole[key] = list(dict.fromkeys(path for one in found for path in one[key]))
    whole["more"] = sum(one["more"] for one in found)
    whole["libraries"] = next((one["libraries"] for one in found if one["libraries"]), {})
    return whole
