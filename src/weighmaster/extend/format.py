"""What a file format is to the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from weighmaster.model.fact import Fact
from weighmaster.model.report import Gap
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource, Source, expect, is_far

_HEAD = 4096
_TAIL = 22 + 65535  # A zip's end record and the longest comment that may follow it.


class Glance:
    """The first and last bytes of a source: enough to say what it might be."""

    __slots__ = ("_tail", "head", "size", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.size = source.size
        if self.size > _HEAD and is_far(source):
            # A little more than the head: some formats begin at a fixed place behind it.
            expect(source, [(0, 2 * _HEAD), (self.size - _TAIL, self.size)])
        self.head = source.read_at(0, _HEAD)
        self._tail: bytes | None = None

    @property
    def tail(self) -> bytes:
        """The last 64 KiB, or all where there is less."""
        if self._tail is None:
            start = max(0, self.size - _TAIL)
            self._tail = self.head if start == 0 and self.size <= _HEAD else self.source.read_at(start, _TAIL)
        return self._tail


class Inner:
    """An artifact inside the one being read. The engine, not the reader, decides whether to open it.

    This is not a fact: it holds a way to act, and facts are values that can be stored and sent.
    """

    __slots__ = ("open", "where")

    def __init__(self, where: Where, open: Callable[[], Source]) -> None:
        self.where = where
        self.open = open


Read: TypeAlias = Fact | Inner | Gap


def part(cursor: Cursor, where: Where, start: int, end: int) -> Inner:
    """Return the bytes `start` to `end` of what `cursor` reads, as an artifact of their own."""
    return Inner(where.span(start, end), lambda: PartSource(cursor.source, start, end))


class Format(Value):
    """A name, what it is in a line, a test on a glance at the bytes, and a reader that yields what stands there.

    `read` raises `UnreadableError` where the bytes break the format; what it yielded before counts.
    A `Storage` fact whose place is that of an `Inner` of the same artifact says that those bytes are raw numbers.
    A `layer` looks at something in bytes that another format reads from the first to the last, such as the template in
    a text; where only layers claim bytes, nobody knows them.
    A `fallback` format is asked only about bytes that nobody knows; it looks for what hides in them.
    """

    id: str
    title: str
    matches: Callable[[Glance], bool]
    read: Callable[[Cursor, Where], Iterator[Read]]
    layer: bool = False
    fallback: bool = False
