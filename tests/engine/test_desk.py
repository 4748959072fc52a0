"""A confined worker asks the process beside it; that one knows what may be asked for, and ends with it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from weighmaster.engine.desk import Desk
from weighmaster.extend.origin import FetchPart, Listing, Origin
from weighmaster.model.errors import UnreachableError, UnreadableError, WeighmasterError
from weighmaster.reading.far import Far, LieError
from weighmaster.reading.http import Access
from weighmaster.sandbox.workers import Died, run

_DATA = bytes(range(256)) * 100


def _open(_: Access) -> FetchPart:
    def part(file: Far, offset: int, count: int) -> bytes:
        if file.locator == "lie":
            raise LieError("not what it said", offset=offset)
        if file.locator == "gone":
            raise UnreachableError("nobody there")
        if file.locator == "pid":
            return os.getpid().to_bytes(8, "big")
        if file.locator == "slow":
            time.sleep(60)
        return _DATA[offset : offset + count]

    return part


def _list(address: str, _: Access) -> Listing:
    return Listing(target=address, files=(), folder=False)


ORIGIN = Origin(id="here", title="This test", schemes=("here",), list=_list, open=_open)


def desk(*locators: str) -> Desk:
    files = [(ORIGIN, Far(name=locator, size=len(_DATA), locator=locator)) for locator in locators]
    return Desk(files, Access())


def asked(of: Desk, number: int, spans: Sequence[tuple[int, int]]) -> bytes | Died:
    def work(_: str) -> bytes:
        try:
            return b"".join(of.fetcher(number)(spans))
        except WeighmasterError as error:
            return f"{type(error).__name__}: {error}".encode()

    ((_, answer),) = run(["x"], work, attendant=of)
    return answer


def test_spans_come_in_the_order_in_which_they_were_asked_for() -> None:
    assert asked(desk("a"), 0, [(300, 310), (0, 4), (5, 5)]) == _DATA[300:310] + _DATA[:4]


@pytest.mark.parametrize(("locator", "kind"), [("lie", LieError), ("gone", UnreachableError)])
def test_what_goes_wrong_there_goes_wrong_here(locator: str, kind: type[WeighmasterError]) -> None:
    answer = asked(desk(locator), 0, [(0, 4), (5, 6)])
    assert isinstance(answer, bytes)
    assert answer.startswith(kind.__name__.encode())


def test_a_worker_can_ask_for_the_files_of_the_look_and_no_bytes_beyond_them() -> None:
    answer = asked(desk("a"), 0, [(0, len(_DATA) + 1)])
    assert isinstance(answer, bytes)
    assert answer.startswith(UnreadableError.__name__.encode())


def test_without_a_worker_the_desk_fetches_itself() -> None:
    assert desk("a").fetcher(0)([(1, 3)]) == [_DATA[1:3]]


def test_what_fetches_ends_with_the_worker_even_in_the_middle_of_its_work(tmp_path: Path) -> None:
    told = desk("pid", "slow")
    log = os.open(tmp_path / "pid", os.O_RDWR | os.O_CREAT)

    def work(task: str) -> bytes:
        return told.fetcher(int(task))([(0, 8)])[0]

    answers = run(["0", "1"], work, attendant=told)
    _, first = next(answers)
    assert isinstance(first, bytes)
    pid = int.from_bytes(first, "big")
    time.sleep(0.3)
    os.kill(pid, 0)
    answers.close()  # type: ignore[attr-defined]
    os.close(log)
    for _ in range(100):
        if _is_gone(pid):
            return
        time.sleep(0.05)
    pytest.fail("the process that fetches outlives its worker")


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
