"""Places in unknown bytes where a known format may begin: cheap signatures, cheaply checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from weighmaster.reading.budget import Budget
from weighmaster.reading.source import Source

_WINDOW: Final = 1 << 20
_OVERLAP: Final = 4096
"""How far a signature is followed; windows overlap by as much."""

_NAME: Final = rb"[A-Za-z_][A-Za-z0-9_]{0,63}"
_DOTTED: Final = rb"%s(?:\.%s){0,15}" % (_NAME, _NAME)
_SIGNATURE: Final = re.compile(
    rb"(?P<pickle>\x80[\x02-\x05])"
    rb"|(?P<global>c%s\n%s\n)"
    rb"|(?P<inst>i%s\n%s\n)"
    rb"|(?P<zip>PK\x03\x04)"
    rb"|(?P<zip_end>PK\x05\x06)"
    rb"|(?P<gzip>\x1f\x8b\x08[\x00-\x1f])"
    rb"|(?P<bzip2>BZh[1-9]1AY&SY)"
    rb"|(?P<xz>\xfd7zXZ\x00)"
    rb"|(?P<zstd>\x28\xb5\x2f\xfd)"
    rb"|(?P<lz4>\x04\x22\x4d\x18)"
    rb"|(?P<sevenz>7z\xbc\xaf\x27\x1c)"
    rb"|(?P<npy>\x93NUMPY[\x01-\x03]\x00)"
    rb"|(?P<hdf5>\x89HDF\r\n\x1a\n)"
    rb"|(?P<elf>\x7fELF[\x01\x02][\x01\x02]\x01)"
    rb"|(?P<pe>MZ)"
    rb"|(?P<macho>[\xce\xcf]\xfa\xed\xfe[\x01-\x20])" % ((_DOTTED,) * 4)
)
_PICKLES: Final = frozenset({"pickle", "global"})
_LOOK_BACK: Final = 512
_MARKS: Final = 8
_PE_OFFSET: Final = 0x3C
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


def _hits(
    source: Source, budget: Budget, plausible: Callable[[int], bool], most: int
) -> Iterator[tuple[int, str, bytes]]:
    for start in range(0, min(source.size, most), _WINDOW):
        budget.check_time()
        window = source.read_at(start, _WINDOW + _OVERLAP)
        for hit in _SIGNATURE.finditer(window):
            if hit.start() >= _WINDOW:
                break  # The next window has it whole.
            kind, at = hit.lastgroup or "", start + hit.start()
            data = window[hit.start() : hit.start() + _OVERLAP]
            if kind == "inst":
                # INST takes what stands above the last mark, which lies before it.
                before = window[max(0, hit.start() - _LOOK_BACK) : hit.start()]
                marks = [at - len(before) + mark.start() for mark in re.finditer(rb"\(", before)]
                yield from ((mark, kind, data) for mark in marks[-_MARKS:] if plausible(mark))
            elif plausible(at) if kind in _PICKLES else _holds(kind, data):
                yield at, kind, data


def _holds(kind: str, data: bytes) -> bool:
    match kind:
        case "zip":
            # Version 2.0 to 6.3 and a compression method that exists.
            return len(data) >= 30 and data[4] <= 63 and int.from_bytes(data[8:10], "little") <= 99
        case "zip_end":
            return len(data) >= 22
        case "pe":
            at = int.from_bytes(data[_PE_OFFSET : _PE_OFFSET + 4], "little")
            return data[at : at + 4] == b"PE\0\0"
        case _:
            return True
