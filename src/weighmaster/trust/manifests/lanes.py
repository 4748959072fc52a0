"""Long files, hashed by several threads: one takes a file after the other; the digests of one file run side by side.

Whatever is hashed twice is the same bytes: each block is read once, into memory of our own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Final

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value
from weighmaster.trust.manifests.digests import BLOCK, Hashing, entry_of, feeds
from weighmaster.trust.manifests.files import check_unchanged, open_file
from weighmaster.trust.manifests.manifest import Entry

_LANE_BLOCK: Final = 1 << 20
"""Bytes handed from thread to thread at once."""
_RING: Final = 8
"""Blocks that are read before the first is fed to all."""


class Long(Value):
    """A file to hash: its size when it was listed, its name, and the path to open."""

    size: int
    name: str
    path: str


def processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def hash_long(found: Sequence[Long], flags: int, how: Hashing, done: int = 0) -> list[Entry]:
    """Return the entries of files, in any order; `done` bytes of others were hashed before.

    Raises:
        TrustError: a file cannot be read, or changed meanwhile.
    """
    crew = _Crew(found, flags, how, done)
    crew.run()
    return crew.entries


def hash_open(name: str, descriptor: int, how: Hashing) -> Entry:
    """Return the entry of an open file, from its beginning on; `name` is what it is called.

    Raises:
        TrustError: it cannot be read.
    """
    size = os.fstat(descriptor).st_size
    crew = _Crew([Long(size=size, name=name, path="")], 0, how, 0)
    try:
        return crew.hash_open(name, descriptor, size, crew.jobs)
    except OSError as error:
        raise TrustError(f"{name!r} cannot be read: {error.strerror}") from error


class _Crew:
    """Threads that take one file after the other, the longest first, so that none is left alone at the end."""

    def __init__(self, found: Sequence[Long], flags: int, how: Hashing, done: int) -> None:
        self.entries: list[Entry] = []
        self._queue = sorted(found, key=lambda one: (one.size, one.name))
        self._flags = flags
        self._how = how
        self.jobs = how.jobs or processors()
        self._left = sum(one.size for one in found)
        self._total = self._left + done
        self._moved = done
        self._lock = threading.Lock()
        self._stopped = False

    def run(self) -> None:
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                for future in [pool.submit(self._work) for _ in range(min(self.jobs, len(self._queue)))]:
                    future.result()
            except BaseException:
                # Whatever ends this thread (Ctrl-C for one) ends the others.
                self._stopped = True
                raise

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._stopped or not self._queue:
                    return
                one = self._queue.pop()
                # A file that is longer than a thread's share of what is left keeps several busy.
                lanes = self.jobs if one.size * self.jobs > self._left else 1
                self._left -= one.size
            try:
                entry = self._hash(one, lanes)
            except OSError as error:
                raise TrustError(f"{one.name!r} cannot be read: {error.strerror}") from error
            if entry is not None:
                self.entries.append(entry)

    def _hash(self, one: Long, lanes: int) -> Entry | None:
        descriptor, before = open_file(one.name, one.path, self._flags)
        try:
            entry = self.hash_open(one.name, descriptor, before.st_size, lanes)
            if self._stopped:
                return None
            check_unchanged(one.name, before, os.fstat(descriptor), entry.size)
        finally:
            os.close(descriptor)
        return entry

    def hash_open(self, name: str, descriptor: int, size: int, lanes: int) -> Entry:
        """Return the entry of a file that was `size` bytes long when it was opened."""
        fed = feeds(self._how, size)
        _announce(descriptor)
        count = self._side_by_side(descriptor, fed, size, lanes) if lanes > 1 else self._in_turn(descriptor, fed, size)
        return entry_of(name, count, fed)

    def _in_turn(self, descriptor: int, fed: Sequence[Any], size: int) -> int:
        buffer = memoryview(bytearray(BLOCK))
        count = 0
        # What grows without end is not read without end.
        while count <= size and not self._stopped and (got := os.readv(descriptor, [buffer])):
            for one in fed:
                one.update(buffer[:got])
            count += got
            self._tell(got)
        return count

    def _side_by_side(self, descriptor: int, fed: Sequence[Any], size: int, most: int) -> int:
        groups = [fed[:1], fed[1:]] if most <= len(fed) else [[one] for one in fed]
        lanes = [_Lane(group) for group in groups if group]
        buffers = [memoryview(bytearray(_LANE_BLOCK)) for _ in range(_RING)]
        count = turn = 0
        try:
            while count <= size and not self._stopped:
                if turn >= _RING:
                    for lane in lanes:
                        lane.done.get()
                buffer = buffers[turn % _RING]
                got = os.readv(descriptor, [buffer])
                if not got:
                    break
                for lane in lanes:
                    lane.todo.put(buffer[:got])
                count += got
                turn += 1
                self._tell(got)
        finally:
            for lane in lanes:
                lane.end()
        return count

    def _tell(self, moved: int) -> None:
        if self._how.progress is not None:
            with self._lock:
                self._moved += moved
            self._how.progress(self._moved, self._total)


class _Lane:
    """A thread that feeds blocks to some digests; `done` gets an item for each block that may be used again."""

    def __init__(self, fed: Sequence[Any]) -> None:
        self.todo: SimpleQueue[memoryview | None] = SimpleQueue()
        self.done: SimpleQueue[None] = SimpleQueue()
        self._fed = fed
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wait until all blocks are fed."""
        self.todo.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (block := self.todo.get()) is not None:
            try:
                for one in self._fed:
                    one.update(block)
            except BaseException as error:  # noqa: BLE001 - raised again by `end`; whoever waits for the block must not wait for ever
                self._error = error
            self.done.put(None)


def _announce(descriptor: int) -> None:
    """Tell the system that the file will be read from its beginning to its end."""
    advise = getattr(os, "posix_fadvise", None)
    if advise is not None:
        advise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
