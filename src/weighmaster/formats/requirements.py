"""Requirements files of pip: which packages are wanted, in which versions, from where.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.extend.wanting import bounded
from weighmaster.knowledge.repository import path_of
from weighmaster.model.where import Span, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.dependencies.pip import requirements
from weighmaster.reading.dependencies.recognised import check_size, decoded, is_certain
from weighmaster.reading.dependencies.wanted import Stand


def _matches(glance: Glance) -> bool:
    return is_certain(glance.source)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if where.steps and isinstance(where.steps[-1], Span):
        return  # A part of something else: nobody installs from that.
    if path_of(where).endswith(".pth"):
        return  # Folders that Python looks in.
    check_size(cursor.size)
    yield from bounded(requirements(decoded(cursor.take(cursor.size)), Stand(where=where, by="pip")))


FORMAT: Final = Format(id="requirements", title="Requirements of pip", matches=_matches, read=_read, layer=True)
