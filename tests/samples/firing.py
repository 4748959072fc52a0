"""Load hostile samples, each in a process of its own, and say which of them were about to do what they are built for.

Run as `python -m tests.samples.firing` with a JSON list of jobs on standard input; one JSON line a job comes out. The
process that runs this is thrown away; it imports the loaders' libraries once and forks for every job.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

from tests.samples.loaders import LATE, LOADERS

_PATIENCE: Final = 20
"""Seconds that a sample may take."""

_LIBRARIES: Final = (
    "cloudpickle",
    "dill",
    "gguf",
    "h5py",
    "idlelib.run",
    "jinja2",
    "joblib",
    "keras",
    "numpy",
    "pandas",
    "requests",
    "scipy",
    "sklearn",
    "skops.io",
    "torch",
)

_DENIED: Final = frozenset(
    {
        "builtins.breakpoint",
        "builtins.input",
        "ctypes.call_function",
        "ctypes.dlopen",
        "fcntl.flock",
        "ftplib.connect",
        "http.client.connect",
        "http.client.send",
        "imaplib.open",
        "nntplib.connect",
        "os.chmod",
        "os.chown",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.link",
        "os.mkdir",
        "os.posix_spawn",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.spawn",
        "os.startfile",
        "os.symlink",
        "os.system",
        "os.truncate",
        "os.utime",
        "poplib.connect",
        "pty.spawn",
        "resource.setrlimit",
        "shutil.chown",
        "shutil.copyfile",
        "shutil.copytree",
        "shutil.make_archive",
        "shutil.move",
        "shutil.rmtree",
        "shutil.unpack_archive",
        "signal.pthread_kill",
        "smtplib.connect",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
        "socket.sethostname",
        "sqlite3.connect",
        "subprocess.Popen",
        "syslog.openlog",
        "syslog.syslog",
        "telnetlib.Telnet.open",
        "urllib.Request",
        "webbrowser.open",
    }
)
"""Events that are stopped whether a sample is built for them or not."""

_AT_HOME: Final = {
    *("os.mkdir", "os.rmdir", "os.remove", "os.utime", "os.chmod", "shutil.rmtree", "socket.bind"),
    "sqlite3.connect",
}
"""Events that are let through where they touch only the sample's own folder, or this machine's own address."""


def _at_home(arguments: tuple[Any, ...], own: str) -> bool:
    if not isinstance(arguments[0], str):
        return {"127.0.0.1", "::1"} & set(_words(arguments[-1])) != set()
    return os.path.abspath(arguments[0]).startswith(own)


class Stopped(BaseException):
    """A sample was about to do harm."""


def _words(argument: object) -> Iterator[str]:
    """Yield the text in an argument of an audit event, and run none of its methods."""
    kind = type(argument)
    if kind is str:
        yield argument  # type: ignore[misc]
    elif kind in {bytes, bytearray}:
        yield bytes(argument).decode("latin-1")  # type: ignore[call-overload]
    elif kind is int:
        yield str(argument)
    elif kind is types.CodeType:
        yield from argument.co_names  # type: ignore[attr-defined]
        for constant in argument.co_consts:  # type: ignore[attr-defined]
            yield from _words(constant)
    elif kind in {tuple, list}:
        for item in argument:  # type: ignore[attr-defined]
            yield from _words(item)
    elif isinstance(argument, os.PathLike):
        yield os.fspath(argument)


def _watch(event: str, token: str, tell: Callable[[str], NoReturn], own: str) -> None:
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    inside = False

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal inside
        if inside:
            return
        inside = True
        try:
            if name == event and (not token or any(token in word for word in _words(arguments))):
                tell(name)
            if name == "open" and isinstance(arguments[2], int) and arguments[2] & writes:
                path = os.path.abspath(next(_words(arguments[0]), ""))
                if not path.startswith(own) and path != os.devnull:
                    raise Stopped(f"open {path}")
            if name in _DENIED and not (name in _AT_HOME and _at_home(arguments, own)):
                raise Stopped(name)
        finally:
            inside = False

    sys.addaudithook(hook)


def _fire(job: dict[str, str], pipe: int) -> NoReturn:
    """Load one sample in this process, which ends here."""

    def tell(what: str) -> NoReturn:
        os.write(pipe, what.encode("utf-8", "replace")[:2000])
        os._exit(0)

    os.chdir(job["folder"])
    tempfile.tempdir = job["folder"]
    devnull = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(devnull, stream)
    sys.stdin = open(devnull, closefd=False)  # noqa: SIM115 - for the rest of this process
    sys.setrecursionlimit(10_000)
    signal.alarm(_PATIENCE)
    loader = LOADERS[job["loader"]]
    if job["event"]:
        _watch(job["event"], job["token"], tell, os.path.abspath(job["folder"]))
    else:
        _watch("", "", tell, os.path.abspath(job["folder"]))
    try:
        result: object = loader(job["path"])
    except BaseException as error:  # noqa: BLE001 - what a sample raises is part of what it does
        result = error
    if job["event"]:
        import gc

        result_type = (
            f"{type(result).__name__}: {result}" if isinstance(result, BaseException) else type(result).__name__
        )
        del result
        gc.collect()
        tell(f"nothing fired; {result_type}")
    held = eval(job["after"], {"result": result})
    tell("after" if held else f"not so; {type(result).__name__}: {result!s:.300}")


def _outcome(job: dict[str, str]) -> str:
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
    """Read jobs, fire them one by one."""
    jobs = json.load(sys.stdin)
    os.environ["KERAS_BACKEND"] = "torch"
    for library in _LIBRARIES:
        try:
            importlib.import_module(library)
        except ImportError:
            continue
    for job in sorted(jobs, key=lambda job: job["loader"] in LATE):
        if job["loader"] in LATE:
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            importlib.import_module(LATE[job["loader"]])
        outcome = _outcome(job)
        sys.stdout.write(
            json.dumps({"id": job["id"], "fired": outcome == (job["event"] or "after"), "saw": outcome}) + "\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
