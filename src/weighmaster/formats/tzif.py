"""Time zones, as `tzdata` and `dateutil` carry them: TZif. Followed to its end, so that nothing stands behind it.

Specification: <https://www.rfc-editor.org/rfc/rfc9636>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Stray
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_MAGIC: Final = b"TZif"
_VERSIONS: Final = frozenset(b"\x00234")
_RESERVED: Final = 15
_FOOTER: Final = 512


def _matches(glance: Glance) -> bool:
    head = glance.head
    return head.startswith(_MAGIC) and len(head) >= 44 and head[4] in _VERSIONS and not any(head[5:20])


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    version = _block(cursor, 4)
    if version:
        # Section 3.2: from version 2 on, the same once more with times of eight bytes, then a line.
        _block(cursor, 8)
        _footer(cursor)
    if cursor.left:
        yield Stray(where=where.span(cursor.offset, cursor.size), size=cursor.left, position="after")
        yield part(cursor, where, cursor.offset, cursor.size)


def _block(cursor: Cursor, width: int) -> int:
    """Move past a header and its data; return the version."""
    if cursor.take(4) != _MAGIC:
        raise UnreadableError("tzif: a header wanted", offset=cursor.offset - 4)
    version = cursor.u8()
    cursor.skip(_RESERVED)
    universal, standard, leaps, times, types, characters = (int.from_bytes(cursor.take(4), "big") for _ in range(6))
    cursor.skip(times * (width + 1) + types * 6 + characters + leaps * (width + 4) + standard + universal)
    return version


def _footer(cursor: Cursor) -> None:
    line = cursor.peek(min(cursor.left, _FOOTER))
    end = line.find(b"\n", 1)
    if not line.startswith(b"\n") or end < 0 or not line[1:end].isascii():
        raise UnreadableError("tzif: a line with a rule wanted", offset=cursor.offset)
    cursor.skip(end + 1)


FORMAT: Final = Format(id="tzif", title="Time zone", matches=_matches, read=_read)
