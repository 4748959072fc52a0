"""No bytes at all: nothing that a loader could do anything with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor


def _matches(glance: Glance) -> bool:
    return glance.size == 0


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    del cursor, where
    yield from ()


FORMAT: Final = Format(id="empty", title="Empty file", matches=_matches, read=_read)
