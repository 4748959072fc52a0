"""Names, one a line, and nothing else: requirements where the file is called so, and no more than text otherwise.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.opening import significant
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 16 << 10
_NAME: Final = pattern(rb"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._, -]*\])?\s*(?:#.*|;.*)?\r?")
_CALLED: Final = pattern(r"(?:^|.*[/_.-])(?:requirements?|constraints?|reqs?|deps?)(?:[_.-].*)?\.(?:txt|in|pip)$")
_FOLDER: Final = pattern(r"(?:^|.*/)requirements/[^/]+\.(?:txt|in)$")


def _matches(glance: Glance) -> bool:
    if not 0 < glance.size <= _LONGEST:
        return False
    said = significant(glance.source)
    lines = [line for line in said.split(b"\n") if line.strip() and not line.lstrip().startswith(b"#")]
    return bool(lines) and all(_NAME.fullmatch(line.strip()) is not None for line in lines)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    last = where.steps[-1] if where.steps else None
    name = (last.name if isinstance(last, Member) else "" if where.steps else where.root).replace("\\", "/").casefold()
    if cursor.size <= _LONGEST and (_CALLED.match(name) or _FOLDER.match(name)):
        from weighmaster.reading.dependencies.pip import requirements
        from weighmaster.reading.dependencies.wanted import Stand

        text = cursor.take(cursor.size).decode("utf-8", "replace")
        yield from requirements(text, Stand(where=where, by="pip"))


FORMAT: Final = Format(id="name-list", title="Names, one a line", matches=_matches, read=_read, layer=True)
