"""What hides in bytes that no format knows: pickles, archives, compressed streams and programs, wherever they begin.

A loader may skip a header of its own and hand the rest to `pickle.load`; a scanner that asks only what a file
begins with then sees nothing. The bytes stay unknown, and the report says so; this only adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import is_name, whole
from weighmaster.machine.unpickler import Machine
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import Blob
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Span, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource

_MOST: Final = 256 << 20
_HANDED_ON: Final = 64
_SHORT: Final = 64
_LONG: Final = 64
"""Opcodes that chance does not make: one in four of random bytes goes on to the next opcode."""
_DEEPEST: Final = 2
_ZLIB: Final = 4 << 20
_CIPHERED: Final = 4096
"""Fewer bytes are no weights."""
_PROTO: Final = b"\x80"
_FOLLOWED: Final = 4
_OLD: Final = 24
"""Pickles of protocol 0 and 1 that are handed on."""
_NEAR: Final = 1 << 20
"""How far those are followed that only a call tells from chance."""


def _matches(glance: Glance) -> bool:
    return glance.size > 0


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.carve import spans, zlib_streams

    # What is handed on and then not known either comes back here, with all that lies behind it.
    deep = all(isinstance(step, Span) for step in where.steps[-_DEEPEST:]) and len(where.steps) >= _DEEPEST
    followed = old = 0

    def plausible(at: int) -> bool:
        nonlocal followed, old
        proto = cursor.source.read_at(at, 1) == _PROTO
        if old > _OLD and not proto:
            return False
        machine = Machine(cursor.source, at, cursor.size, arrays=False, drops=False)
        machine.run(_LONG)
        # What chance calls has no name: to build one, something that has must be called first.
        named = any(is_name(module, name) for module, name, *_ in machine.imports)
        if proto:
            return named or not machine.done or machine.stop - at > _SHORT
        found = (named and bool(machine.calls)) or machine.stop - at > _SHORT
        if not (found or machine.done):
            # Without PROTO, only a call tells it from chance; to find a late one costs time.
            followed += 1
            found = followed <= _FOLLOWED and bool(whole(PartSource(cursor.source, at, at + _NEAR)).calls)
        # Word lists are full of such pickles: they must not keep the others from being handed on.
        old += found
        return found and old <= _OLD

    # One that is all of it has a reader of its own.
    streams = [span for span in zlib_streams(cursor.source, cursor.budget, _ZLIB) if span != (0, cursor.size)]
    yield _told(cursor, where, sum(end - start for start, end in streams))
    if deep:
        raise OverBudgetError(f"places inside places that look like a known format, more than {_DEEPEST} deep")
    found = spans(cursor.source, cursor.budget, plausible, _MOST)
    for count, (start, end) in enumerate(found):
        if count == _HANDED_ON:
            detail = f"more than {_HANDED_ON} places look like a known format; those after byte {start} were not read"
            yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
            return
        yield part(cursor, where, start, end)
    yield from (part(cursor, where, start, end) for start, end in streams[:_HANDED_ON])
    if followed > _FOLLOWED or old > _OLD:
        detail = "many places look like pickles of protocol 0, and not all of them were read"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
    if cursor.size > _MOST:
        detail = f"looked for hidden formats in {_MOST} of {cursor.size} bytes"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)


def _told(cursor: Cursor, where: Where, packed: int) -> Blob:
    """Say how random the bytes are: that nobody knows them may be meant. Of `packed` of them it is known why."""
    from weighmaster.reading.chance import sampled

    bits, chance = sampled(cursor.source)
    form = "random" if chance and cursor.size - packed >= max(_CIPHERED, packed) else "unknown"
    return Blob(where=where, form=form, size=cursor.size, entropy=f"{bits:.2f}")


FORMAT: Final = Format(
    id="embedded", title="Known formats inside unknown bytes", matches=_matches, read=_read, fallback=True
)
