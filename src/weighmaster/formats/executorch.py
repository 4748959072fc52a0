"""ExecuTorch: a FlatBuffer program (`ET12`), an extended header, and segments of numbers behind it; `FT01` holds data.

Schema: <https://github.com/pytorch/executorch/blob/main/schema/program.fbs>; layout:
<https://docs.pytorch.org/executorch/stable/pte-file-format.html>. Operators are facts as `aten::add`, the parts that a
backend runs by itself as `delegate::XnnpackBackend`: what a backend makes of its part is not read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Operation, Stray
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.flatbuffer import Buffer, Table, filled, identifier
from weighmaster.reading.payload import is_artifact

_PROGRAM: Final = b"ET"
_DATA: Final = b"FT"
_EXTENDED: Final = b"eh00"
_SEGMENTS: Final = 100_000
_TEXT: Final = 1 << 16
_HEAD: Final = 4096
_DELEGATES: Final = 10_000


class _Extended(Value):
    """The extended header: where the program ends, and where offsets of segments count from. Zeros where it lacks."""

    program: int
    base: int


def _matches(glance: Glance) -> bool:
    mark = identifier(glance.head)
    return mark[:2] in {_PROGRAM, _DATA} and mark[2:].isdigit()


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.source.read_at(0, 64)
    buffer = Buffer(cursor.source, cursor.budget)
    if head[4:6] == _PROGRAM:
        extended = _extended(head, cursor.size)
        yield from _program(buffer, where)
        segments = _segments(buffer.root(), 4, extended.base, cursor.size)
    else:
        # The data format's header: its own length, then where the FlatBuffer and the segments lie.
        extended = _Extended(program=0, base=int.from_bytes(head[32:40], "little") if head[8:12] == b"FH01" else 0)
        segments = _segments(buffer.root(), 2, extended.base, cursor.size)
    yield from _laid_out(cursor, where, segments, max(buffer.reach, min(extended.program, cursor.size)))


def _extended(head: bytes, size: int) -> _Extended:
    if head[8:12] != _EXTENDED:
        return _Extended(program=0, base=0)
    program, base = int.from_bytes(head[16:24], "little"), int.from_bytes(head[24:32], "little")
    if program > size or base > size:
        raise UnreadableError(f"executorch: a program of {program} bytes, segments from {base} on, in {size}", offset=8)
    return _Extended(program=program, base=base)


def _program(buffer: Buffer, where: Where) -> Iterator[Read]:
    root = buffer.root()
    said: set[str] = set()
    seen: set[int] = set()
    inline = list(root.tables(3)) if root.span(3, 4)[1] <= _DELEGATES else []
    for plan in root.tables(1):
        if plan.at in seen:
            continue
        seen.add(plan.at)
        plan.text(0)
        for operator in plan.tables(6):
            said.add(operator.text(0))
            operator.text(1)
        for delegate in plan.tables(7):
            said.add(f"delegate::{delegate.text(0)}")
            yield from _specifications(delegate, where)
        for field in (2, 3, 4, 5):
            plan.span(field, 4)
        plan.span(8, 8)
    yield from (Operation(where=where, dialect="executorch", name=name) for name in sorted(said))
    for table in (*root.tables(2), *inline):
        start, count = table.span(0)
        yield from _blob(buffer, where, start, start + count)


def _specifications(delegate: Table, where: Where) -> Iterator[Read]:
    for specification in delegate.tables(2):
        raw = specification.raw(1, _TEXT)
        start, count = specification.span(1)
        if is_artifact(raw, plausible):
            yield from _blob(specification.buffer, where, start, start + count)
        elif raw.isascii() and raw.decode().isprintable():
            yield Metadata(where=where, key=specification.text(0), text=raw.decode())


def _blob(buffer: Buffer, where: Where, start: int, end: int) -> Iterator[Read]:
    """Hand on bytes that prove to be something that a loader could take; the rest is numbers, or a backend's own."""
    if end > start and is_artifact(buffer.source.read_at(start, min(end - start, _HEAD)), plausible):
        yield Inner(where.span(start, end), lambda: buffer.part(start, end))


def _segments(root: Table, field: int, base: int, size: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for table in root.tables(field):
        offset, count = table.number(0, "Q"), table.number(1, "Q")
        if base + offset + count > size:
            raise UnreadableError(f"executorch: a segment of {count} bytes at {base + offset} lies outside the file")
        found.append((base + offset, base + offset + count))
        if len(found) > _SEGMENTS:
            raise UnreadableError(f"executorch: more than {_SEGMENTS} segments")
    return sorted(found)


def _laid_out(cursor: Cursor, where: Where, segments: list[tuple[int, int]], reach: int) -> Iterator[Read]:
    reached, exact = reach, cursor.source.read_at(8, 4) == _EXTENDED
    for number, (start, end) in enumerate(segments):
        if number and start < reached and end > start:
            place = where.span(start, end)
            yield Disagreement(where=place, kind="segments-overlap", detail="a segment begins inside the one before it")
        yield from _hole(cursor, where, (reached, start), "between", exact=exact)
        if is_artifact(cursor.source.read_at(start, min(_HEAD, end - start)), plausible):
            yield part(cursor, where, start, end)
        reached, exact = max(reached, end), True
    yield from _hole(cursor, where, (reached, cursor.size), "after", exact=exact)


def _hole(cursor: Cursor, where: Where, span: tuple[int, int], position: str, *, exact: bool) -> Iterator[Read]:
    """Yield what is not zero between two parts; before an end that is not exact, tables may stand that nobody reads."""
    start, end = filled(cursor.source, cursor.budget, *span), span[1]
    if start < end and (exact or is_artifact(cursor.source.read_at(start, min(_HEAD, end - start)), plausible)):
        yield Stray(where=where.span(start, end), size=end - start, position=position)
        yield part(cursor, where, start, end)


FORMAT: Final = Format(id="executorch", title="ExecuTorch program or data", matches=_matches, read=_read)
