"""Where a text begins to say something: what many formats must ask of a file, found once.

A comment of five thousand characters before the first word changes nothing for whoever reads the file in earnest.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.source import Source, is_far

LONGEST: Final = 16 << 20
"""Bytes of a text that is looked through."""
_HEAD: Final = 4096

_last: list[tuple[Source, bytes, bytes]] = []


def whole(source: Source) -> bytes:
    """Return all of a text; nothing of what is no text, or too long, or lies elsewhere and is longer than a page."""
    return _seen(source)[0]


def significant(source: Source) -> bytes:
    """Return a text from its first line that is neither blank nor a comment (`#`)."""
    return _seen(source)[1]


def _seen(source: Source) -> tuple[bytes, bytes]:
    if _last and _last[0][0] is source:
        return _last[0][1:]
    data = b""
    if source.size <= (LONGEST if not is_far(source) else 1 << 20):
        head = source.read_at(0, _HEAD)
        if b"\0" not in head:
            data = head if source.size <= _HEAD else source.read_at(0, source.size)
    data = data.removeprefix(b"\xef\xbb\xbf")
    _last[:] = [(source, data, _after_comments(data))]
    return _last[0][1:]


def _after_comments(data: bytes) -> bytes:
    at, end = 0, len(data)
    while at < end:
        line = data.find(b"\n", at)
        line = end if line < 0 else line
        words = data[at : min(line, at + _HEAD)].strip()
        if words and not words.startswith(b"#"):
            return data[at:]
        at = line + 1
    return b""
