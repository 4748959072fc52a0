"""Tar archives of every kind, and what lies between and behind their members. See `weighmaster.reading.tar`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Disagreement, Link, Nested, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource
from weighmaster.reading.tar import BLOCK, Damage, Entry, Hole, parse_header, place, walk


def _matches(glance: Glance) -> bool:
    # A header before POSIX has no magic; its checksum is what tells.
    return parse_header(glance.head[:BLOCK]) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    seen: set[int] = set()
    most = cursor.budget.limits.members
    for number, found in enumerate(walk(cursor.source, cursor.budget)):
        if number >= most:
            raise OverBudgetError(f"more than {most} members")
        match found:
            case Entry():
                inside, again = place(where, found, seen)
                yield from _entry(cursor, where, inside, found)
                if again and found.kind != "directory":
                    detail = f"another member of the name {found.name!r} came before"
                    yield Disagreement(where=inside, kind="duplicate-member", detail=detail)
            case Hole(start=start, end=end, position=position):
                yield Stray(where=where.span(start, end), size=end - start, position=position)
                yield part(cursor, where, start, end)
            case Damage(offset=offset):
                place_ = where.span(offset, offset + BLOCK)
                detail = "a header whose checksum is wrong: some readers stop here, others look for the next"
                yield Disagreement(where=place_, kind="header-checksum", detail=detail)


def _entry(cursor: Cursor, where: Where, inside: Where, entry: Entry) -> Iterator[Read]:
    for kind, detail in entry.notes:
        yield Disagreement(where=inside, kind=kind, detail=detail)
    for name in entry.names:
        yield Nested(where=where / Member(name=name))
    for start, end in entry.spans:
        yield part(cursor, where, start, end)
    match entry.kind:
        case "file":
            yield Inner(inside, lambda: PartSource(cursor.source, entry.start, entry.end))
            if entry.sparse:
                detail = "tar: a file with holes, which was read as it is stored, without them"
                yield Gap(where=inside, reason=GapReason.UNREADABLE, detail=detail)
            return
        case "device":
            yield Gap(where=inside, reason=GapReason.NOT_A_FILE, detail="tar: a device or a pipe")
        case "hard" | "symbolic":
            yield Link(where=inside, kind=entry.kind, target=entry.link)
        case _:
            pass
    cursor.budget.member()
    yield Nested(where=inside)


FORMAT: Final = Format(id="tar", title="tar archive", matches=_matches, read=_read)
