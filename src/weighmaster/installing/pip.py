"""pip, held so that it starts no other program: what it would have to build, it cannot.

pip builds in processes of their own. In the interpreter that it runs in, an audit hook (PEP 578) refuses every way of
starting one, so a source that slips past `--only-binary` ends the run and is not executed. Two programs that packaging
starts to tell which platform this is are let through: the loader of musl, and the interpreter itself on macOS.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess  # noqa: TID251 - pip, in the interpreter that the user installs into
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from weighmaster.model.errors import ConfigError
from weighmaster.model.value import Value, replace

_CLEAN: Final = """
import sys
sys.path[:] = [path for path in sys.path if path]  # Not the folder that we are in.
"""
_HOOK: Final = """
_starts = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
           "os.startfile/2", "os.system", "pty.spawn"}
_mac = [sys.executable, "-sS", "-c", "import platform; print(platform.mac_ver()[0])"]

def _refuse(event, arguments):
    if event not in _starts:
        return
    words = arguments[1] if event == "subprocess.Popen" else ()
    if words == _mac or (len(words) == 1 and str(words[0]).startswith("/lib/ld-musl-")):
        return
    raise PermissionError(13, "pip would start a program (a build, or git): not before it is vetted")

sys.addaudithook(_refuse)
"""
_RUN: Final = """
import runpy
runner = sys.argv.pop(1)
if runner:
    sys.argv[0] = runner
    runpy.run_path(runner, run_name="__main__")
else:
    sys.argv[0] = "pip"
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
_SETTLED: Final = frozenset({
    "PIP_REQUIREMENT", "PIP_REQUIREMENTS_FROM_SCRIPT", "PIP_CONSTRAINT", "PIP_GROUP", "PIP_EDITABLE", "PIP_DRY_RUN",
    "PIP_REQUIRE_HASHES", "PIP_NO_REQUIRE_HASHES", "PIP_REPORT",
})  # fmt: skip
_ALWAYS: Final = ("--no-input", "--disable-pip-version-check")
_ASK: Final = f"{_CLEAN}\nimport importlib.util\nsys.exit(not importlib.util.find_spec('pip'))"


class Pip(Value):
    """pip for the interpreter `python`; `runner` is how one that lies elsewhere is run in it, or empty."""

    python: str
    runner: str = ""
    environment: Mapping[str, str]

    def run(self, words: Sequence[str], *, heard: bool = False) -> int:
        """Run a command of pip to its end, and return its exit status; what it says goes to standard error."""
        return self._run(_CLEAN + _HOOK + _RUN, words, heard=heard)

    def build(self, words: Sequence[str]) -> int:
        """Run a command of pip that may start programs: for what was vetted, and whose build the user asked for."""
        return self._run(_CLEAN + _RUN, words, heard=False)

    @property
    def settled(self) -> Pip:
        """The same pip, for what was found: what the environment says is wanted was heeded, and counts no more."""
        changed: Pip = replace(self, environment={k: v for k, v in self.environment.items() if k not in _SETTLED})
        return changed

    def _run(self, code: str, words: Sequence[str], *, heard: bool) -> int:
        command = [self.python, "-c", code, self.runner, *words, *_ALWAYS]
        out = sys.stdout if heard else sys.stderr
        sys.stdout.flush()
        try:
            descriptor = out.fileno()
        except (OSError, ValueError):
            descriptor = subprocess.DEVNULL
        try:
            done = subprocess.run(command, env=dict(self.environment), stdout=descriptor, check=False)  # noqa: S603
        except OSError as error:
            raise ConfigError(f"{self.python} cannot be run: {error.strerror}") from error
        return done.returncode


def pip_of(python: str, environment: Mapping[str, str]) -> Pip:
    """Return pip for an interpreter, or for the one of a virtual environment: its own, else ours.

    Raises:
        ConfigError: there is no such interpreter, or no pip.
    """
    path = _interpreter(python)
    asked = subprocess.run([path, "-c", _ASK], env=dict(environment), check=False, capture_output=True)  # noqa: S603
    if asked.returncode == 0:
        return Pip(python=path, environment=environment)
    spec = importlib.util.find_spec("pip")
    runner = os.path.join(os.path.dirname(spec.origin), "__pip-runner__.py") if spec and spec.origin else ""
    if not os.path.isfile(runner):
        raise ConfigError(f"{path} has no pip, and neither have we: {path} -m ensurepip")
    return Pip(python=path, runner=runner, environment=environment)


def _interpreter(python: str) -> str:
    for path in (os.path.join(python, "bin", "python"), os.path.join(python, "Scripts", "python.exe"), python):
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise ConfigError(f"{python} is no interpreter, and no virtual environment")
