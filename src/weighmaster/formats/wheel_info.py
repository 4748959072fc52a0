"""`WHEEL`: how a wheel was built, and for which interpreters and machines.

Specification: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import Build
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.headers import headers
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 1 << 20
_MOST: Final = 1_000
_TELLS: Final = pattern(rb"(?:\A|\n)wheel-version:[^\n]*", 2)


def _matches(glance: Glance) -> bool:
    return b"heel-" in glance.head and _TELLS.search(glance.head) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.size > _LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes, {_LONGEST} allowed")
    said, _ = headers(cursor.take(cursor.size))
    pure = said.get("root-is-purelib", [""])[0].lower() == "true"
    tags = tuple(tag[:200] for tag in said.get("tag", ())[:_MOST])
    yield Build(where=where, tags=tags, pure=pure, generator=said.get("generator", [""])[0][:200])


FORMAT: Final = Format(id="wheel-info", title="How a wheel was built", matches=_matches, read=_read, layer=True)
