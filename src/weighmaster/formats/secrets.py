"""Text in which somebody left a key or a password: a token in a notebook, a private key beside the weights.

What keys look like stands in `weighmaster.knowledge.secrets`. The secret itself goes nowhere: not into the report, not
over the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.secrets import found_in
from weighmaster.model.fact import Secret
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.digest import sha256_of
from weighmaster.reading.opening import words
from weighmaster.reading.source import Source

_LONGEST: Final = 1 << 20
_MOST: Final = 20
_DIGITS: Final = 8


def _matches(glance: Glance) -> bool:
    return (
        glance.size <= _LONGEST
        and b"\0" not in glance.head
        and next(found_in(_text(glance.source), 1, words(glance.source)), None) is not None
    )


def _text(source: Source) -> bytes:
    return source.read_at(0, min(source.size, _LONGEST))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    text = _text(cursor.source)
    for hit in found_in(text, _MOST):
        cursor.budget.check_time()
        digest = "" if hit.kind.guessable else sha256_of(hit.secret)[:_DIGITS]
        line = text.count(b"\n", 0, hit.at) + 1
        yield Secret(where=where.span(hit.at, hit.at + len(hit.secret)), kind=hit.kind.title, line=line, digest=digest)


FORMAT: Final = Format(
    id="secrets", title="Text with a key or a password in it", matches=_matches, read=_read, layer=True
)
