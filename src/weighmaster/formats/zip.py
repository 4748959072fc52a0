"""ZIP: yields every member under every reading, what no reader refers to, and where readers see different things.

What the readings are, and where readers differ, is told in `weighmaster.reading.zip`.
"""

from __future__ import annotations

import stat
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.model.errors import MissingExtraError, OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Expansion, Link, Metadata, Nested, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource, PartSource, Source, is_far
from weighmaster.reading.unpacked import BombError
from weighmaster.reading.zip import (
    DEFLATE,
    DESCRIBED,
    ENCRYPTED,
    STOPPING,
    STORED,
    Alias,
    Comment,
    Content,
    Difference,
    Entry,
    Region,
    Unread,
    contents,
    is_zip,
    open_entry,
)

_CHUNK: Final = 1 << 20
_CHECKED: Final = 32 << 20
"""The largest member whose checksum is compared; reading larger ones once more would cost too much."""
_CHECKED_IN_ALL: Final = 256 << 20
_CHECKED_AFAR: Final = 128 << 10
_CHECKED_AFAR_IN_ALL: Final = 4 << 20
"""The same where each byte has to be fetched."""
_KEPT: Final = 16 << 20
"""How much may stay unpacked in memory between the check of checksums and the reading of the members."""
_BEGINNING: Final = 16 << 20
"""How much is read of a member that unpacks to more than is allowed: a loader would read on from there."""
_TARGET: Final = 4096
_AES: Final = 99
_KINDS: Final = {
    "member-size": "unpacks to another size than the directory says",
    "member-checksum": "has another checksum than the directory says",
}


def _matches(glance: Glance) -> bool:
    # Most files are no zip and begin with no header: one look at the tail says so.
    return is_zip(glance.source, glance.head, glance.tail)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    return _Reader(cursor, where).read()


class _Reader:
    """The reading of one archive."""

    def __init__(self, cursor: Cursor, where: Where) -> None:
        self._source = cursor.source
        self._budget = cursor.budget
        self._where = where
        far = is_far(cursor.source)
        self._check = _CHECKED_AFAR_IN_ALL if far else _CHECKED_IN_ALL
        self._most = _CHECKED_AFAR if far else _CHECKED
        self._keep = _KEPT
        # The padding of a tar file may end with a zip that is its last member; the tar's reader reads the rest.
        self._in_tar = cursor.source.read_at(257, 5) == b"ustar"

    def read(self) -> Iterator[Read]:
        """Yield what stands there."""
        for content in contents(self._source, self._budget):
            yield from self._content(content)

    def _content(self, content: Content) -> Iterator[Read]:
        match content:
            case Entry():
                yield from self._entry(content)
            case Alias(name=name):
                yield Nested(where=self._where / Member(name=name))
            case Difference(kind=kind, detail=detail, steps=steps):
                where = Where(root=self._where.root, steps=self._where.steps + steps)
                yield Disagreement(where=where, kind=kind, detail=detail)
            case Region():
                yield from self._region(content)
            case Unread(steps=steps, detail=detail):
                where = Where(root=self._where.root, steps=self._where.steps + steps)
                yield Gap(where=where, reason=GapReason.UNREADABLE, detail=f"zip: {detail}")
            case Comment(start=start, text=text):
                yield Metadata(where=self._where, key="comment", text=text.decode("utf-8", "replace"))
                if not _is_text(text):
                    yield self._span(start, start + len(text))

    def _region(self, region: Region) -> Iterator[Read]:
        if self._in_tar and region.position != "between":
            return
        where = self._where.span(region.start, region.end)
        yield Stray(where=where, size=region.end - region.start, position=region.position)
        whole = (region.start, region.end) == (0, self._source.size)
        # Zeros are padding.
        if not whole and any(
            block.strip(b"\0") for block in _blocks(PartSource(self._source, region.start, region.end), self._budget)
        ):
            yield self._span(region.start, region.end)

    def _span(self, start: int, end: int) -> Inner:
        return Inner(self._where.span(start, end), partial(PartSource, self._source, start, end))

    def _entry(self, entry: Entry) -> Iterator[Read]:
        where = entry.at(self._where)
        if entry.is_folder:
            yield Nested(where=where)
        elif self._is_bomb(entry.packed, entry.unpacked):
            yield from self._bomb(entry, where)
        elif entry.flags & ENCRYPTED:
            yield from self._locked(entry, where)
        elif stat.S_ISLNK(entry.mode) and entry.packed <= _TARGET:
            yield from self._link(entry, where)
        else:
            yield from self._member(entry, where)

    def _link(self, entry: Entry, where: Where) -> Iterator[Read]:
        try:
            opened, _ = self._checked(entry)
        except BombError as bomb:
            yield from self._bombed(bomb, where)
            return
        target = opened.read_at(0, _TARGET) if opened is not None else b"\0"
        if opened is not None:
            yield Link(where=where, kind="symbolic", target=target.decode("utf-8", "surrogateescape"))
        # A reader that knows no links sees a file with these bytes.
        if target.isascii() and target.decode().isprintable():
            yield Nested(where=where)
        else:
            yield Inner(where, partial(open_entry, entry, self._source, self._budget))

    def _is_bomb(self, packed: int, unpacked: int) -> bool:
        limits = self._budget.limits
        return unpacked > limits.ratio_from and unpacked > limits.ratio * max(1, min(packed, self._source.size))

    def _bomb(self, entry: Entry, where: Where) -> Iterator[Read]:
        """Read how a member begins that says itself that it unpacks to very much."""
        yield Expansion(where=where, packed=entry.packed, unpacked=entry.unpacked)
        detail = f"zip: {entry.packed} bytes unpack to {entry.unpacked}; only the first of them are read"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
        part = PartSource(self._source, entry.data, entry.data + entry.packed)
        if entry.method == DEFLATE:
            yield Inner(where.span(0, _BEGINNING), partial(_beginning, part))

    def _bombed(self, bomb: BombError, where: Where) -> Iterator[Read]:
        """Read how a member begins that turned out to unpack to very much."""
        yield Expansion(where=where, packed=bomb.packed, unpacked=bomb.unpacked)
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=f"zip: {bomb}; only the first of them are read")
        yield Inner(where.span(0, bomb.before.size), lambda: bomb.before)

    def _locked(self, entry: Entry, where: Where) -> Iterator[Read]:
        """Read a member whose flags say that it is encrypted: a loader that ignores them might."""
        try:
            opened, kind = (None, "") if entry.method == _AES else self._checked(entry)
        except BombError as bomb:
            yield from self._bombed(bomb, where)
            return
        whole = entry.method == STORED and entry.packed == entry.unpacked
        if opened is None or (kind and not whole) or getattr(opened, "broken", None):
            yield Gap(where=where, reason=GapReason.ENCRYPTED, detail="zip: the member is encrypted")
            return
        yield Disagreement(where=where, kind="member-flags", detail="flagged as encrypted, and readable without a key")
        yield Inner(where, self._opener(entry, opened))

    def _member(self, entry: Entry, where: Where) -> Iterator[Read]:
        size = max(entry.unpacked, entry.packed)
        if entry.is_raw or size > min(self._most, self._check):
            yield Inner(where, partial(open_entry, entry, self._source, self._budget))
            return
        self._check -= size
        try:
            opened, kind = self._checked(entry)
        except BombError as bomb:
            yield from self._bombed(bomb, where)
            return
        if kind:
            yield Disagreement(where=where, kind=kind, detail=_KINDS[kind])
        if entry.flags & STOPPING:
            detail = f"the flags {entry.flags:#06x} say patched or strongly encrypted, and it is neither"
            yield Disagreement(where=where, kind="member-refused", detail=detail)
        yield Inner(where, self._opener(entry, opened))
        used = getattr(opened, "consumed", entry.packed)
        if used < entry.packed:
            detail = f"the packed data ends after {used} of {entry.packed} bytes"
            yield Disagreement(where=where, kind="member-size", detail=detail)
            yield self._span(entry.data + used, entry.data + entry.packed)

    def _checked(self, entry: Entry) -> tuple[Source | None, str]:
        """Return the member unpacked, or None where that fails, and the kind of difference its header makes.

        Raises:
            BombError: it unpacks to more than is allowed.
        """
        crc = size = 0
        try:
            opened = open_entry(entry, self._source, self._budget)
            for block in _blocks(opened, self._budget):
                crc = zlib.crc32(block, crc)
                size += len(block)
        except BombError:
            raise
        except (UnreadableError, MissingExtraError, OverBudgetError):
            # Whoever opens the member is told the same, and says it.
            return None, ""
        if entry.flags & DESCRIBED and not entry.listed and not entry.crc:
            return opened, ""
        if size != entry.unpacked:
            return opened, "member-size"
        return opened, "" if crc == entry.crc else "member-checksum"

    def _opener(self, entry: Entry, opened: Source | None) -> Callable[[], Source]:
        if opened is None or entry.method == STORED or opened.size > self._keep:
            return partial(open_entry, entry, self._source, self._budget)
        self._keep -= opened.size
        return lambda: opened


def _beginning(part: Source) -> Source:
    inflater = zlib.decompressobj(-15)
    data, at = b"", 0
    try:
        while len(data) < _BEGINNING and not inflater.eof and (packed := part.read_at(at, _CHUNK)):
            data += inflater.decompress(packed, _BEGINNING - len(data))
            at += _CHUNK
    except zlib.error as error:
        raise UnreadableError(f"deflate: {error}") from error
    return BytesSource(data)


def _blocks(source: Source, budget: Budget) -> Iterator[bytes]:
    for offset in range(0, source.size, _CHUNK):
        budget.check_time()
        yield source.read_at(offset, _CHUNK)


def _is_text(data: bytes) -> bool:
    try:
        return all(line.isprintable() for line in data.decode().splitlines())
    except UnicodeDecodeError:
        return False


FORMAT: Final = Format(id="zip", title="ZIP archive", matches=_matches, read=_read)
