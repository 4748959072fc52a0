"""JSON, by content: what begins and ends as an object or a list, and parses where it is small enough to try.

The one kind of JSON that is more than data is a Jupyter notebook: its cells are source code.

Specifications: <https://www.rfc-editor.org/rfc/rfc8259>, <https://nbformat.readthedocs.io/en/latest/format_description.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Script
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import ENDS, LONGEST, document, is_too_large, opening

_EXCERPT: Final = 200


def _matches(glance: Glance) -> bool:
    if glance.size <= LONGEST and document(glance.source) is not None:
        return True
    begin = opening(glance.head)
    return begin in ENDS and glance.tail.rstrip()[-1:] == ENDS[begin] and is_too_large(glance.source)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    found = document(cursor.source)
    if found is None and is_too_large(cursor.source):
        # As text it is read to its end; what its keys would have a loader do is not known.
        detail = f"json: {cursor.size} bytes, of which at most {LONGEST} are parsed, fewer where they have many parts"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
        return
    if isinstance(found, dict) and "nbformat" in found:
        yield from _notebook(found, where)


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


FORMAT: Final = Format(id="json", title="JSON", matches=_matches, read=_read)
