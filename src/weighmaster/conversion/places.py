"""Where bytes lie, so that another process finds them again: parts of the file, and what parts of it unpack to."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Final

from weighmaster.conversion.plan import LITERALS, TEXT, Stream
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import BytesSource, PartSource, Source

_CHUNK: Final = 1 << 20
_LITERALS: Final = 32 << 20
"""Bytes of short strings that a plan may hold, in all."""
_STREAMS: Final = 100_000


class Streams:
    """All streams that a plan names; the first is the file."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self.budget = budget
        self.listed = [Stream(parent=0, start=0, end=source.size, codec="", size=source.size)]
        self.literals = bytearray()
        self._storages: dict[tuple[int, int], int] = {}
        self._literals = -1
        self.file = Place(self, source, 0, 0)

    def add(self, stream: Stream) -> int:
        """Add a stream and return its number."""
        if len(self.listed) >= _STREAMS:
            raise OverBudgetError(f"more than {_STREAMS} compressed parts")
        self.listed.append(stream)
        return len(self.listed) - 1

    def literal(self, data: bytes) -> Place:
        """Return the place of a short string, which the plan then holds."""
        if self._literals < 0:
            self._literals = self.add(Stream(parent=0, start=0, end=0, codec=LITERALS, size=0))
        start = len(self.literals)
        self.literals += data
        if len(self.literals) > _LITERALS:
            raise OverBudgetError(f"more than {_LITERALS} bytes of short strings")
        return Place(self, BytesSource(data), self._literals, start)

    def storage(self, place: Place) -> int:
        """Return a number that is the same for the same place."""
        return self._storages.setdefault((place.stream, place.start), len(self._storages))

    def done(self) -> tuple[Stream, ...]:
        """Return the streams as they are now."""
        if self._literals >= 0:
            size = len(self.literals)
            self.listed[self._literals] = Stream(parent=0, start=0, end=0, codec=LITERALS, size=size)
        return tuple(self.listed)


class Place:
    """Bytes of a stream from `start` on: `source` reads them."""

    __slots__ = ("source", "start", "stream", "streams")

    def __init__(self, streams: Streams, source: Source, stream: int, start: int) -> None:
        self.streams = streams
        self.source = source
        self.stream = stream
        self.start = start

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.source.size

    def part(self, start: int, end: int) -> Place:
        """Return bytes `start` to `end` of these.

        Raises:
            UnreadableError: there are fewer.
        """
        if not 0 <= start <= end <= self.size:
            raise UnreadableError(f"bytes {start} to {end} of {self.size}", offset=self.start + self.size)
        return Place(self.streams, PartSource(self.source, start, end), self.stream, self.start + start)

    def unpacked(self, codec: str) -> Place:
        """Return what these unpack to.

        Raises:
            UnreadableError: they are broken, or something follows them.
            OverBudgetError: it would be too much.
        """
        from weighmaster.reading.unpacked import unpacked

        source = unpacked(self.source, codec, self.streams.budget)
        if source.broken:
            raise UnreadableError(f"{codec}: {source.broken}")
        stream = Stream(parent=self.stream, start=self.start, end=self.start + self.size, codec=codec, size=source.size)
        return Place(self.streams, source, self.streams.add(stream), 0)

    def as_text(self) -> Place:
        """Return the bytes that this UTF-8 text stands for, each character one.

        Raises:
            UnreadableError: it stands for no bytes.
        """
        if self.size <= _CHUNK:
            return self.streams.literal(b"".join(latin1(self.source)))
        size = sum(map(len, latin1(self.source)))
        stream = Stream(parent=self.stream, start=self.start, end=self.start + self.size, codec=TEXT, size=size)
        number = self.streams.add(stream)
        # Nothing of it is read before it is written: numbers only.
        return Place(self.streams, _Unread(size), number, 0)


class _Unread:
    def __init__(self, size: int) -> None:
        self.size = size

    def read_at(self, offset: int, count: int) -> bytes:
        raise UnreadableError(f"{count} bytes at {offset} of a text are not looked into")


def latin1(source: Source) -> Iterator[bytes]:
    """Yield the bytes that UTF-8 text stands for, each character one.

    Raises:
        UnreadableError: it is no such text.
    """
    decoder = getincrementaldecoder("utf-8")()
    try:
        for at in range(0, source.size, _CHUNK):
            yield decoder.decode(source.read_at(at, _CHUNK), at + _CHUNK >= source.size).encode("latin-1")
    except UnicodeError as error:
        raise UnreadableError("text that stands for no bytes") from error
