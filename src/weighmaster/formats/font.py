"""Fonts: TrueType, OpenType, collections of them, WOFF and WOFF 2. Followed far enough to know which bytes are theirs.

Specifications: <https://learn.microsoft.com/typography/opentype/spec/otff>, <https://www.w3.org/TR/WOFF/>,
<https://www.w3.org/TR/WOFF2/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Stray
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_SINGLE: Final = (b"\0\1\0\0", b"OTTO", b"true", b"typ1")
_PACKED: Final = (b"wOFF", b"wOF2")
_COLLECTION: Final = b"ttcf"
_TABLES: Final = 256
_FONTS: Final = 256
_PADDING: Final = 4
"""Tables begin at multiples of four."""

_Span = tuple[int, int]


def _matches(glance: Glance) -> bool:
    head = glance.head
    if head.startswith(_PACKED):
        return len(head) >= 44 and 0 < int.from_bytes(head[8:12], "big") <= glance.size + _PADDING
    if head.startswith(_COLLECTION):
        return head[4:6] in {b"\0\1", b"\0\2"} and 0 < int.from_bytes(head[8:12], "big") <= _FONTS
    return head.startswith(_SINGLE) and 0 < int.from_bytes(head[4:6], "big") <= _TABLES and _named(head[12:16])


def _named(tag: bytes) -> bool:
    return len(tag) == 4 and all(0x20 <= byte < 0x7F for byte in tag)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.peek(min(cursor.size, 12))
    if head.startswith(_PACKED):
        # Both say at the same place how long they are.
        yield from _apart(cursor, where, [(0, int.from_bytes(head[8:12], "big"))])
    elif head.startswith(_COLLECTION):
        yield from _apart(cursor, where, _of_collection(cursor))
    else:
        yield from _apart(cursor, where, list(_tables(cursor, 0)))


def _of_collection(cursor: Cursor) -> list[_Span]:
    cursor.skip(4)
    version, count = cursor.take(4), int.from_bytes(cursor.take(4), "big")
    if count > _FONTS:
        raise UnreadableError(f"font: a collection of {count}", offset=8)
    offsets = [int.from_bytes(cursor.take(4), "big") for _ in range(count)]
    spans = [(0, 12 + 4 * count + (12 if version[:2] == b"\0\2" else 0))]
    if version[:2] == b"\0\2":
        _, length, offset = (int.from_bytes(cursor.take(4), "big") for _ in range(3))
        spans.append((offset, offset + length))
    for offset in offsets:
        spans += _tables(cursor, offset)
    return spans


def _tables(cursor: Cursor, start: int) -> Iterator[_Span]:
    """Yield the directory of a font and each of its tables."""
    count = int.from_bytes(cursor.source.read_at(start + 4, 2), "big")
    if not 0 < count <= _TABLES:
        raise UnreadableError(f"font: {count} tables", offset=start)
    yield start, start + 12 + 16 * count
    for at in range(start + 12, start + 12 + 16 * count, 16):
        record = cursor.source.read_at(at, 16)
        if len(record) < 16 or not _named(record[:4]):
            raise UnreadableError("font: a table without a name", offset=at)
        offset, length = int.from_bytes(record[8:12], "big"), int.from_bytes(record[12:16], "big")
        if offset + length > cursor.size:
            raise UnreadableError("font: a table behind the end of the file", offset=at)
        yield offset, offset + length


def _apart(cursor: Cursor, where: Where, spans: list[_Span]) -> Iterator[Read]:
    """Yield what no part of the font covers, but for the zeros that align its parts."""
    end = 0
    for start, stop in [*sorted(spans), (cursor.size, cursor.size)]:
        if start > end and (start - end >= _PADDING or any(cursor.source.read_at(end, start - end))):
            yield from _stray(cursor, where, end, start)
        end = max(end, stop)


def _stray(cursor: Cursor, where: Where, start: int, end: int) -> Iterator[Read]:
    position = "after" if end == cursor.size else "between"
    yield Stray(where=where.span(start, end), size=end - start, position=position)
    window = 1 << 16
    if any(any(cursor.source.read_at(at, min(window, end - at))) for at in range(start, end, window)):
        yield part(cursor, where, start, end)


FORMAT: Final = Format(id="font", title="Font", matches=_matches, read=_read)
