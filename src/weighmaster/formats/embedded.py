"""What hides in bytes that no format knows: pickles, archives, compressed streams and programs, wherever they begin.

A loader may skip a header of its own and hand the rest to `pickle.load`; a scanner that asks only what a file
begins with then sees nothing. The bytes stay unknown, and the report says so; this only adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import whole
from weighmaster.machine.unpickler import Machine
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Span, Where
from weighmaster.reading.carve import spans
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource

_MOST: Final = 256 << 20
_HANDED_ON: Final = 64
_SHORT: Final = 64
_LONG: Final = 64
"""Opcodes that chance does not make: one in four of random bytes goes on to the next opcode."""
_DEEPEST: Final = 2
_PROTO: Final = b"\x80"
_FOLLOWED: Final = 4
_NEAR: Final = 1 << 20
"""How far those are followed that only a call tells from chance."""


def _matches(glance: Glance) -> bool:
    return glance.size > 0


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    followed = 0

    def plausible(at: int) -> bool:
        nonlocal followed
        machine = Machine(cursor.source, at, cursor.size, arrays=False, drops=False)
        machine.run(_LONG)
        if machine.calls or machine.stop - at > _SHORT:
            return True
        if machine.done or cursor.source.read_at(at, 1) == _PROTO:
            return not machine.done or bool(machine.imports)
        # Without PROTO, only a call tells it from chance; to find a late one costs time.
        followed += 1
        if followed > _FOLLOWED:
            raise OverBudgetError(f"more than {_FOLLOWED} places look like a pickle for long, up to byte {at}")
        return bool(whole(PartSource(cursor.source, at, at + _NEAR)).calls)

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
