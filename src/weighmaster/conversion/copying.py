"""The bytes of tensors, from where they lie to where they are written."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

from weighmaster.conversion.gathering import slabs
from weighmaster.conversion.places import latin1
from weighmaster.conversion.plan import LITERALS, TEXT, Plan, Stream, Tensor
from weighmaster.conversion.writing import Placed, packed
from weighmaster.model.errors import UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import BytesSource, FileSource, PartSource, Source

CHUNK: Final = 256 << 10
_STEP: Final = 256 << 20
"""Bytes that the system is asked to copy at once: an interrupt waits no longer than for that."""
_CANNOT: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF})


class Progress:
    """What is copied so far: other threads wait for it to be there.

    `checks` has the digest of each tensor that was made, by where it begins. Those that are copied as they lie have
    none there: the two files are compared.
    """

    def __init__(self, told: Callable[[int], None]) -> None:
        self.checks: dict[int, bytes] = {}
        self.stopped = False
        self._told = told
        self._written = 0
        self._done: set[int] = set()
        self._changed = threading.Condition()

    def told(self, count: int | None) -> None:
        """Say that `count` more bytes are written."""
        self._written += count or 0
        self._told(self._written)

    def done(self, at: int) -> None:
        """Say that the tensor which begins at `at` is there."""
        with self._changed:
            self._done.add(at)
            self._changed.notify_all()

    def stop(self) -> None:
        """Say that nothing more comes."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def wait(self, at: int) -> bool:
        """Wait until the tensor which begins at `at` is there; False if it will not be."""
        with self._changed:
            while at not in self._done and not self.stopped:
                self._changed.wait()
            return at in self._done


class Copier:
    """Copies the tensors of a plan from one open file to another."""

    def __init__(self, plan: Plan, source: int, target: int, folder: str, budget: Budget) -> None:
        self._plan = plan
        self._in = source
        self._out = target
        self._folder = folder
        self._budget = budget
        self._in_kernel = hasattr(os, "copy_file_range")

    def copy(self, placed: Sequence[Placed], progress: Progress) -> None:
        """Copy them all; `progress` hears of each."""
        streams: dict[int, list[Placed]] = {}
        for one in placed:
            if one.tensor.size:
                streams.setdefault(one.tensor.stream, []).append(one)
        for number, of_stream in streams.items():
            if number:
                of_stream.sort(key=lambda one: one.tensor.start)
            with ExitStack() as stack:
                self._stream(number, of_stream, stack, progress)

    def _stream(self, number: int, placed: Sequence[Placed], stack: ExitStack, progress: Progress) -> None:
        source = self._source(number)
        for one in placed:
            if number == 0 and packed(one.tensor):
                self._direct(one, progress)
            elif packed(one.tensor):
                self._pieces(one, _chunks(source, one.tensor), progress)
            else:
                if not isinstance(source, (FileSource, BytesSource)):
                    # What is unpacked can only be read forward; elements stand everywhere.
                    source = self._spooled(source, stack)
                self._pieces(one, slabs(one.tensor, source.read_at), progress)
            progress.done(one.at)

    def _source(self, number: int) -> Source:
        stream = self._plan.streams[number]
        if number == 0:
            return FileSource(self._in, stream.size)
        if stream.codec == LITERALS:
            return BytesSource(self._plan.literals)
        return _unpacked(PartSource(self._source(stream.parent), stream.start, stream.end), stream, self._budget)

    def _spooled(self, source: Source, stack: ExitStack) -> Source:
        file = stack.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - the stack closes it
        for at in range(0, source.size, CHUNK):
            self._budget.check_time()
            file.write(source.read_at(at, CHUNK))
        file.flush()
        return FileSource(file.fileno(), source.size)

    def _direct(self, one: Placed, progress: Progress) -> None:
        start, size, done = one.tensor.start, one.tensor.size, 0
        while done < size:
            count = self._some(start + done, one.at + done, min(_STEP, size - done))
            if not count:
                raise UnreadableError("the file became shorter while it was read", offset=start + done)
            done += count
            progress.told(count)

    def _some(self, start: int, at: int, count: int) -> int:
        if self._in_kernel:
            try:
                return os.copy_file_range(self._in, self._out, count, start, at)
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
                self._in_kernel = False
        return write_at(self._out, os.pread(self._in, min(count, CHUNK), start), at)

    def _pieces(self, one: Placed, pieces: Iterator[bytes | bytearray], progress: Progress) -> None:
        digest = check()
        at = one.at
        for piece in pieces:
            self._budget.check_time()
            digest.update(piece)
            at += write_at(self._out, piece, at)
            progress.told(len(piece))
        if at != one.at + one.tensor.size:
            raise UnreadableError(f"tensor {one.tensor.name!r} ends early")
        progress.checks[one.at] = digest.digest()


def check() -> Any:
    """Return the state of the digest that says whether what lies there is what was written."""
    from blake3 import blake3

    return blake3()


def write_at(descriptor: int, data: bytes | bytearray, at: int) -> int:
    """Write all of `data` from byte `at` on, and return how much that is."""
    left = memoryview(data)
    while left:
        done = os.pwrite(descriptor, left, at)
        left, at = left[done:], at + done
    return len(data)


def _chunks(source: Source, tensor: Tensor) -> Iterator[bytes]:
    end = tensor.start + tensor.size
    for at in range(tensor.start, end, CHUNK):
        yield source.read_at(at, min(CHUNK, end - at))


def _unpacked(source: Source, stream: Stream, budget: Budget) -> Source:
    if stream.codec == TEXT:
        return _Text(source, stream.size)
    from weighmaster.reading.unpacked import unpacked

    found = unpacked(source, stream.codec, budget)
    if found.size != stream.size:
        raise UnreadableError(f"unpacks to {found.size} bytes now, and to {stream.size} before")
    return found


class _Text:
    """What UTF-8 text stands for, each character one byte; to be read forward."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._pieces = latin1(source)
        self._at = 0
        self._held = b""
        self.size = size

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        if offset < self._at:
            self._pieces, self._at, self._held = latin1(self._source), 0, b""
        count = min(count, self.size - offset)
        while self._at + len(self._held) < offset + count:
            skipped = min(len(self._held), offset - self._at)
            more = next(self._pieces, b"")
            if not more:
                raise UnreadableError("the text ends early")
            self._at += skipped
            self._held = self._held[skipped:] + more
        return self._held[offset - self._at : offset - self._at + count]
