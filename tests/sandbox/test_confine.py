"""A confined worker tries what it must not: where a measure is reported to hold, it is refused."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from weighmaster.model.report import GapReason
from weighmaster.sandbox import confine as room
from weighmaster.sandbox.confine import Confinement, Measure, preload
from weighmaster.sandbox.syscalls import MACHINES, Machine
from weighmaster.sandbox.workers import Allowance, Died, run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork: there are no workers")


@pytest.fixture
def folder() -> Iterator[str]:
    # Not pytest's own: nobody else may enter that one, and a test here becomes somebody else.
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        with open(os.path.join(path, "target"), "wb") as file:
            file.write(b"target")
        yield path


def attempt(deed: Callable[[], object], allowance: Allowance) -> tuple[str, Confinement]:
    """Do `deed` in a worker; return what it gave, or the error it met, and how the worker was confined."""
    told: list[Confinement] = []

    def work(_: str) -> bytes:
        try:
            return f"done: {deed()}".encode()
        except (OSError, ValueError) as error:
            # `resource` makes a ValueError of EPERM.
            return f"refused: {type(error).__name__}".encode()

    ((_, answer),) = run([""], work, allowance=allowance, told=told.append)
    return (answer.detail if isinstance(answer, Died) else answer.decode()), told[-1]


def write(path: str) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    return os.write(descriptor, b"written")


def contents(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(100)


def start_process() -> str:
    if os.fork() == 0:
        os._exit(0)
    return "forked"


DEEDS: dict[str, tuple[set[Measure], Callable[[str], object]]] = {
    "read another file": ({Measure.FILES}, lambda _: contents(__file__)),
    "list another folder": ({Measure.FILES}, lambda _: os.listdir("/")),
    "look into its process": ({Measure.FILES}, lambda _: contents("/proc/self/maps")),
    "write a file beside the target": (
        {Measure.FILES, Measure.SYSTEM_CALLS, Measure.LIMITS},
        lambda f: write(f"{f}/new"),
    ),
    "write the target": ({Measure.FILES, Measure.SYSTEM_CALLS, Measure.LIMITS}, lambda f: write(f"{f}/target")),
    "remove the target": ({Measure.FILES, Measure.SYSTEM_CALLS}, lambda f: os.remove(f"{f}/target")),
    "rename the target": ({Measure.FILES, Measure.SYSTEM_CALLS}, lambda f: os.rename(f"{f}/target", f"{f}/other")),
    "change its mode": ({Measure.SYSTEM_CALLS}, lambda f: os.chmod(f"{f}/target", 0o777)),
    "open a socket": ({Measure.SYSTEM_CALLS}, lambda _: socket.socket().close()),
    "start a process": ({Measure.SYSTEM_CALLS}, lambda _: start_process()),
    "signal its parent": ({Measure.SYSTEM_CALLS, Measure.FILES}, lambda _: os.kill(os.getppid(), 0)),
    "give itself more memory": (
        {Measure.SYSTEM_CALLS},
        lambda _: __import__("resource").setrlimit(__import__("resource").RLIMIT_AS, (1 << 30, 1 << 30)),
    ),
    "become somebody else": ({Measure.SYSTEM_CALLS, Measure.CAPABILITIES}, lambda _: os.setuid(12345)),
}


@pytest.mark.parametrize("name", DEEDS)
def test_a_confined_worker_cannot(name: str, folder: str) -> None:
    measures, deed = DEEDS[name]
    said, confinement = attempt(partial(deed, folder), Allowance(read=(folder,)))
    assert not measures & set(confinement.holds) or said.startswith("refused"), (said, confinement)


# What one measure must refuse alone, should the others be missing on some system.
ALONE = [
    ("read another file", Measure.FILES),
    ("list another folder", Measure.FILES),
    ("write a file beside the target", Measure.FILES),
    ("write a file beside the target", Measure.SYSTEM_CALLS),
    ("write a file beside the target", Measure.LIMITS),
    ("remove the target", Measure.FILES),
    ("remove the target", Measure.SYSTEM_CALLS),
    ("open a socket", Measure.SYSTEM_CALLS),
    ("start a process", Measure.SYSTEM_CALLS),
    ("signal its parent", Measure.SYSTEM_CALLS),
]


@pytest.mark.parametrize(("name", "measure"), ALONE)
def test_a_measure_holds_without_the_others(name: str, measure: Measure, folder: str) -> None:
    # Landlock and seccomp ask for no-new-privileges where the worker is not root's.
    without = frozenset(Measure) - {measure, Measure.NO_NEW_PRIVILEGES}
    said, confinement = attempt(partial(DEEDS[name][1], folder), Allowance(read=(folder,), without=without))
    assert measure not in confinement.holds or said.startswith("refused"), (said, confinement)


def test_without_measures_the_same_deeds_succeed(folder: str) -> None:
    allowance = Allowance(without=frozenset(Measure))
    for name in ("read another file", "list another folder", "write a file beside the target", "start a process"):
        said, confinement = attempt(partial(DEEDS[name][1], folder), allowance)
        assert said.startswith("done"), (name, said)
        assert confinement.holds == ()


def test_running_a_program_ends_the_worker_and_no_other_task() -> None:
    told: list[Confinement] = []

    def work(task: str) -> bytes:
        if task == "exec":
            os.execv(sys.executable, [sys.executable, "-c", "pass"])
        return task.encode()

    answers = dict(run(["a", "exec", "b"], work, allowance=Allowance(), told=told.append))
    assert (answers[0], answers[2]) == (b"a", b"b")
    died = answers[1]
    assert isinstance(died, Died)
    assert died.reason is GapReason.CRASHED
    if Measure.SYSTEM_CALLS in told[0].holds:
        assert died.detail == "its worker was killed when it tried what no reader does"


def test_what_readers_import_late_still_imports() -> None:
    def work(_: str) -> bytes:
        for name in ("bz2", "lzma", "zlib", "hashlib", "zstandard", "lz4.frame", "logging", "html", "unicodedata"):
            __import__(name)
        import hashlib
        import lzma

        import zstandard

        assert lzma.decompress(lzma.compress(b"x")) == b"x"
        assert zstandard.ZstdDecompressor().decompress(zstandard.ZstdCompressor().compress(b"x")) == b"x"
        return hashlib.sha256(b"x").hexdigest()[:4].encode()

    assert list(run([""], work)) == [(0, b"2d71")]


def test_a_worker_sees_neither_the_parents_files_nor_its_terminal(folder: str) -> None:
    ours = os.open(os.path.join(folder, "target"), os.O_RDONLY)
    try:

        def work(_: str) -> bytes:
            open_ones = []
            for descriptor in range(1024):
                try:
                    os.fstat(descriptor)
                except OSError:
                    continue
                open_ones.append(descriptor)
            assert all(os.fstat(d).st_rdev == os.stat(os.devnull).st_rdev for d in open_ones[:3])
            return repr(len(open_ones)).encode()

        # Three that lead nowhere, and two pipes.
        assert list(run([""], work, allowance=Allowance(read=(os.devnull,)))) == [(0, b"5")]
    finally:
        os.close(ours)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_without_powers_is_confined_as_well(folder: str) -> None:
    preload()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgid(65534)
            os.setuid(65534)
            names = ("read another file", "write a file beside the target", "open a socket", "start a process")
            allowance = Allowance(read=(folder,))
            said = [attempt(partial(DEEDS[name][1], folder), allowance)[0] for name in names]
            read, confinement = attempt(lambda: contents(f"{folder}/target"), Allowance(read=(folder,)))
            os.write(writing, repr((said, read, [str(m) for m in confinement.holds])).encode())
        finally:
            os._exit(0)
    os.close(writing)
    said, read, holds = eval(os.read(reading, 1 << 16))
    os.close(reading)
    os.waitpid(child, 0)
    assert all(one.startswith("refused") for one in said) or Measure.SYSTEM_CALLS not in holds
    assert read == "done: b'target'"
    assert {Measure.LIMITS, Measure.NO_NEW_PRIVILEGES} <= set(holds)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root reads what others locked")
def test_root_still_reads_what_others_keep_for_themselves(folder: str) -> None:
    path = os.path.join(folder, "theirs")
    with open(path, "wb") as file:
        file.write(b"theirs")
    os.chmod(path, 0o000)
    os.chown(path, 12345, 12345)
    said, confinement = attempt(lambda: contents(path), Allowance(read=(folder,)))
    assert said == "done: b'theirs'"
    assert Measure.CAPABILITIES in confinement.holds or sys.platform != "linux"


def test_a_system_that_knows_no_measure_is_told_and_still_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MACHINES", {})
    said, confinement = attempt(lambda: 1, Allowance())
    assert said == "done: 1"
    assert Measure.LIMITS in confinement.holds
    missing = {line.split(":")[0] for line in confinement.lacks}
    assert {Measure.FILES, Measure.SYSTEM_CALLS, Measure.NETWORK} <= missing


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's system calls")
def test_a_kernel_that_refuses_every_measure_is_told_and_still_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    known = next(iter(MACHINES.values()))
    nothing = Machine(audit=0, numbers=dict.fromkeys(known.numbers, 999))
    monkeypatch.setattr(room, "MACHINES", dict.fromkeys(MACHINES, nothing))
    said, confinement = attempt(lambda: 1, Allowance())
    assert said == "done: 1"
    assert {Measure.FILES, Measure.SYSTEM_CALLS, Measure.CAPABILITIES}.isdisjoint(confinement.holds)
    assert {m.value for m in Measure} == {*confinement.holds, *[line.split(":")[0] for line in confinement.lacks]}


def test_where_confining_ends_the_worker_files_are_read_by_a_less_confined_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def deadly(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(room, "_landlock", deadly)
    said, confinement = attempt(lambda: 1, Allowance())
    assert said == "done: 1"
    assert confinement.holds == (Measure.LIMITS,)


def test_a_confinement_is_read_back_as_it_was_written() -> None:
    for confinement in (Confinement(), Confinement(holds=tuple(Measure), lacks=("files: no", "network: x"))):
        assert Confinement.unpacked(confinement.packed()) == confinement
    with pytest.raises(ValueError, match="made-up"):
        Confinement.unpacked(b"made-up")
