"""Pages of an SQLite database: its header, its b-trees and their cells, overflow chains, free pages, records.

Each page is read as what its own first byte says, and each b-tree page once, so pointers that go round in circles end.
Specification: <https://www.sqlite.org/fileformat2.html>.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from weighmaster.model.errors import EncryptedError, OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import Source

MAGIC: Final = b"SQLite format 3\0"
UNREACHED, TREE, OVERFLOW, FREE = range(4)
"""What a page is for."""
_HEADER: Final = 100
_PAGES: Final = 1 << 28
_LEAST_USABLE: Final = 480
_FRACTIONS: Final = b"\x40\x20\x20"
_ENCODINGS: Final = {0: "utf-8", 1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_INDEX_INNER, _TABLE_INNER, _INDEX_LEAF, _TABLE_LEAF = 2, 5, 10, 13
_LONGEST_HEADER: Final = 1 << 20
"""Column types of one record: 32,767 of them, nine bytes each, at the very most."""
_WRONG: Final = 20
_CLOCK: Final = 256
_FIXED: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
TEXT_OR_BLOB: Final = 12
"""The first serial type of a value with a length of its own: even ones are BLOBs, odd ones texts."""


class Cell(NamedTuple):
    """One record: its rowid (none in an index), its size, and where its bytes lie, those in the page given."""

    rowid: int | None
    size: int
    local: bytes
    extents: list[tuple[int, int]]


class Pieces:
    """Bytes of a source that lie in several places, as one source."""

    __slots__ = ("_ends", "_extents", "_source", "size")

    def __init__(self, source: Source, extents: Sequence[tuple[int, int]]) -> None:
        self._source = source
        self._extents = extents
        self._ends = list(accumulate(end - start for start, end in extents))
        self.size = self._ends[-1] if self._ends else 0

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        pieces = [self._source.read_at(start, end - start) for start, end in self.within(offset, offset + count)]
        return b"".join(pieces)

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return where the bytes `start` to `end` lie."""
        found, end = [], min(end, self.size)
        index = bisect_right(self._ends, start)
        while start < end:
            first, _ = self._extents[index]
            before = self._ends[index - 1] if index else 0
            stop = min(end, self._ends[index])
            found.append((first + start - before, first + stop - before))
            start, index = stop, index + 1
        return found


class Database:
    """A database whose header holds. `wrong` is what was found broken on the way, so that the rest is read."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self.source = source
        self.budget = budget
        self.wrong: list[UnreadableError] = []
        header = source.read_at(0, _HEADER)
        if len(header) < _HEADER or not header.startswith(MAGIC):
            raise UnreadableError(f"sqlite: {len(header)} bytes are no header", offset=0)
        self.page_size = int.from_bytes(header[16:18], "big")
        if self.page_size == 1:
            self.page_size = 1 << 16
        self.usable = self.page_size - header[20]
        self._check(header)
        self.encoding = _ENCODINGS.get(int.from_bytes(header[56:60], "big"), "")
        if not self.encoding:
            raise UnreadableError("sqlite: an encoding of texts that there is not", offset=56)
        self.pages = self.said = self._count(header)
        self._freelist = int.from_bytes(header[32:36], "big")
        if self.said * self.page_size > source.size:
            what = f"{self.said} pages of {self.page_size} bytes wanted, and the file has {source.size} bytes"
            self.note(UnreadableError(f"sqlite: {what}"))
            self.pages = min(self.said, -(-source.size // self.page_size))
        budget.hold(self.pages)
        self.kinds = bytearray(self.pages + 1)
        self._hops = 2 * self.pages + 2

    def _check(self, header: bytes) -> None:
        size = self.page_size
        if size < 512 or size & (size - 1) or self.usable < _LEAST_USABLE:
            raise self._broken(f"pages of {size} bytes", 16)
        if header[21:24] != _FRACTIONS:
            raise self._broken("fractions of payload that there are not", 21)
        if header[19] > 2:
            raise UnreadableError(f"sqlite: version {header[19]} of the format, which is not known", offset=19)
        if self.source.size > _HEADER and self.source.read_at(_HEADER, 1)[0] not in {_TABLE_INNER, _TABLE_LEAF}:
            raise self._broken("the first page is no table", _HEADER)

    def _broken(self, what: str, offset: int) -> EncryptedError | UnreadableError:
        """Return the error for a header that does not hold: extensions that encrypt pages may leave its first bytes."""
        from weighmaster.reading.chance import by_chance

        if by_chance(self.source.read_at(_HEADER, 1 << 16)):
            return EncryptedError("sqlite: the pages are as random as encrypted ones")
        return UnreadableError(f"sqlite: {what}", offset=offset)

    def _count(self, header: bytes) -> int:
        """Return how many pages there are: the count is good for the change that it was written with."""
        said = int.from_bytes(header[28:32], "big")
        if said and header[24:28] == header[92:96]:
            return min(said, _PAGES)
        return min(-(-self.source.size // self.page_size), _PAGES)

    @property
    def end(self) -> int:
        """Where the last page ends."""
        return self.pages * self.page_size

    def note(self, error: UnreadableError) -> None:
        """Remember what is wrong.

        Raises:
            UnreadableError: too much is.
        """
        if len(self.wrong) >= _WRONG:
            raise UnreadableError("sqlite: more is wrong than is listed")
        self.wrong.append(error)

    def free(self) -> None:
        """Follow the list of free pages."""
        trunk = self._freelist
        while trunk:
            self.budget.check_time()
            if not self._take(trunk, FREE, "the list of free pages"):
                return
            start = (trunk - 1) * self.page_size
            data = self.source.read_at(start, self.usable)
            count = int.from_bytes(data[4:8], "big")
            if len(data) < self.usable or count > self.usable // 4 - 2:
                self.note(UnreadableError(f"sqlite: page {trunk} lists no free pages", offset=start))
                return
            for leaf in struct.unpack_from(f">{count}I", data, 8):
                if not self._take(leaf, FREE, "the list of free pages"):
                    return
            trunk = int.from_bytes(data[:4], "big")

    def _take(self, number: int, kind: int, by: str) -> bool:
        """Note what a page is for, or that it cannot be had or is something already."""
        if not 1 <= number <= self.pages:
            self.note(UnreadableError(f"sqlite: {by} leads to page {number} of {self.pages}"))
            return False
        if self.kinds[number] != UNREACHED:
            self.note(UnreadableError(f"sqlite: {by} leads to page {number}, which is reached twice"))
            return False
        self.kinds[number] = kind
        return True

    def tree(self, root: int, name: str, dull: Callable[[bytes], Callable[[bytes], bool] | None]) -> Iterator[Cell]:
        """Yield the records of a b-tree; `dull` says of a page how to tell those that need not be looked at.

        A root that was read for another name already gives nothing.
        """
        by = f"the tree of {name[:80]!r}"
        if 1 <= root <= self.pages and self.kinds[root] == TREE:
            return
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if self._take(number, TREE, by):
                self.budget.check_time()
                try:
                    yield from self._page(number, waiting, dull)
                except UnreadableError as error:
                    self.note(error)

    def _page(
        self, number: int, waiting: list[int], dull: Callable[[bytes], Callable[[bytes], bool] | None]
    ) -> Iterator[Cell]:
        base = (number - 1) * self.page_size
        page = self.source.read_at(base, self.usable)
        at = _HEADER if number == 1 else 0
        kind, count = page[at] if len(page) == self.usable else 0, int.from_bytes(page[at + 3 : at + 5], "big")
        if kind not in {_INDEX_INNER, _TABLE_INNER, _INDEX_LEAF, _TABLE_LEAF} or 12 + at + 2 * count > self.usable:
            raise UnreadableError(f"sqlite: page {number} is of no kind that a tree has", offset=base + at)
        inner = kind in {_INDEX_INNER, _TABLE_INNER}
        pointers = struct.unpack_from(f">{count}H", page, at + (12 if inner else 8))
        if inner:
            waiting.append(int.from_bytes(page[at + 8 : at + 12], "big"))
            waiting.extend(int.from_bytes(page[pointer : pointer + 4], "big") for pointer in pointers)
        if kind != _TABLE_INNER:
            yield from self._cells(page, base, pointers, kind, dull(page))

    def _cells(
        self, page: bytes, base: int, pointers: Sequence[int], kind: int, is_dull: Callable[[bytes], bool] | None
    ) -> Iterator[Cell]:
        most = self.usable - 35 if kind == _TABLE_LEAF else (self.usable - 12) * 64 // 255 - 23
        before = 4 if kind == _INDEX_INNER else 0  # The page of what is smaller stands before the record.
        room = self.usable  # Cells do not overlap.
        for pointer in pointers:
            rowid, size, at = _begun(page, pointer + before, table=kind == _TABLE_LEAF)
            held = size if size <= most else self._local(size, most)
            local = page[at : at + held]
            room -= held
            if not 0 <= size <= self.end or len(local) != held or room < 0:
                number = base // self.page_size + 1
                self.note(UnreadableError(f"sqlite: page {number} has a cell that is none", offset=base + pointer))
            elif size > held:
                first = int.from_bytes(page[at + held : at + held + 4], "big")
                yield Cell(rowid, size, local, [(base + at, base + at + held), *self._chain(first, size - held)])
            elif is_dull is None or not is_dull(local):
                yield Cell(rowid, size, local, [(base + at, base + at + size)])

    def _local(self, size: int, most: int) -> int:
        """Return how much of a record that is too large for a page stays there."""
        least = (self.usable - 12) * 32 // 255 - 23
        held = least + (size - least) % (self.usable - 4)
        return held if held <= most else least

    def _chain(self, number: int, left: int) -> Iterator[tuple[int, int]]:
        """Yield where the pages of an overflow chain lie."""
        count, twice = 0, False
        while left > 0:
            if not 1 <= number <= self.pages:
                self.note(UnreadableError(f"sqlite: an overflow chain leads to page {number} of {self.pages}"))
                return
            if self.kinds[number] == UNREACHED:
                self.kinds[number] = OVERFLOW
            elif not twice:
                twice = True
                self.note(UnreadableError(f"sqlite: an overflow chain leads to page {number}, which is reached twice"))
            self._hops -= 1
            if self._hops < 0:
                raise OverBudgetError("sqlite: overflow chains go over the same pages again and again")
            count += 1
            if count % _CLOCK == 0:
                self.budget.check_time()
            start = (number - 1) * self.page_size
            taken = min(left, self.usable - 4)
            yield start + 4, max(start + 4, min(start + 4 + taken, self.source.size))
            left -= taken
            number = int.from_bytes(self.source.read_at(start, 4), "big")


def _begun(page: bytes, at: int, *, table: bool) -> tuple[int | None, int, int]:
    """Return rowid, size and beginning of the record of a cell; the size is -1 where the page ends first."""
    try:
        size, rowid = page[at], None
        at += 1
        if size > 0x7F:
            size, at = varint(page, at - 1)
        if table:
            rowid, at = varint(page, at)
    except IndexError:
        return None, -1, at
    return rowid, size, at


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends.

    Raises:
        IndexError: the data ends first.
    """
    value = 0
    for count in range(8):
        byte = data[at + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    value = value << 8 | data[at + 8]
    return (value - (1 << 64) if value >> 63 else value), at + 9


def values(cell: Cell, record: Source) -> Iterator[tuple[int, int, int, int]]:
    """Yield column, serial type, start and end of each value of a record.

    Raises:
        UnreadableError: the record is none.
    """
    start = cell.extents[0][0]
    try:
        length, at = varint(cell.local, 0)
        if not at <= length <= min(cell.size, _LONGEST_HEADER):
            raise UnreadableError("sqlite: a record without a header", offset=start)
        header = cell.local[:length] if length <= len(cell.local) else record.read_at(0, length)
        end, column = length, 0
        while at < length:
            kind = header[at]
            at += 1
            if kind > 0x7F:
                kind, at = varint(header, at - 1)
            begin = end
            if kind >= TEXT_OR_BLOB:
                end += (kind - TEXT_OR_BLOB) // 2
            elif 0 <= kind < len(_FIXED):
                end += _FIXED[kind]
            else:
                raise UnreadableError(f"sqlite: a value of the type {kind}", offset=start)
            if end > cell.size:
                raise UnreadableError("sqlite: a value ends behind its record", offset=start)
            yield column, kind, begin, end
            column += 1
    except IndexError:
        raise UnreadableError("sqlite: a record ends in its header", offset=start) from None
