"""`entry_points.txt`: commands and plugins that a package offers, by groups, as an INI file.

Specification: <https://packaging.python.org/en/latest/specifications/entry-points/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.repository import path_of
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import EntryPoint
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 1 << 20
_MOST: Final = 5_000
_TOLD: Final = 300
_GROUP: Final = pattern(rb"\[[^\[\]=]+\]")
_LINE: Final = pattern(rb"[^\s\[=][^=]*=\s*[^\W\d][\w.]*\s*(?::\s*[^\W\d][\w.]*)?\s*(?:\[.*\]|#.*)?")
_NAMES: Final = (".dist-info/entry_points.txt", ".egg-info/entry_points.txt")


def _matches(glance: Glance) -> bool:
    if glance.size > _LONGEST or b"\0" in glance.head:
        return False
    head = glance.head if glance.size <= len(glance.head) else glance.head.rpartition(b"\n")[0]
    lines = [line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines()]
    lines = [line for line in lines if line and not line.startswith((b"#", b";"))]
    # Readers leave out what comes before a group, and load what they can of the rest.
    groups = any(_GROUP.fullmatch(line) for line in lines)
    return groups and any(_LINE.fullmatch(line) for line in lines)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if not path_of(where).endswith(_NAMES):
        return  # Any INI file begins like this.
    group = ""
    for number, line in enumerate(cursor.take(cursor.size).decode("utf-8", "replace").splitlines()):
        if number > _MOST:
            raise OverBudgetError(f"more than {_MOST} lines of entry points")
        plain = line.strip()
        if plain.startswith("[") and plain.endswith("]"):
            group = plain[1:-1].strip()
        elif plain and not plain.startswith(("#", ";")):
            name, equals, target = plain.partition("=")
            if equals and group:
                yield EntryPoint(
                    where=where, group=group[:_TOLD], name=name.strip()[:_TOLD], target=target.strip()[:_TOLD]
                )


FORMAT: Final = Format(id="entry-points", title="Entry points of a package", matches=_matches, read=_read, layer=True)
