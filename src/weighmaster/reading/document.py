"""JSON documents, each parsed once however many formats look at it.

A document is bounded in size and depth before it becomes objects. Specification: <https://www.rfc-editor.org/rfc/rfc8259>.
"""

from __future__ import annotations

import json
from typing import Any, Final

from weighmaster.reading.source import Source

LONGEST: Final = 64 << 20
"""Bytes of a document that are parsed; what JSON makes of them may take ten times as much memory."""
_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_ENDS: Final = {b"{": b"}", b"[": b"]"}
_HEAD: Final = 512

_last: list[tuple[Source, Any]] = []
"""The source that was asked about last, and what it holds."""


def document(source: Source) -> Any:
    """Return the object or list that a source holds as JSON, or None where it holds none, or one too long."""
    if _last and _last[0][0] is source:
        return _last[0][1]
    found = _parsed(source) if may_be(source.read_at(0, _HEAD)) and source.size <= LONGEST else None
    _last[:] = [(source, found)]
    return found


def may_be(head: bytes) -> bool:
    """Say whether bytes that begin so may be a JSON object or list."""
    return head.removeprefix(_BOM).lstrip(_BLANK)[:1] in _ENDS


def _parsed(source: Source) -> Any:
    start = source.read_at(0, _HEAD).removeprefix(_BOM).lstrip(_BLANK)[:1]
    end = source.read_at(max(0, source.size - _HEAD), _HEAD).rstrip(_BLANK)[-1:]
    if end != _ENDS[start]:
        return None
    try:
        return json.loads(source.read_at(0, source.size).removeprefix(_BOM))
    except (ValueError, RecursionError):
        return None
