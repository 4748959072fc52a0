"""FlatBuffers: tables that point at their fields, with the schema in the head of the reader.

Specification: <https://flatbuffers.dev/internals/>. Offsets out of the file are checked before they are followed, a
buffer of gigabytes is read where it is needed and nowhere else, and the tables that are looked at are counted: a file
of a few bytes that points at itself costs no more than one of its honest size.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import PartSource, Source

_WINDOW: Final = 64 << 10
_BLOCK: Final = 1 << 20
_TABLES: Final = 2_000_000
_CLOCK: Final = 4096
_TEXT: Final = 4096
_WIDTHS: Final = {"b": 1, "B": 1, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8}


def identifier(head: bytes) -> bytes:
    """Return the four bytes that say which schema a buffer follows."""
    return head[4:8]


def filled(source: Source, budget: Budget, start: int, end: int) -> int:
    """Return the place of the first byte from `start` on that is not zero: `end`, where all are."""
    for at in range(start, end, _BLOCK):
        budget.check_time()
        block = source.read_at(at, min(_BLOCK, end - at))
        if left := len(block.lstrip(b"\0")):
            return at + len(block) - left
    return end


class Buffer:
    """Bytes that hold tables. `reach` is the end of what was looked at."""

    def __init__(self, source: Source, budget: Budget, start: int = 0) -> None:
        self.source = source
        self.budget = budget
        self.start = start
        self.size = source.size - start
        self.reach = 0
        self._tables = 0
        self._base = 0
        self._held = b""

    def root(self) -> Table:
        """Return the table that the buffer is."""
        return Table(self, self.offset(0))

    def bytes(self, at: int, count: int) -> bytes:
        """Return `count` bytes.

        Raises:
            UnreadableError: there are not so many.
        """
        if at < 0 or count < 0 or at + count > self.size:
            raise UnreadableError(f"flatbuffer: {count} bytes wanted of {self.size}", offset=self.start + max(at, 0))
        self.reach = max(self.reach, at + count)
        if self._base <= at and at + count <= self._base + len(self._held):
            return self._held[at - self._base : at - self._base + count]
        self.budget.hold(count)
        if count <= _WINDOW:
            self._base = max(0, at - 512)
            self._held = self.source.read_at(self.start + self._base, _WINDOW)
            found = self._held[at - self._base : at - self._base + count]
        else:
            found = self.source.read_at(self.start + at, count)
        if len(found) != count:
            raise UnreadableError("flatbuffer: ends early", offset=self.start + at)
        return found

    def number(self, at: int, kind: str) -> int:
        """Return the number that `struct` calls `kind`."""
        return int(struct.unpack(f"<{kind}", self.bytes(at, _WIDTHS[kind]))[0])

    def offset(self, at: int) -> int:
        """Return the place that the offset at `at` points to: always ahead."""
        distance = self.number(at, "I")
        if not 4 <= distance <= self.size - at - 4:
            raise UnreadableError(f"flatbuffer: an offset of {distance} leads nowhere", offset=self.start + at)
        return at + distance

    def count(self) -> None:
        """Count a table."""
        self._tables += 1
        if self._tables > _TABLES:
            raise OverBudgetError(f"flatbuffer: more than {_TABLES} tables")
        if self._tables % _CLOCK == 0:
            self.budget.check_time()

    def covers(self, start: int, end: int) -> None:
        """Note that bytes are accounted for without being read."""
        if not 0 <= start <= end <= self.size:
            raise UnreadableError(f"flatbuffer: bytes {start} to {end} of {self.size}", offset=self.start)
        self.reach = max(self.reach, end)

    def part(self, start: int, end: int) -> Source:
        """Return some bytes as a source of their own."""
        return PartSource(self.source, self.start + start, self.start + end)


class Table:
    """The fields of one table, by the number that the schema gives them."""

    __slots__ = ("_fields", "_size", "at", "buffer")

    def __init__(self, buffer: Buffer, at: int) -> None:
        buffer.count()
        self.buffer = buffer
        self.at = at
        place = at - buffer.number(at, "i")
        length = buffer.number(place, "H")
        self._size = buffer.number(place + 2, "H")
        if length < 4 or length % 2 or self._size < 4:
            raise UnreadableError("flatbuffer: a table whose layout is broken", offset=buffer.start + at)
        buffer.covers(at, at + self._size)
        raw = buffer.bytes(place + 4, length - 4)
        self._fields = struct.unpack(f"<{len(raw) // 2}H", raw)

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """Return a number."""
        at = self._place(field, _WIDTHS[kind])
        return default if at is None else self.buffer.number(at, kind)

    def table(self, field: int) -> Table | None:
        """Return the table that a field points to."""
        at = self._place(field, 4)
        return None if at is None else Table(self.buffer, self.buffer.offset(at))

    def text(self, field: int) -> str:
        """Return text, what is no UTF-8 escaped; at most some thousands of characters of it."""
        start, count = self.span(field)
        self.buffer.covers(start, start + count)
        return self.buffer.bytes(start, min(count, _TEXT)).decode("utf-8", "backslashreplace") if count else ""

    def raw(self, field: int, most: int) -> bytes:
        """Return the first bytes of a vector of bytes."""
        start, count = self.span(field)
        return self.buffer.bytes(start, min(count, most)) if count else b""

    def span(self, field: int, width: int = 1) -> tuple[int, int]:
        """Return where the elements of a vector begin, and how many there are."""
        at = self._place(field, 4)
        if at is None:
            return 0, 0
        place = self.buffer.offset(at)
        count = self.buffer.number(place, "I")
        self.buffer.covers(place + 4, place + 4 + count * width)
        return place + 4, count

    def numbers(self, field: int, kind: str, most: int = 1 << 16) -> tuple[int, ...]:
        """Return the first elements of a vector of numbers."""
        start, count = self.span(field, _WIDTHS[kind])
        count = min(count, most)
        raw = self.buffer.bytes(start, count * _WIDTHS[kind]) if count else b""
        return struct.unpack(f"<{count}{kind}", raw)

    def tables(self, field: int) -> Iterator[Table]:
        """Yield the tables of a vector."""
        start, count = self.span(field, 4)
        for at in range(start, start + 4 * count, 4):
            yield Table(self.buffer, self.buffer.offset(at))

    def _place(self, field: int, width: int) -> int | None:
        offset = self._fields[field] if field < len(self._fields) else 0
        if not offset:
            return None
        if offset < 4 or offset + width > self._size:
            raise UnreadableError("flatbuffer: a field outside its table", offset=self.buffer.start + self.at)
        return self.at + offset
