"""Archives of PyTorch that stand one after the other in one file, each complete and with offsets of its own.

Whoever wrote them keeps their places elsewhere and opens one at a time; a reader of the whole file would open one of
them and call the rest a prefix. Specification: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.
"""

from __future__ import annotations

import struct
from typing import Final

from weighmaster.reading.source import Source, is_far

_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
_LOCATOR: Final = b"PK\x06\x07"
_ENDING: Final = 98
"""What the three end records are long, without a comment, which PyTorch never writes."""
_FIRST: Final = b"archive/data.pkl"
"""The first member of what `torch.save` writes to a stream."""
_MOST: Final = 1_000_000
_MOST_AFAR: Final = 64

_last: list[tuple[Source, tuple[tuple[int, int], ...]]] = []


def run(source: Source) -> tuple[tuple[int, int], ...]:
    """Return where each archive begins and ends; nothing where the source is not made of two or more of them."""
    if not _last or _last[0][0] is not source:
        _last[:] = [(source, _run(source))]
    return _last[0][1]


def _run(source: Source) -> tuple[tuple[int, int], ...]:
    end = source.size
    found: list[tuple[int, int]] = []
    while end:
        start = _start(source, end)
        # The last one is the whole, in almost all files.
        if start is None or (start == 0 and not found) or len(found) >= (_MOST_AFAR if is_far(source) else _MOST):
            return ()
        found.append((start, end))
        end = start
    return tuple(reversed(found))


def _start(source: Source, end: int) -> int | None:
    """Return where the archive begins that ends at `end`, None where none of PyTorch's does."""
    records = source.read_at(end - _ENDING, _ENDING) if end >= _ENDING else b""
    if records[-22:-18] != _END or records[-2:] != b"\0\0":
        return None
    size, offset = struct.unpack("<II", records[-10:-2])
    limit = end - 22
    if records[-42:-38] == _LOCATOR and records[:4] == _END64:
        limit = end - _ENDING
        size, offset = struct.unpack("<QQ", records[40:56])
    start = limit - size - offset
    if start < 0 or not size or source.read_at(start + offset, 4) != _CENTRAL:
        return None
    header = source.read_at(start, 30 + len(_FIRST))
    named = header[:4] == _LOCAL and header[26:28] == struct.pack("<H", len(_FIRST)) and header[30:] == _FIRST
    return start if named else None
