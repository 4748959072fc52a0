"""Bytes that can be read at any place: of a file, of memory, of a part of another source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from weighmaster.model.errors import UnreadableError


class Source(Protocol):
    """Bytes, their number, and a way to read some of them."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer where the end comes first, none beyond it."""


def expect(source: Source, spans: Sequence[tuple[int, int]]) -> None:
    """Say which spans (from, to) will be read soon: a source that lies afar fetches them all at once."""
    tell = getattr(source, "expect", None)
    if tell is not None:
        tell(spans)


def is_far(source: Source) -> bool:
    """Say whether each byte of a source has to be fetched from elsewhere, so that none is read without need."""
    return getattr(source, "far", False) is True


class BytesSource:
    """Bytes in memory."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        return self._data[offset : offset + count]


class FileSource:
    """An open file, read without moving its position. Whoever opened it closes it."""

    __slots__ = ("_descriptor", "size")

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.size = size

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        count = min(count, self.size - offset)
        if count <= 0:
            return b""
        data = os.pread(self._descriptor, count, offset)
        while len(data) < count:
            more = os.pread(self._descriptor, count - len(data), offset + len(data))
            if not more:
                raise UnreadableError("the file became shorter while it was read", offset=offset + len(data))
            data += more
        return data


class PartSource:
    """Bytes `start` to `end` of another source, without copying them."""

    __slots__ = ("_source", "_start", "far", "size")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self._source = source
        self._start = start
        self.size = max(0, min(end, source.size) - start)
        self.far = is_far(source)

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        count = min(count, self.size - offset)
        return self._source.read_at(self._start + offset, count) if count > 0 else b""

    def expect(self, spans: Sequence[tuple[int, int]]) -> None:
        """See the function of that name."""
        if self.far:
            expect(self._source, [(self._start + start, self._start + min(end, self.size)) for start, end in spans])
