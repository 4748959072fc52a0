"""JSON documents, each parsed once however many formats look at it.

A document is bounded in size and depth before it becomes objects. Specification: <https://www.rfc-editor.org/rfc/rfc8259>.
"""

from __future__ import annotations

import json
from typing import Any, Final

from weighmaster.reading.source import Source

LONGEST: Final = 64 << 20
"""Bytes of a document that are parsed; what JSON makes of them may take ten times as much memory."""
_HEAVIEST: Final = 1 << 30
_LIGHT: Final = 8 << 20
_WEIGHTS: Final = {b"{": 200, b"[": 64, b",": 40}
"""Bytes of memory that what begins with a character takes, about; of a shorter document, all are held."""
_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
ENDS: Final = {b"{": b"}", b"[": b"]"}
"""How an object and a list begin, and how each ends."""
_HEAD: Final = 512
_SMALL: Final = 1 << 20
"""Bytes of a document in which keys are looked at that are there twice; configurations are no longer."""
_FIRST: Final = "(there twice)"
"""The key under which the first values of such keys stand."""

_last: list[tuple[Source, Any]] = []
"""The source that was asked about last, and what it holds."""


def document(source: Source) -> Any:
    """Return the object or list that a source holds as JSON, or None where it holds none, or one too long."""
    if _last and _last[0][0] is source:
        return _last[0][1]
    found = _parsed(source) if source.size <= LONGEST and may_be(source.read_at(0, _HEAD)) else None
    _last[:] = [(source, found)]
    return found


def is_too_large(source: Source) -> bool:
    """Say whether a source that begins as a document is too long to be parsed, or would take too much memory."""
    return source.size > LONGEST or (source.size > _LIGHT and _is_heavy(source.read_at(0, source.size)))


def _is_heavy(text: bytes) -> bool:
    if len(text) <= _LIGHT:
        return False
    return sum(weight * text.count(begin) for begin, weight in _WEIGHTS.items()) > _HEAVIEST


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
    text = source.read_at(0, source.size).removeprefix(_BOM)
    if _is_heavy(text):
        return None
    found: Any = None
    for options in (_STRICT if len(text) <= _SMALL else {}, _LENIENT):
        try:
            found = json.loads(text, **options)
            break
        except (ValueError, RecursionError):
            continue
    return found if isinstance(found, (dict, list)) else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of which a key may be there twice: Python takes the last, others take the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        first = dict(reversed(pairs))
        found[_FIRST] = {key: value for key, value in first.items() if found[key] is not value}
    return found


def _number(digits: str) -> float | int:
    """Return a number of more digits than Python turns into one."""
    return int(digits) if len(digits) < _DIGITS else float("inf")


_DIGITS: Final = 4000
_STRICT: Final[dict[str, Any]] = {"object_pairs_hook": _object}
_LENIENT: Final[dict[str, Any]] = {**_STRICT, "strict": False, "parse_int": _number}
"""What some readers take and Python refuses: line ends inside of texts, endless numbers."""
