"""Lines that are requirements where the file is called so, and no more than text otherwise: names alone, for one.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.extend.wanting import bounded
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.dependencies.pip import requirements
from weighmaster.reading.dependencies.recognised import check_size, decoded, is_called_so, is_certain, is_possible
from weighmaster.reading.dependencies.wanted import Stand


def _matches(glance: Glance) -> bool:
    return is_possible(glance.source) and not is_certain(glance.source)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if is_called_so(where):
        check_size(cursor.size)
        yield from bounded(requirements(decoded(cursor.take(cursor.size)), Stand(where=where, by="pip")))


FORMAT: Final = Format(id="name-list", title="Names, one a line", matches=_matches, read=_read, layer=True)
