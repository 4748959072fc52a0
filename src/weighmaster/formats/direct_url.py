"""`direct_url.json`: an installed package came from an address, a repository or a folder, and from no index.

Specification: <https://packaging.python.org/en/latest/specifications/direct-url/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.package import Direct
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 64 << 10
_INFO: Final = (b'"archive_info"', b'"vcs_info"', b'"dir_info"')
_CREDENTIALS: Final = pattern(r"://[^/@\s]+@")


def _matches(glance: Glance) -> bool:
    return glance.size <= _LONGEST and any(mark in glance.head for mark in _INFO) and _said(glance.source) is not None


def _said(source: Any) -> dict[str, Any] | None:
    found = document(source)
    return found if isinstance(found, dict) and isinstance(found.get("url"), str) else None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    said = _said(cursor.source)
    if said is None:
        return
    target = _CREDENTIALS.sub("://***@", said["url"][:500])
    vcs, folder = said.get("vcs_info"), said.get("dir_info")
    if isinstance(vcs, dict):
        yield Direct(where=where, target=target, source="vcs", revision=str(vcs.get("commit_id", ""))[:100])
    elif isinstance(folder, dict):
        yield Direct(where=where, target=target, source="editable" if folder.get("editable") is True else "path")
    else:
        yield Direct(where=where, target=target, source="archive")


FORMAT: Final = Format(
    id="direct-url", title="Where an installed package came from", matches=_matches, read=_read, layer=True
)
