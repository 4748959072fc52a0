"""The compressed files of joblib before 0.10: `ZF`, the length in hexadecimal, a zlib stream.

The layout is that of `read_zfile` in <https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle_compat.py>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.extend.wrapper import content, content_name
from weighmaster.model.fact import Disagreement, Stray
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.signatures import is_zlib
from weighmaster.reading.source import PartSource

_LENGTH: Final = 19
_START: Final = 2 + _LENGTH


def _matches(glance: Glance) -> bool:
    return _header(glance.head) is not None


def _header(head: bytes) -> tuple[int, int] | None:
    """Return the length that the header gives, and where the stream begins."""
    if head[:2] != b"ZF" or len(head) <= _START:
        return None
    try:
        length = int(head[2:_START], 16)
    except ValueError:
        return None
    # Python 2 wrote a blank more.
    start = _START + (head[_START : _START + 1] == b" ")
    return (length, start) if is_zlib(head[start : start + 2]) else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    header = _header(cursor.peek(_START + 3))
    if header is None:
        return
    length, start = header
    inside = where / Member(name=content_name(where, (".z", ".gz")))
    packed = PartSource(cursor.source, start, cursor.size)
    used, came = yield from content(cursor, packed, "zlib", inside)
    if came != length:
        detail = f"the header says {length} bytes, {came} come out"
        yield Disagreement(where=inside, kind="content-length", detail=detail)
    end = start + used
    if end < cursor.size:
        yield Stray(where=where.span(end, cursor.size), size=cursor.size - end, position="after")
        yield part(cursor, where, end, cursor.size)


FORMAT: Final = Format(id="zfile", title="compressed file of an old joblib", matches=_matches, read=_read)
