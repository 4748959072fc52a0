"""Places in unknown bytes where a known format may begin: cheap signatures, cheaply checked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from weighmaster.model.errors import OverBudgetError
from weighmaster.reading.budget import Budget
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

_WINDOW: Final = 1 << 20
_OVERLAP: Final = 4096
"""How far a signature is followed; windows overlap by as much."""

_NAME: Final = rb"[A-Za-z_][A-Za-z0-9_]{0,63}"
_DOTTED: Final = rb"%s(?:\.%s){0,15}" % (_NAME, _NAME)
_SIGNATURES: Final = (
    # One expression for each: a search for one literal is a hundred times faster than one for any of many.
    ("pickle", pattern(rb"\x80[\x02-\x05]")),
    ("global", pattern(rb"c%s\n%s\n" % (_DOTTED, _DOTTED))),
    ("inst", pattern(rb"i%s\n%s\n" % (_DOTTED, _DOTTED))),
    ("zip", pattern(rb"PK\x03\x04")),
    ("zip_end", pattern(rb"PK\x05\x06")),
    ("gzip", pattern(rb"\x1f\x8b\x08[\x00-\x1f]")),
    ("bzip2", pattern(rb"BZh[1-9]1AY&SY")),
    ("xz", pattern(rb"\xfd7zXZ\x00")),
    ("zstd", pattern(rb"\x28\xb5\x2f\xfd")),
    ("lz4", pattern(rb"\x04\x22\x4d\x18")),
    ("sevenz", pattern(rb"7z\xbc\xaf\x27\x1c")),
    ("npy", pattern(rb"\x93NUMPY[\x01-\x03]\x00")),
    ("elf", pattern(rb"\x7fELF[\x01\x02][\x01\x02]\x01")),
    ("pe", pattern(rb"MZ")),
    ("macho", pattern(rb"\xce\xfa\xed\xfe[\x01-\x20]")),
    ("macho", pattern(rb"\xcf\xfa\xed\xfe[\x01-\x20]")),
)
_PICKLES: Final = frozenset({"pickle", "global"})
_TRIED: Final = 50_000
"""Random bytes of the size that is looked at have a third of it."""
_LOOK_BACK: Final = 512
_MARKS: Final = 8
_PE_OFFSET: Final = 0x3C
_ZLIB: Final = pattern(rb"\x78[\x01\x5e\x9c\xda]")
_LEAST: Final = 64
_UNPACKED: Final = 64 << 20
"""Bytes that come out of streams while they are looked for."""
_REACH: Final = 64 << 20
"""How far a hit may reach: each is hashed and read, and there may be many."""


def spans(source: Source, budget: Budget, plausible: Callable[[int], bool], most: int) -> Iterator[tuple[int, int]]:
    """Yield where something known may begin in the first `most` bytes, and how far it may reach.

    `plausible` says whether a pickle that does something begins at an offset. The whole source is never yielded.
    """
    archive = -1
    for at, kind, data in _hits(source, budget, plausible, most):
        if kind == "zip":
            archive = at if archive < 0 else archive
        elif kind == "zip_end":
            end = min(source.size, at + 22 + int.from_bytes(data[20:22], "little"))
            if (max(archive, 0), end) != (0, source.size):
                yield max(archive, 0), end
            archive = -1
        elif at:
            yield at, min(source.size, at + _REACH)
    if archive > 0:
        yield archive, source.size


def zlib_streams(source: Source, budget: Budget, most: int) -> Iterator[tuple[int, int]]:
    """Yield where streams of zlib begin and end in the first `most` bytes: those that come to their sum.

    Two bytes are all that tells where one begins, so each is unpacked, and what is found within one is part of it.
    """
    left = _UNPACKED
    end = 0
    for start in range(0, min(source.size, most), _WINDOW):
        budget.check_time()
        window = source.read_at(start, _WINDOW + 2)
        for hit in _ZLIB.finditer(window):
            at = start + hit.start()
            if at >= end and left > 0:
                used, out = _stream(source, at, budget, left)
                left -= out
                if used and out >= _LEAST:
                    end = at + used
                    yield at, end


def _stream(source: Source, at: int, budget: Budget, most: int) -> tuple[int, int]:
    """Return how many bytes a stream takes, 0 where there is none, and how many came out."""
    inflater, used, out = zlib.decompressobj(), 0, 0
    try:
        while not inflater.eof and out < most:
            piece = inflater.unconsumed_tail or source.read_at(at + used, _OVERLAP)
            if not inflater.unconsumed_tail:
                used += len(piece)
            if not piece:
                return 0, out
            budget.check_time()
            out += len(inflater.decompress(piece, _WINDOW))
    except zlib.error:
        return 0, out
    return (used - len(inflater.unused_data) if inflater.eof else 0), out


def _hits(
    source: Source, budget: Budget, plausible: Callable[[int], bool], most: int
) -> Iterator[tuple[int, str, bytes]]:
    tried = 0
    for start in range(0, min(source.size, most), _WINDOW):
        budget.check_time()
        window = source.read_at(start, _WINDOW + _OVERLAP)
        hits = [(hit.start(), kind) for kind, signature in _SIGNATURES for hit in signature.finditer(window)]
        for offset, kind in sorted(hits):
            if offset >= _WINDOW:
                break  # The next window has it whole.
            tried += 1
            if tried > _TRIED:
                raise OverBudgetError(
                    f"more than {_TRIED} places look like a known format, up to byte {start + offset}"
                )
            at, data = start + offset, window[offset : offset + _OVERLAP]
            if kind == "inst":
                # INST takes what stands above the last mark, which lies before it.
                before = source.read_at(max(0, at - _LOOK_BACK), min(at, _LOOK_BACK))
                marks = [at - len(before) + mark.start() for mark in re.finditer(rb"\(", before)]
                yield from ((mark, kind, data) for mark in marks[-_MARKS:] if plausible(mark))
            elif plausible(at) if kind in _PICKLES else _holds(kind, data):
                yield at, kind, data


def _unpacks(data: bytes) -> bool:
    """Whether the beginning of a stream of gzip can be unpacked: three bytes stand anywhere by chance."""
    try:
        zlib.decompressobj(31).decompress(data, _WINDOW)
    except zlib.error:
        return False
    return True


def _holds(kind: str, data: bytes) -> bool:
    match kind:
        case "zip":
            # Version 2.0 to 6.3 and a compression method that exists.
            return len(data) >= 30 and data[4] <= 63 and int.from_bytes(data[8:10], "little") <= 99
        case "zip_end":
            return len(data) >= 22
        case "gzip":
            return _unpacks(data)
        case "pe":
            at = int.from_bytes(data[_PE_OFFSET : _PE_OFFSET + 4], "little")
            return data[at : at + 4] == b"PE\0\0"
        case _:
            return True
