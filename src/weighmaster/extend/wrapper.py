"""Formats that are nothing but one compressed stream: what they yield, and what their content is called."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.model.fact import Expansion, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.signatures import skippable
from weighmaster.reading.source import Source

_SHORT: Final = {".tgz": ".tar", ".tbz2": ".tar", ".tbz": ".tar", ".txz": ".tar", ".tlz": ".tar", ".tzst": ".tar"}
_HOPS: Final = 64


def wrapper(id: str, title: str, matches: Callable[[Glance], bool], suffixes: tuple[str, ...] = ()) -> Format:
    """Return the format of files that the codec `id` unpacks.

    The content of `model.pkl.gz` stands at `model.pkl.gz!model.pkl`; where the name has none of `suffixes`,
    it stands at `!unpacked`.
    """
    return Format(id=id, title=title, matches=matches, read=partial(_read, id, suffixes))


def _read(codec: str, suffixes: tuple[str, ...], cursor: Cursor, where: Where) -> Iterator[Read]:
    inside = where / Member(name=content_name(where, suffixes))
    used, _ = yield from content(cursor, cursor.source, codec, inside)
    if used < cursor.size:
        yield Stray(where=where.span(used, cursor.size), size=cursor.size - used, position="after")
        yield part(cursor, where, used, cursor.size)


def content(cursor: Cursor, packed: Source, codec: str, inside: Where) -> Generator[Read, None, tuple[int, int]]:
    """Yield what `packed` unpacks to, as an artifact at `inside`; return how many bytes went in and came out."""
    from weighmaster.reading.unpacked import BombError, unpacked

    try:
        source = unpacked(packed, codec, cursor.budget)
    except BombError as bomb:
        before = bomb.before
        yield Expansion(where=inside, packed=bomb.packed, unpacked=bomb.unpacked)
        yield Inner(inside, lambda: before)
        detail = f"{codec}: {bomb}; the first {before.size} are read"
        yield Gap(where=inside, reason=GapReason.OVER_BUDGET, detail=detail)
        return packed.size, bomb.unpacked
    # The engine says where `source.broken` says so, after it has read what came before.
    yield Inner(inside, lambda: source)
    return source.consumed, source.size


def content_name(where: Where, suffixes: tuple[str, ...]) -> str:
    """Return the name of a wrapper's content, as the tools that unpack such files derive it."""
    last = where.steps[-1] if where.steps else None
    name = where.root if last is None else last.name if isinstance(last, Member) else ""
    base = name.replace("\\", "/").rpartition("/")[2]
    for suffix in (*suffixes, *_SHORT):
        stem = base[: -len(suffix)]
        if base.lower().endswith(suffix) and stem.strip("."):
            return stem + _SHORT.get(suffix, "")
    return "unpacked"


def after_skippable(glance: Glance) -> bytes:
    """Return the first bytes after the skippable frames that zstd and lz4 files may begin with."""
    at, head = 0, glance.head[:8]
    for _ in range(_HOPS):
        length = skippable(head)
        if not length:
            break
        at += length
        head = glance.source.read_at(at, 8)
    return head
