"""What hides in bytes that no format knows: pickles, archives, compressed streams and programs, wherever they begin.

A loader may skip a header of its own and hand the rest to `pickle.load`; a scanner that asks only what a file
begins with then sees nothing. The bytes stay unknown, and the report says so; this only adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import whole
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Span, Where
from weighmaster.reading.carve import spans
from weighmaster.reading.cursor import Cursor

_MOST: Final = 256 << 20
_HANDED_ON: Final = 64
_DEEPEST: Final = 2
_PROTO: Final = b"\x80"
_LONG: Final = 64
"""Opcodes or bytes that chance does not make: fewer than one in ten of random bytes go on to the next opcode."""


def _matches(glance: Glance) -> bool:
    return glance.size > 0


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    def plausible(at: int) -> bool:
        trace = whole(cursor.source, at, opcodes=_LONG)
        if trace.calls or trace.stop - at > _LONG:
            return True
        return trace.opcodes > _LONG and cursor.source.read_at(at, 1) == _PROTO

    # What is handed on and then not known either comes back here, with all that lies behind it.
    if all(isinstance(step, Span) for step in where.steps[-_DEEPEST:]) and len(where.steps) >= _DEEPEST:
        raise OverBudgetError(f"places inside places that look like a known format, more than {_DEEPEST} deep")
    found = spans(cursor.source, cursor.budget, plausible, _MOST)
    for count, (start, end) in enumerate(found):
        if count == _HANDED_ON:
            detail = f"more than {_HANDED_ON} places look like a known format; those after byte {start} were not read"
            yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
            return
        yield part(cursor, where, start, end)
    if cursor.size > _MOST:
        detail = f"looked for hidden formats in {_MOST} of {cursor.size} bytes"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)


FORMAT: Final = Format(
    id="embedded", title="Known formats inside unknown bytes", matches=_matches, read=_read, fallback=True
)
