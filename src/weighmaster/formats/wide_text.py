"""Text in UTF-16 or UTF-32, handed on in UTF-8 to whoever reads such text.

Loaders that give bytes to a parser have it guess the encoding: Python's `json.loads` by where the zero bytes stand in
the first four (RFC 4627, section 3), others by a byte order mark. What such a text says counts as if it were in UTF-8.

Specification: <https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-23/#G19635>.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

_LONGEST: Final = 64 << 20
_MARKED: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROS: Final[Mapping[tuple[bool, ...], str]] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
"""Where zero bytes stand in the first two characters of ASCII, or in the first one."""
_RARE: Final = 8
"""Texts that name something to a loader have this share of ASCII at least; other bytes that begin so have not."""
_BEGINS: Final = frozenset("{[ \t\r\n")
"""How a JSON text may begin, which is what needs no byte order mark."""


def _matches(glance: Glance) -> bool:
    encoding = _encoding(glance.head[:4])
    if encoding is None:
        return False
    # The last character may be cut in two.
    head = glance.head[: len(glance.head) & ~3].decode(encoding, "replace").removeprefix("\ufeff")
    if "\0" in head or head.count("\ufffd") > 1:
        return False
    return len(head) < _RARE * sum(character.isascii() for character in head)


def _encoding(head: bytes) -> str | None:
    for mark, encoding in _MARKED:
        if head.startswith(mark):
            return encoding
    guessed = _ZEROS.get(tuple(byte == 0 for byte in head))
    return guessed if guessed is not None and head.decode(guessed)[:1] in _BEGINS else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.size > _LONGEST:
        raise OverBudgetError(f"wide text of {cursor.size} bytes, at most {_LONGEST} are read")
    cursor.budget.hold(2 * cursor.size)
    data = cursor.take(cursor.size)
    encoding = _encoding(data[:4])
    if encoding is None:
        raise UnreadableError("no text in UTF-16 or UTF-32")
    text = data.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace")
    yield Inner(where / Member(name="utf-8"), lambda: BytesSource(text))


FORMAT: Final = Format(id="wide-text", title="Text in UTF-16 or UTF-32", matches=_matches, read=_read, layer=True)
