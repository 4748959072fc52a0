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
ENDS: Final = {b"{": b"}", b"[": b"]"}
"""How an object and a list begin, and how each ends."""
_HEAD: Final = 512

_last: list[tuple[Source, Any]] = []
"""The source that was asked about last, and what it holds."""


def document(source: Source) -> Any:
    """Return the object or list that a source holds as JSON, or None where it holds none, or one too long."""
    if _last and _last[0][0] is source:
        return _last[0][1]
    found = _parsed(source) if source.size <= LONGEST and may_be(source.read_at(0, _HEAD)) else None
    _last[:] = [(source, found)]
    return found


def may_be(head: bytes) -> bool:
    """Say whether bytes that begin so may be a JSON object or list; blanks say nothing yet."""
    begin = opening(head)
    return begin in ENDS or (not begin and bool(head))


def opening(head: bytes) -> bytes:
    """Return the first byte of bytes that begin so, after a byte order mark and white space."""
    return head.removeprefix(_BOM).lstrip(_BLANK)[:1]


def _parsed(source: Source) -> Any:
    head = source.read_at(0, _HEAD)
    end = source.read_at(max(0, source.size - _HEAD), _HEAD).rstrip(_BLANK)[-1:]
    # Where more blanks stand there than are looked at, only parsing tells.
    if opening(head) and end and end != ENDS[opening(head)]:
        return None
    try:
        found = json.loads(source.read_at(0, source.size).removeprefix(_BOM))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None
