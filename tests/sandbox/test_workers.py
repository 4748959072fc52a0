"""A task that kills, fools or outlasts its worker is lost alone; all others come back, however many workers."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighmaster.engine.scan import scan_file
from weighmaster.engine.wire import decode, encode
from weighmaster.extend.format import Format, Read
from weighmaster.extend.registry import Registry
from weighmaster.model.fact import Metadata
from weighmaster.model.report import Gap, GapReason, Item, Report
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.sandbox.workers import Allowance, Died, run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork: there are no workers")

TIGHT = Allowance(seconds=0.7, grace=0.8, memory=256 << 20)


def crash() -> None:
    ctypes.string_at(0)


def loop() -> None:
    while True:
        pass


def hang() -> None:
    """Loop as code in C would: deaf to the first, soft stop."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    loop()


def hoard() -> None:
    held = []
    while True:
        held.append(bytes(1 << 20))


def babble() -> None:
    for descriptor in range(3, 1024):
        try:
            os.write(descriptor, b"\xff" * 100)
        except OSError:
            continue
    time.sleep(60)


def quit_() -> None:
    os._exit(3)


DEEDS = {b"crash": crash, b"loop": loop, b"hang": hang, b"hoard": hoard, b"babble": babble, b"quit": quit_}
LOST = {
    b"crash": (GapReason.CRASHED, "its worker was killed by signal 11"),
    b"hang": (GapReason.OVER_BUDGET, "stopped after 1.5 seconds"),
    b"babble": (GapReason.CRASHED, "its worker answered with garbage"),
    b"quit": (GapReason.CRASHED, "its worker ended with status 3"),
}
GAPS = {
    b"loop": (GapReason.OVER_BUDGET, "deed: takes more than 0.7 seconds"),
    b"hoard": (GapReason.OVER_BUDGET, "deed: "),
}


def read(cursor: Cursor, where: Where) -> Iterator[Read]:
    data = cursor.take(cursor.left)
    yield Metadata(where=where, key="a", text="b")
    DEEDS.get(data.split(b" ")[0], lambda: None)()


REGISTRY = Registry(formats={"deed": Format(id="deed", title="Deeds", matches=lambda _: True, read=read)})


def look(folder: Path, names: list[str], *, jobs: int, isolate: bool = True) -> list[Item]:
    def work(name: str) -> bytes:
        return encode(scan_file(str(folder / name), name, REGISTRY, Limits()))

    items: list[Item] = []
    seen = []
    allowance = Allowance(seconds=0.7, grace=0.8, memory=256 << 20, read=(str(folder),))
    for index, answer in run(names, work, jobs=jobs, allowance=allowance, isolate=isolate):
        seen.append(index)
        if isinstance(answer, Died):
            items.append(Gap(where=Where.file(names[index]), reason=answer.reason, detail=answer.detail))
        else:
            items += decode(answer, REGISTRY, root=names[index])
    assert sorted(seen) == list(range(len(names)))
    return items


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(200):
        (tmp_path / f"{number:03}.bin").write_bytes(b"harmless %d" % number)
    return tmp_path


def report(items: list[Item]) -> Report:
    return Report.of("folder", items, files=200)


def test_harmless_files_give_the_same_report_in_any_number_of_workers_and_in_none(folder: Path) -> None:
    names = sorted(os.listdir(folder))
    here = report(look(folder, names, jobs=1, isolate=False))
    assert here.examined == 200
    assert here.gaps == ()
    for jobs in (1, 2, 4):
        assert report(look(folder, names, jobs=jobs)) == here


def test_each_deadly_file_is_lost_alone_whatever_the_number_of_workers(folder: Path) -> None:
    deadly = {7 + 23 * place: deed for place, deed in enumerate([*DEEDS, b"crash", b"quit"])}
    # Two in a row, the first and the last.
    deadly |= {8: b"quit", 0: b"crash", 199: b"babble"}
    for number, deed in deadly.items():
        (folder / f"{number:03}.bin").write_bytes(deed + b" %d" % number)
    names = sorted(os.listdir(folder))
    reports = [report(look(folder, names, jobs=jobs)) for jobs in (1, 2, 4)]
    first = reports[0]
    assert reports == [first] * 3
    gaps = {gap.where.root: (gap.reason, gap.detail) for gap in first.gaps}
    assert set(gaps) == {f"{number:03}.bin" for number in deadly}
    for number, deed in deadly.items():
        reason, detail = gaps[f"{number:03}.bin"]
        wanted_reason, wanted_detail = (LOST | GAPS)[deed]
        assert reason is wanted_reason
        assert detail.startswith(wanted_detail)
    lost = {f"{number:03}.bin" for number, deed in deadly.items() if deed in LOST}
    assert {artifact.where.root for artifact in first.artifacts} == set(names) - lost


def test_an_error_of_the_work_is_told_and_the_worker_goes_on() -> None:
    def work(task: str) -> bytes:
        if task == "bad":
            raise ValueError("no such thing")
        return repr(os.getpid()).encode()

    for isolate in (True, False):
        answers = dict(run(["a", "bad", "b"], work, isolate=isolate))
        assert answers[1] == Died(reason=GapReason.CRASHED, detail="ValueError: no such thing")
        assert answers[0] == answers[2]


def test_an_answer_too_long_to_send_is_said_to_be() -> None:
    answers = dict(run(["1", "9"], lambda task: bytes(int(task)), allowance=Allowance(message=5)))
    assert answers == {0: b"\0", 1: Died(reason=GapReason.OVER_BUDGET, detail="says more than may be sent")}


def test_long_answers_arrive_whole_though_the_caller_takes_its_time() -> None:
    for index, answer in run(["3000000"] * 6, lambda task: b"x" * int(task), jobs=2):
        time.sleep(0.02)
        assert answer == b"x" * 3_000_000, index


def test_a_slow_caller_is_not_counted_against_the_worker() -> None:
    answers = run(["a"] * 100, lambda _: bytes(1 << 16), allowance=TIGHT)
    next(answers)
    time.sleep(2)
    assert all(isinstance(answer, bytes) for _, answer in answers)


def test_what_waits_behind_a_slow_task_is_done_by_another_worker() -> None:
    def work(task: str) -> bytes:
        time.sleep(float(task))
        return str(os.getpid()).encode()

    tasks = ["0.001"] * 3 + ["0.5"] + ["0.01"] * 36
    answers = dict(run(tasks, work, jobs=2))
    slow = answers[3]
    assert sum(answer == slow for answer in answers.values()) < 20


def test_a_task_that_pays_for_an_earlier_one_is_tried_again() -> None:
    broken = False

    def work(task: str) -> bytes:
        nonlocal broken
        if broken:
            os._exit(1)
        broken = task == "breaks"
        return task.encode()

    tasks = ["a", "breaks", "innocent", "b"]
    assert dict(run(tasks, work)) == {index: task.encode() for index, task in enumerate(tasks)}


def children() -> set[int]:
    pids = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                pids.add(int(entry))
    return pids


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc to look for processes")
def test_no_worker_outlives_the_generator() -> None:
    before = children()
    whole = list(run(["a"] * 10, str.encode, jobs=3))
    assert len(whole) == 10
    assert children() == before
    answers = run(["60"] * 10 + ["0"], sleep, jobs=3)
    part = run(["0", "60"], sleep)
    assert next(part)[0] == 0
    start = time.monotonic()
    del answers, part
    gc.collect()
    assert children() == before
    assert time.monotonic() - start < 30  # They sleep for a minute: nobody waited for that.


def sleep(task: str) -> bytes:
    time.sleep(float(task))
    return b""


SCRIPT = """
import os, sys, time
from weighmaster.sandbox.workers import run

def work(task):
    time.sleep(float(task))
    return str(os.getpid()).encode()

got = []
try:
    for index, answer in run(["0", "0"] + ["60"] * 9, work, jobs=2):
        got.append(index)
        print(index, answer.decode(), flush=True)
except KeyboardInterrupt:
    print("interrupted", len(got), flush=True)
"""


def listens() -> None:
    # Whoever runs the tests in the background has SIGINT ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begin() -> tuple[subprocess.Popen[str], list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=listens
    )
    assert process.stdout is not None
    return process, [int(process.stdout.readline().split()[1]) for _ in range(2)]


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # Dead, and somebody else's to bury.
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_an_interrupt_ends_the_workers_and_keeps_what_was_found() -> None:
    process, workers = begin()
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=10)
    assert said == "interrupted 2\n"
    assert process.returncode == 0
    assert all(map(gone, workers))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends when it next answers")
def test_workers_end_with_a_parent_that_is_killed() -> None:
    process, workers = begin()
    process.kill()
    process.communicate(timeout=10)
    assert all(map(gone, workers))


def test_a_parent_with_threads_has_workers_and_no_warning() -> None:
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    found: list[object] = []
    try:
        assert list(run(["a"], str.encode)) == [(0, b"a")]
        thread = threading.Thread(target=lambda: found.extend(run(["b"], str.encode)))
        thread.start()
        thread.join()
    finally:
        stop.set()
        other.join()
    assert found == [(0, b"b")]


def test_without_any_worker_everything_is_said_to_be_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", full)
    answers = dict(run(["a", "b"], str.encode, jobs=2))
    assert set(answers) == {0, 1}
    for answer in answers.values():
        assert isinstance(answer, Died)
        assert answer.detail.startswith("no worker could be started: ")


def test_no_tasks_start_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert list(run([], str.encode, jobs=2)) == []


def test_descriptors_are_not_leaked() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(5):
        assert len(list(run(["a", "quit", "b"], lambda task: os._exit(1) if task == "quit" else b"", jobs=2))) == 3
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before
