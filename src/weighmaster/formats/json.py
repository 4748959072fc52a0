"""JSON, by content: what begins and ends as an object or a list, and parses where it is small enough to try.

The one kind of JSON that is more than data is a Jupyter notebook: its cells are source code.

Specifications: <https://www.rfc-editor.org/rfc/rfc8259>, <https://nbformat.readthedocs.io/en/latest/format_description.html>
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Script
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_TRIED: Final = 1 << 20
"""Up to this size, what looks like JSON must parse."""
_NOTEBOOK: Final = 64 << 20
_EXCERPT: Final = 200
_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_ENDS: Final = {b"{": b"}", b"[": b"]"}


def _matches(glance: Glance) -> bool:
    start = glance.head.removeprefix(_BOM).lstrip(_BLANK)[:1]
    if glance.tail.rstrip(_BLANK)[-1:] != _ENDS.get(start):
        return False
    return glance.size > _TRIED or _parsed(glance.source.read_at(0, _TRIED)) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.size > _NOTEBOOK:
        return  # Read as text as well, which it is from the first byte to the last.
    data = cursor.take(cursor.size)
    if b'"nbformat"' not in data or not (b'"cells"' in data or b'"worksheets"' in data):
        return
    document = _parsed(data)
    if isinstance(document, dict) and "nbformat" in document:
        yield from _notebook(document, where)


def _notebook(document: dict[str, Any], where: Where) -> Iterator[Read]:
    language = _language(document)
    # Version 3 of the notebook format keeps its cells in work sheets.
    sheets = document.get("worksheets")
    groups = [document, *(sheets if isinstance(sheets, list) else [])]
    for group in groups:
        cells = group.get("cells") if isinstance(group, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                text = _text(cell.get("source", cell.get("input")))
                if text.strip():
                    yield Script(where=where, language=language, excerpt=text[:_EXCERPT].strip())


def _language(document: dict[str, Any]) -> str:
    found: Any = document.get("metadata")
    for key in ("kernelspec", "language"):
        found = found.get(key) if isinstance(found, dict) else None
    return found[:40] if isinstance(found, str) else "python"


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _parsed(data: bytes) -> Any:
    """Return the document, None where it is not JSON."""
    try:
        return json.loads(data.removeprefix(_BOM))
    except (ValueError, RecursionError):
        return None


FORMAT: Final = Format(id="json", title="JSON", matches=_matches, read=_read)
