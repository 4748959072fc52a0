"""Core ML's package: `Manifest.json` of an `.mlpackage`, which says what lies where under `Data/`.

Layout: <https://github.com/apple/coremltools/blob/main/modelpackage/src/ModelPackage.cpp>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document
from weighmaster.reading.source import Source

_ITEMS: Final = "itemInfoEntries"
_MOST: Final = 1 << 20


def _matches(glance: Glance) -> bool:
    return glance.size <= _MOST and bool(_items(glance.source))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for item in _items(cursor.source).values():
        path = item.get("path") if isinstance(item, dict) else None
        if isinstance(path, str):
            yield Reference(where=where, kind="weights", target=f"Data/{path}", by="coreml")


def _items(source: Source) -> dict[str, Any]:
    found = document(source)
    if not isinstance(found, dict) or "fileFormatVersion" not in found:
        return {}
    items = found.get(_ITEMS)
    return items if isinstance(items, dict) else {}


FORMAT: Final = Format(
    id="coreml-package", title="Manifest of a Core ML package", matches=_matches, read=_read, layer=True
)
