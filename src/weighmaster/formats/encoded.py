"""A file that is nothing but Base64 or hexadecimal of something that a loader could take.

Base64: RFC 4648. A text that decodes to nothing in particular is only a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.payload import decoded, is_artifact
from weighmaster.reading.source import BytesSource

_LONGEST: Final = 64 << 20
_SAMPLE: Final = 64


def _matches(glance: Glance) -> bool:
    head = glance.head[:_SAMPLE].strip()
    if not head.isascii() or glance.size > _LONGEST or decoded(head[: len(head) // 4 * 4]) is None:
        return False
    return _content(glance.source.read_at(0, glance.size)) is not None


def _content(text: bytes) -> tuple[str, bytes] | None:
    found = decoded(text.strip())
    return found if found is not None and is_artifact(found[1], plausible) else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    cursor.budget.hold(cursor.size)
    found = _content(cursor.source.read_at(0, cursor.size))
    if found is not None:
        form, inside = found
        yield Inner(where / Member(name=form), lambda: BytesSource(inside))


FORMAT: Final = Format(id="encoded", title="Base64 or hexadecimal of another format", matches=_matches, read=_read)
