"""The text of a well-known licence, as `LICENSE` files hold it.

Which licence it is, its first words tell: see `weighmaster.knowledge.licences`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.licences import text_is
from weighmaster.model.fact import Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_LONGEST: Final = 256 << 10
_HEAD: Final = 4096
_CODE: Final = (b"#!", b"/*", b"//", b'"""', b"import ", b"from ", b"---", b"{", b"[", b"<")
"""What begins so is something else, which may have the text of a licence at its top."""


def _matches(glance: Glance) -> bool:
    if glance.size > _LONGEST or b"\0" in glance.head or glance.head.lstrip().startswith(_CODE):
        return False
    named = b"icense" in glance.head or b"ICENSE" in glance.head
    return named and not _is_source(glance.head) and text_is(glance.head) is not None


def _is_source(head: bytes) -> bool:
    """Whether most lines are comments: the beginning of a program."""
    lines = [line.lstrip() for line in head.splitlines() if line.strip()][:20]
    return sum(line.startswith((b"#", b"*", b"--", b";", b"%")) for line in lines) * 2 > len(lines)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    found = text_is(cursor.source.read_at(0, _HEAD))
    if found is not None:
        yield Statement(where=where, key="licence", value=found, by="licence-text")


FORMAT: Final = Format(
    id="licence-text", title="Text of a well-known licence", matches=_matches, read=_read, layer=True
)
