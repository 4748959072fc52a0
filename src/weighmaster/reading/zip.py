"""ZIP as every one of its readers sees it: by the central directory, by the local headers, and by what neither names.

Specification: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>. Readers differ where it leaves them room:

- Python's zipfile takes the last end record, and believes that the directory ends where that record begins; if the
  offsets say otherwise, it shifts them all. miniz, which PyTorch uses, takes every offset as written.
- Most readers take sizes, method and flags from the directory; those that read a stream only have the local headers.
- Some compare the two, or the checksum, and refuse what others load.

So nothing here decides who is right. `contents` yields every reading once, and every difference between them.
"""

from __future__ import annotations

import bisect
import itertools
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value, replace
from weighmaster.model.where import Member, Span, Step, Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import PartSource, Source, expect, is_far
from weighmaster.reading.zip_run import run

LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
_LOCATOR: Final = b"PK\x06\x07"
_DESCRIPTOR: Final = b"PK\x07\x08"

_TAIL: Final = 22 + 65535
_ENDS: Final = 16
"""End records that are looked into; a tail that holds more is said to."""
_TRIES: Final = 1000
"""Members without a size that are looked for where no directory points."""
_CHUNK: Final = 1 << 20
_NAME: Final = 4096
"""The longest name that a header nobody lists may have, to be taken for one."""

_BLOCK: Final = 1 << 16
_FAR_BLOCK: Final = 64
_AROUND: Final = 32
"""Bytes before a local header in which the descriptor of the member before it stands."""
_INTO: Final = 1 << 10
"""Bytes after a local header that whoever looks at the member will ask for."""
_EXPECTED: Final = 10_000
"""Local headers that are fetched at once from afar."""

STORED: Final = 0
DEFLATE: Final = 8
_CODECS: Final = {DEFLATE: "deflate", 12: "bz2", 14: "lzma-zip", 20: "zstd", 93: "zstd", 95: "xz"}
_METHODS: Final = frozenset({*range(15), 16, 18, 19, 20, *range(93, 100)})

ENCRYPTED: Final = 0x0001
"""Flag bit 0: encrypted. Bits 5 (patched), 6 (strong encryption) and 13 (masked header) stop some readers too."""
DESCRIBED: Final = 0x0008
"""Flag bit 3: sizes and checksum follow the data."""
_UTF8: Final = 0x0800
STOPPING: Final = 0x0001 | 0x0020 | 0x0040 | 0x2000

_MAX16: Final = 0xFFFF
_MAX32: Final = 0xFFFFFFFF
_FULL: Final = (_MAX16, _MAX32, _MAX32)

_RAW: Final = pattern(
    r"(?:.*/)?(?:data/[0-9]+|(?:constants|bytecode)/[0-9]+(?:\.storage)?|\.data/[0-9]+\.storage"
    r"|data/weights/weight_[0-9]+|data/constants/tensor_[0-9]+)\Z",
    re.IGNORECASE | re.DOTALL,
)


class Header(Value):
    """What one header, local or central, says of a member."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    alias: bytes | None = None
    """The name that the Unicode path field gives instead (APPNOTE 4.6.9)."""


class Entry(Value):
    """One way to read a member: packed bytes from `data` on, unpacked by `method`.

    `again` says that an earlier entry has the same name: this one is told from it by its bytes.
    """

    name: str
    data: int
    packed: int
    unpacked: int
    method: int
    flags: int
    crc: int
    mode: int = 0
    listed: bool = True
    again: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The way from the archive to this member, the same for all who read the archive."""
        if self.again:
            return Member(name=self.name), Span(start=self.data, end=self.data + self.packed)
        return (Member(name=self.name),)

    def at(self, where: Where) -> Where:
        """Return the member's place in the archive at `where`."""
        return Where(root=where.root, steps=where.steps + self.steps)

    @property
    def is_folder(self) -> bool:
        """Whether extracting it makes a folder and no file."""
        return self.name.endswith("/") and self.unpacked == 0 and self.packed <= 2

    @property
    def is_raw(self) -> bool:
        """Whether PyTorch gives this name to raw numbers."""
        return _RAW.match(self.name) is not None


class Alias(Value):
    """Another name under which some reader finds the member."""

    name: str


class Difference(Value):
    """Two readers see different things; `steps` lead to the member, if it is one."""

    kind: str
    detail: str
    steps: tuple[Step, ...] = ()


class Region(Value):
    """Bytes that no header and no directory refers to; `position` is `before`, `between` or `after` the members."""

    start: int
    end: int
    position: str


class Unread(Value):
    """A member that the directory lists and that is not, or not wholly, there."""

    steps: tuple[Step, ...]
    detail: str


class Comment(Value):
    """The text after the end record."""

    start: int
    text: bytes


Content: TypeAlias = Entry | Alias | Difference | Region | Unread | Comment


class _Listed(Value):
    """A record of a central directory."""

    header: Header
    offset: int
    base: int
    mode: int
    stop: int


class _Directory(Value):
    """Where an end record, read in one of the possible ways, puts the directory.

    `base` is what the reader adds to every offset, `limit` where the directory must end.
    """

    start: int
    base: int
    size: int
    count: int
    limit: int


class _End(Value):
    """An end record, the comment after it, and where readers look for its directory."""

    start: int
    end: int
    comment: bytes
    directories: tuple[_Directory, ...]
    covered: tuple[tuple[int, int], ...]
    gap: bool


def is_zip(source: Source, head: bytes, tail: bytes) -> bool:
    """Whether some reader takes these bytes for a zip: by how they begin, or by an end record with a directory."""
    # Several of PyTorch's, one after the other, are opened one at a time, and have a reader of their own.
    if head[:4] == LOCAL and run(source):
        return False
    # Four bytes and a few zeros are no archive: programs that read archives hold them too.
    return head[:4] in (LOCAL, _END, _END64) or (
        _END in tail and any(directory.size for end in _ends(source) for directory in end.directories)
    )


def listed(source: Source, budget: Budget) -> Iterator[Entry]:
    """Yield the members that the directory lists under a name that no other member has, upper and lower case alike.

    They have the places that `contents` gives them.
    """
    window = _Window(source)
    _expect_headers(window, budget)
    found: dict[str, _Listed | None] = {}
    for directory in _primary(source):
        for record in _records(window, directory, budget):
            folded = _text(record.header.name, record.header.flags).casefold()
            found[folded] = None if folded in found else record
    for once in found.values():
        located = _located(window, once) if once is not None else []
        if once is not None and len(located) == 1:
            yield next(_readings(once, *located[0][1:]))


def names(source: Source, budget: Budget) -> tuple[str, ...]:
    """Return the names in the central directory. Many formats ask, one after the other: it is read once."""
    if not _last or _last[0][0] is not source:
        window = _Window(source)
        found = tuple(
            _text(record.header.name, record.header.flags)
            for directory in _primary(source)
            for record in _records(window, directory, budget)
        )
        _last[:] = [(source, found)]
    return _last[0][1]


_last: list[tuple[Source, tuple[str, ...]]] = []
"""The archive that was asked about last, and its names."""


def contents(source: Source, budget: Budget) -> Iterator[Content]:
    """Yield all that the readers of a zip see, each thing once.

    Raises:
        UnreadableError: there is no central directory.
        OverBudgetError: there are more members than allowed.
    """
    return _Reader(source, budget).read()


def open_entry(entry: Entry, source: Source, budget: Budget) -> Source:
    """Return the bytes of a member, unpacked.

    Raises:
        UnreadableError: nobody here knows its method.
    """
    part = PartSource(source, entry.data, entry.data + entry.packed)
    if entry.method == STORED:
        return part
    codec = _CODECS.get(entry.method)
    if codec is None:
        raise UnreadableError(f"packed by method {entry.method}, which is not supported", offset=entry.data)
    from weighmaster.reading.unpacked import unpacked

    return unpacked(part, codec, budget)


class _Window:
    """The source, read in blocks: headers are small, and mostly stand together."""

    __slots__ = ("_block", "_from", "_least", "size", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.size = source.size
        self._least = _FAR_BLOCK if is_far(source) else _BLOCK
        self._from = 0
        self._block = b""

    def at(self, offset: int, count: int, block: int | None = None) -> bytes:
        """Return up to `count` bytes from `offset` on."""
        if offset < 0:
            return b""
        skip = offset - self._from
        if skip < 0 or skip + count > len(self._block):
            self._block = self.source.read_at(offset, max(count, self._least if block is None else block))
            self._from, skip = offset, 0
        return self._block[skip : skip + count]


def _expect_headers(window: _Window, budget: Budget) -> None:
    """Say where the local headers stand, by the directory, with what will be read around them."""
    if not is_far(window.source):
        return
    found = []
    for directory in _primary(window.source):
        for record in itertools.islice(_records(window, directory, budget), _EXPECTED):
            at = record.offset + record.base
            found.append((at - _AROUND, at + 30 + len(record.header.name) + _INTO))
    expect(window.source, found)


class _Cover:
    """Spans of bytes that something accounts for."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Account for bytes `start` to `end`."""
        if start < end:
            self._spans.append((start, end))

    def merge(self) -> None:
        """Sort what was added, and join what touches."""
        joined: list[tuple[int, int]] = []
        for start, end in sorted(self._spans):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        self._spans = joined

    def holds(self, offset: int) -> bool:
        """Whether something accounts for the byte at `offset`; only after `merge`."""
        index = bisect.bisect_right(self._spans, (offset, 1 << 64)) - 1
        return index >= 0 and offset < self._spans[index][1]

    def gaps(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield the spans up to `size` that nothing accounts for; only after `merge`."""
        at = 0
        for start, end in [*self._spans, (size, size)]:
            if at < min(start, size):
                yield at, min(start, size)
            at = max(at, end)


class _Reader:
    """Collects the readings of one archive."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._window = _Window(source)
        self._seen: dict[str, set[tuple[int, int, int]]] = {}
        self._folded: dict[str, str] = {}
        self._cover = _Cover()
        self._members: list[tuple[int, int, str]] = []
        self._first = source.size
        self._last = 0
        self._directories = 0
        self._tries = _TRIES

    def read(self) -> Iterator[Content]:
        """Yield everything."""
        _expect_headers(self._window, self._budget)
        yield from self._by_directories()
        yield from self._overlaps()
        self._cover.merge()
        for start, end in list(self._cover.gaps(self._source.size)):
            yield from self._between(start, end)
        if not self._directories:
            raise UnreadableError("zip: no central directory")

    def _by_directories(self) -> Iterator[Content]:
        seen: set[tuple[int, int]] = set()
        ends = list(_ends(self._source))
        if len(ends) == _ENDS:
            yield Difference(kind="end-records", detail=f"{_ENDS} or more end records")
        for end in ends:
            if not end.directories or self._cover.holds(end.start):
                continue
            new = [d for d in end.directories if (d.start, d.base) not in seen]
            if (self._directories and new) or len({d.start for d in new}) > 1:
                starts = ", ".join(str(d.start) for d in new)
                yield Difference(kind="two-directories", detail=f"another central directory, at byte {starts}")
            if end.gap:
                yield Difference(
                    kind="directory-gap", detail="the central directory does not end where the end record begins"
                )
            self._directories += 1
            if end.comment:
                yield Comment(start=end.end - len(end.comment), text=end.comment)
            for span in end.covered:
                self._cover.add(*span)
            for directory in new:
                seen.add((directory.start, directory.base))
                yield from self._by_directory(directory)
            self._cover.merge()

    def _by_directory(self, directory: _Directory) -> Iterator[Content]:
        count, stop = 0, directory.start
        for record in _records(self._window, directory, self._budget):
            if stop == directory.start + directory.size and count:
                yield Difference(
                    kind="directory-length", detail=f"the directory goes on after the {count} members it declares"
                )
            count += 1
            stop = record.stop
            yield from self._by_record(record)
        if count & _MAX16 != directory.count & _MAX16:
            yield Difference(kind="directory-length", detail=f"{directory.count} members declared, {count} listed")
        self._cover.add(directory.start, stop)
        self._members.append((directory.start, stop, ""))
        self._last = max(self._last, directory.start)

    def _by_record(self, record: _Listed) -> Iterator[Content]:
        name = _text(record.header.name, record.header.flags)
        steps = (Member(name=name),)
        known = name in self._seen
        located = _located(self._window, record)
        if not located:
            yield Unread(steps=steps, detail=f"no local header at byte {record.offset + record.base}")
        if len(located) > 1:
            detail = f"{name!r} begins at byte {located[0][0]} or {located[1][0]}, by how a reader counts"
            yield Difference(kind="member-place", detail=detail, steps=steps)
        for header_at, local, data in located:
            entries = [self._once(reading) for reading in _readings(record, local, data)]
            new = [entry for entry in entries if entry is not None]
            if not new:
                continue
            yield from new
            if known:
                yield Difference(
                    kind="duplicate-member", detail=f"several members are called {name!r}", steps=new[0].steps
                )
            yield from self._named(record.header, name)
            yield from self._compared(record.header, local, new[0])
            yield from self._ended(header_at, local, new[0])

    def _once(self, entry: Entry) -> Entry | None:
        """Return the entry as one of its name, or None if it was given before."""
        seen = self._seen.setdefault(entry.name, set())
        key = (entry.data, entry.packed, entry.method)
        if key in seen:
            return None
        seen.add(key)
        return replace(entry, again=True) if len(seen) > 1 else entry

    def _named(self, header: Header, name: str) -> Iterator[Content]:
        steps = (Member(name=name),)
        other = self._folded.setdefault(name.casefold(), name)
        if other != name:
            yield Difference(kind="names-differ-in-case", detail=f"{other!r} and {name!r}", steps=steps)
        if "\0" in name:
            yield Difference(kind="name-with-nul", detail=f"{name!r} ends at the NUL for some readers", steps=steps)
            yield Alias(name=name.split("\0", maxsplit=1)[0])
        if header.alias is not None and header.alias != header.name:
            alias = header.alias.decode("utf-8", "surrogateescape")
            yield Alias(name=alias)
            # The field is there for names that the header cannot spell; an ASCII name needs none.
            if header.name.isascii():
                yield Difference(
                    kind="member-name", detail=f"{name!r} is {alias!r} to readers of Unicode names", steps=steps
                )

    def _compared(self, central: Header, local: Header, entry: Entry) -> Iterator[Content]:
        name = _text(local.name, local.flags)
        if local.name != central.name:
            yield Alias(name=name)
            detail = f"{entry.name!r} in the directory, {name!r} in the local header"
            yield Difference(kind="member-name", detail=detail, steps=entry.steps)
        if local.method != central.method:
            detail = f"method {central.method} in the directory, {local.method} in the local header"
            yield Difference(kind="member-method", detail=detail, steps=entry.steps)
        if (local.flags ^ central.flags) & STOPPING:
            detail = f"flags {central.flags:#06x} in the directory, {local.flags:#06x} in the local header"
            yield Difference(kind="member-flags", detail=detail, steps=entry.steps)
        for what, listed_value, local_value in (
            ("size", central.unpacked, local.unpacked),
            ("packed size", central.packed, local.packed),
            ("checksum", central.crc, local.crc),
        ):
            if listed_value != local_value and not (local.flags & DESCRIBED and local_value in (0, _MAX32)):
                detail = f"{what} {listed_value} in the directory, {local_value} in the local header"
                kind = "member-checksum" if what == "checksum" else "member-size"
                yield Difference(kind=kind, detail=detail, steps=entry.steps)

    def _ended(self, header_at: int, local: Header, entry: Entry) -> Iterator[Content]:
        """Account for a member's bytes, and look at what follows them."""
        end = entry.data + entry.packed
        if end > self._source.size:
            missing = end - self._source.size
            yield Unread(steps=entry.steps, detail=f"the file ends {missing} bytes before the member does")
        described = 0
        if local.flags & DESCRIBED:
            described, kind = _descriptor(self._window.at(end, 24), entry)
            if kind:
                detail = "what stands after the data differs from what the directory says"
                yield Difference(kind=kind, detail=detail, steps=entry.steps)
        self._cover.add(header_at, end + described)
        self._members.append((header_at, end, entry.name))
        self._first = min(self._first, header_at)
        self._last = max(self._last, header_at)

    def _overlaps(self) -> Iterator[Content]:
        count, reach, owner, example = 0, 0, "", ""
        for start, end, name in sorted(set(self._members)):
            if start < reach and (name or owner):
                count += 1
                example = example or f"{owner!r} and {name!r}"
            if end > reach:
                reach, owner = end, name
        if count:
            yield Difference(kind="overlapping-members", detail=f"{count} members share bytes with others: {example}")

    def _between(self, start: int, end: int) -> Iterator[Content]:
        """Yield what stands where no directory points: members that only a streaming reader sees, and the rest."""
        position = "before" if start < self._first else "after" if start >= self._last else "between"
        at = start
        for found in _found(self._source, LOCAL, start, end, self._budget):
            local = _local(self._window, found) if found >= at else None
            if local is None or not _plausible(local[0]):
                continue
            header, data = local
            packed = header.packed or self._unlisted_size(header, data, end)
            if self._directories:
                if data + packed > self._source.size:
                    continue
            else:
                packed = min(packed, max(0, end - data))
            if at < found:
                yield Region(start=at, end=found, position=position)
            entry = self._once(_unlisted(header, data, packed))
            if entry is not None:
                yield entry
                if self._directories:
                    detail = f"{entry.name!r} has a local header and is in no directory"
                    yield Difference(kind="unlisted-member", detail=detail, steps=entry.steps)
            at = data + packed
            if header.flags & DESCRIBED and self._window.at(at, 4) == _DESCRIPTOR:
                at += 16
        if at < end:
            yield Region(start=at, end=end, position=position)

    def _unlisted_size(self, header: Header, start: int, end: int) -> int:
        """Return how much data follows a header that leaves it to the data to say."""
        if not header.flags & DESCRIBED or self._tries == 0:
            return 0
        # Every byte could be the start of a stream that breaks at the end.
        self._tries -= 1
        if header.method == DEFLATE:
            return _deflated(self._source, start, end, self._budget)
        return next(_found(self._source, _DESCRIPTOR, start, end, self._budget), end) - start


def _ends(source: Source) -> Iterator[_End]:
    """Yield the end records in the tail, the last one first."""
    start = max(0, source.size - _TAIL)
    tail = source.read_at(start, _TAIL)
    at = len(tail)
    for _ in range(_ENDS):
        at = tail.rfind(_END, 0, at)
        if at < 0:
            return
        if at + 22 <= len(tail):
            yield _end(source, start + at, tail[at : at + 22 + _MAX16])


def _end(source: Source, start: int, record: bytes) -> _End:
    count, size, offset, length = struct.unpack("<10xHIIH", record[:22])
    comment = record[22 : 22 + length]
    covered = [(start, start + 22 + len(comment))]
    claims: list[tuple[int, ...]] = []
    limit = start
    plain: tuple[int, ...] = (count, size, offset)
    for at, claim, end in _records64(source, start):
        limit = min(limit, at)
        claims.append((at, *claim))
        covered += [(at, min(end, start)), (start - 20, start)]
        # A field that is full says: see the zip64 record.
        plain = tuple(wide if short == full else short for short, wide, full in zip(plain, claim, _FULL, strict=True))
    claims.append((limit, *plain))
    placed = [_placed(source, *claim) for claim in claims]
    return _End(
        start=start,
        end=start + 22 + len(comment),
        comment=comment,
        directories=tuple(dict.fromkeys(directory for directories, _ in placed for directory in directories)),
        covered=tuple(covered),
        gap=any(gap for _, gap in placed),
    )


def _records64(source: Source, start: int) -> Iterator[tuple[int, tuple[int, int, int], int]]:
    """Yield the zip64 end records that the locator before `start` leads to: place, what they claim, end."""
    locator = source.read_at(max(0, start - 20), 20) if start >= 20 else b""
    if len(locator) < 20 or locator[:4] != _LOCATOR:
        return
    (written,) = struct.unpack("<8xQ4x", locator)
    # As written for some readers; right before the locator for others.
    for at in dict.fromkeys((written, start - 76)):
        record = source.read_at(at, 56) if 0 <= at <= start - 76 else b""
        if len(record) == 56 and record[:4] == _END64:
            length, count, size, offset = struct.unpack("<4xQ20xQQQ", record)
            yield at, (count, size, offset), at + 12 + length


def _placed(source: Source, limit: int, count: int, size: int, offset: int) -> tuple[list[_Directory], bool]:
    """Return where readers look for a directory, and whether it stands apart from the end record."""
    if size == count == 0 and offset <= limit:
        return [_Directory(start=limit, base=0, size=0, count=0, limit=limit)], False
    shifted = (limit - size, limit - size - offset)
    found = [
        _Directory(start=start, base=base, size=size, count=count, limit=limit)
        for start, base in dict.fromkeys((shifted, (offset, 0)))
        if 0 <= start <= limit - 46 and source.read_at(start, 4) == _CENTRAL
    ]
    return found, bool(found) and found[0].start != shifted[0]


def _primary(source: Source) -> tuple[_Directory, ...]:
    return next((end.directories for end in _ends(source) if end.directories), ())


def _records(window: _Window, directory: _Directory, budget: Budget) -> Iterator[_Listed]:
    """Yield the records of a directory, as far as there are any, whatever number or size it declares."""
    at = directory.start
    for number in range(budget.limits.members + 1):
        fixed = window.at(at, 46) if at + 46 <= directory.limit else b""
        if fixed[:4] != _CENTRAL:
            return
        if number == budget.limits.members:
            break
        flags, method, crc, packed, unpacked_, *lengths, attributes, offset = struct.unpack("<8xHH4xIIIHHH4xII", fixed)
        stop = at + 46 + sum(lengths)
        if stop > directory.limit:
            return
        body = window.at(at + 46, lengths[0] + lengths[1])
        extra = _fields(body[lengths[0] :])
        sizes = _sizes64(extra.get(1, b""), (unpacked_, packed, offset))
        header = Header(
            name=body[: lengths[0]],
            flags=flags,
            method=method,
            crc=crc,
            packed=sizes[1],
            unpacked=sizes[0],
            alias=_alias(extra, body[: lengths[0]]),
        )
        yield _Listed(header=header, offset=sizes[2], base=directory.base, mode=attributes >> 16, stop=stop)
        at = stop
        if number % 1024 == 0:
            budget.check_time()
    raise OverBudgetError(f"zip: more than {budget.limits.members} members")


def _local(window: _Window, at: int) -> tuple[Header, int] | None:
    """Return the local header at `at` and where its data begins, if there is one."""
    fixed = window.at(at, 30, 512)
    if len(fixed) < 30 or fixed[:4] != LOCAL:
        return None
    flags, method, crc, packed, unpacked_, name, more = struct.unpack("<6xHH4xIIIHH", fixed)
    body = window.at(at + 30, name + more, 0)
    extra = _fields(body[name:])
    sizes = _sizes64(extra.get(1, b""), (unpacked_, packed))
    header = Header(
        name=body[:name],
        flags=flags,
        method=method,
        crc=crc,
        packed=sizes[1],
        unpacked=sizes[0],
        alias=_alias(extra, body[:name]),
    )
    return header, at + 30 + name + more


def _fields(extra: bytes) -> dict[int, bytes]:
    """Return the extra fields by id, the first of each."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        id, length = struct.unpack_from("<HH", extra, at)
        fields.setdefault(id, extra[at + 4 : at + 4 + length])
        at += 4 + length
    return fields


def _sizes64(field: bytes, values: tuple[int, ...]) -> list[int]:
    """Replace those `values` that do not fit in 32 bits by what the zip64 field says (APPNOTE 4.5.3)."""
    result = []
    for value in values:
        if value == _MAX32 and len(field) >= 8:
            value, field = int.from_bytes(field[:8], "little"), field[8:]  # noqa: PLW2901 - the wide value stands for it
        result.append(value)
    return result


def _alias(extra: dict[int, bytes], name: bytes) -> bytes | None:
    field = extra.get(0x7075, b"")
    # A checksum that does not fit says that the name was changed later by a tool that does not know the field.
    if len(field) > 5 and field[0] == 1 and int.from_bytes(field[1:5], "little") == zlib.crc32(name):
        return field[5:]
    return None


def _text(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "surrogateescape") if flags & _UTF8 else name.decode("cp437")


def _located(window: _Window, record: _Listed) -> list[tuple[int, Header, int]]:
    """Return the local headers that a reader may find for a record: place, header, where the data begins."""
    places = dict.fromkeys((record.base + record.offset, record.offset))
    return [(at, *local) for at in places if (local := _local(window, at)) is not None]


def _readings(record: _Listed, local: Header, data: int) -> Iterator[Entry]:
    """Yield the ways to read a member, the directory's first."""
    central = record.header
    ways = [(central.method, central.packed)]
    if central.method == STORED and not (central.flags | local.flags) & ENCRYPTED:
        ways.append((STORED, central.unpacked))
    if local.method != central.method:
        ways.append((local.method, central.packed))
    if local.packed != central.packed and not (local.flags & DESCRIBED and local.packed in (0, _MAX32)):
        ways += [(method, local.packed) for method in dict.fromkeys((central.method, local.method))]
    for method, packed in dict.fromkeys(ways):
        yield Entry(
            name=_text(central.name, central.flags),
            data=data,
            packed=packed,
            unpacked=central.unpacked,
            method=method,
            flags=central.flags | local.flags,
            crc=central.crc,
            mode=record.mode,
        )


def _descriptor(data: bytes, entry: Entry) -> tuple[int, str]:
    """Return the length of the data descriptor that begins `data`, and the kind of difference it makes."""
    signed = data[:4] == _DESCRIPTOR
    body = data[4:] if signed else data
    for layout in ("<III", "<IQQ"):
        length = struct.calcsize(layout)
        if len(body) < length:
            continue
        crc, packed, size = struct.unpack_from(layout, body)
        if (packed, size) == (entry.packed, entry.unpacked) and (signed or crc == entry.crc):
            return 4 * signed + length, "" if crc == entry.crc else "member-checksum"
    return (16, "member-size") if signed else (0, "")


def _unlisted(header: Header, data: int, packed: int) -> Entry:
    return Entry(
        name=_text(header.name, header.flags),
        data=data,
        packed=packed,
        unpacked=header.unpacked,
        method=header.method,
        flags=header.flags,
        crc=header.crc,
        listed=False,
    )


def _plausible(header: Header) -> bool:
    """Whether these bytes are a header, and not numbers that happen to begin like one."""
    return 0 < len(header.name) <= _NAME and min(header.name) >= 32 and header.method in _METHODS


def _deflated(source: Source, start: int, end: int, budget: Budget) -> int:
    """Return the length of the deflate stream at `start`; 0 where there is none."""
    inflater = zlib.decompressobj(-15)
    at, packed = start, b""
    try:
        while not inflater.eof and (at < end or packed):
            if not packed:
                packed = source.read_at(at, min(_CHUNK, end - at))
                at += len(packed)
            budget.unpack(len(inflater.decompress(packed, _CHUNK)))
            packed = inflater.unconsumed_tail
    except zlib.error:
        return 0
    return at - start - len(inflater.unused_data)


def _found(source: Source, wanted: bytes, start: int, end: int, budget: Budget) -> Iterator[int]:
    """Yield where `wanted` stands between `start` and `end`."""
    for offset in range(start, end, _CHUNK):
        # Four bytes may stand across the border of two chunks.
        block = source.read_at(offset, min(_CHUNK + len(wanted) - 1, end - offset))
        budget.check_time()
        at = block.find(wanted)
        while at >= 0:
            yield offset + at
            at = block.find(wanted, at + 1)
