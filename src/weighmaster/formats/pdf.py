"""PDF, for what acts when it is opened, and for where it ends.

Names are looked for in the open parts of the file; what a compressed object stream hides is not seen.

Specification: ISO 32000-2 (<https://pdfa.org/resource/iso-32000-2/>), clauses 7.3.5 (names), 7.5.5 (the end), 12.6.4
(actions).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Operation, Stray
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_MAGIC: Final = b"%PDF-"
_END: Final = b"%%EOF"
_TAIL: Final = 64 << 10
_WINDOW: Final = 1 << 20
_OVERLAP: Final = 128
_MOST: Final = 512 << 20
_NAME: Final = pattern(rb"/((?:[A-Za-z]|#[0-9A-Fa-f]{2}){2,40})")
_HEX: Final = pattern(rb"#([0-9A-Fa-f]{2})")
_ACTIONS: Final = frozenset({b"JavaScript", b"JS", b"Launch", b"ImportData", b"RichMedia", b"Rendition", b"GoToE"})


def _matches(glance: Glance) -> bool:
    return glance.head.startswith(_MAGIC)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    found: set[bytes] = set()
    for start in range(0, min(cursor.size, _MOST), _WINDOW):
        cursor.budget.check_time()
        for name in _NAME.finditer(cursor.source.read_at(start, _WINDOW + _OVERLAP)):
            plain = _HEX.sub(lambda hit: bytes((int(hit[1], 16),)), name[1]) if b"#" in name[1] else name[1]
            if plain in _ACTIONS and plain not in found:
                found.add(plain)
                yield Operation(where=where, dialect="pdf", name=plain.decode())
    tail_at = max(0, cursor.size - _TAIL)
    tail = cursor.source.read_at(tail_at, _TAIL)
    end = tail.rfind(_END)
    if end < 0:
        raise UnreadableError("pdf: does not end as it should")
    end += tail_at + len(_END)
    if cursor.source.read_at(end, cursor.size - end).strip(b"\0 \t\r\n"):
        yield Stray(where=where.span(end, cursor.size), size=cursor.size - end, position="after")
        yield part(cursor, where, end, cursor.size)


FORMAT: Final = Format(id="pdf", title="PDF document", matches=_matches, read=_read)
