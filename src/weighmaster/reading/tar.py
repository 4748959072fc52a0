"""Tar as its readers see it: v7, ustar, GNU and pax headers, one after the other.

Specifications: POSIX.1-2017, pax, "EXTENDED DESCRIPTION" <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html>;
GNU tar, "Basic Tar Format" <https://www.gnu.org/software/tar/manual/html_node/Standard.html>. Readers differ where it
leaves them room, and what Python's `tarfile` does comes first here: of two names for one member it takes the one that
comes first, it stops at the first block of zeros, and silently at the first header whose checksum is wrong. Whatever
another reader would see instead stands in `Entry.notes`, `Entry.names` and `Entry.spans`, or is a `Hole`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.model.where import Member, Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

BLOCK: Final = 512
_ZEROS: Final = bytes(BLOCK)
_CHUNK: Final = 1 << 16
_EXTENDED: Final = 16 << 20
"""The longest pax header that is read."""
_NAME: Final = 1 << 13
"""The longest name; systems allow half of it."""
_OCTAL: Final = 8**11 - 1
"""The largest size that the header itself can hold."""
_LEADING: Final = pattern(rb"[ \0]*([0-7]+)")
_RECORD: Final = pattern(rb"(\d{1,9}) ([^=]+)=")
_KEPT: Final = frozenset({"path", "linkpath", "size"})
_SPARSE: Final = "GNU.sparse."

_KINDS: Final = {"1": "hard", "2": "symbolic", "3": "device", "4": "device", "5": "directory", "6": "device"}


class Header(Value):
    """One block that says what follows it. `odd` says that not every reader gets the same size from it."""

    kind: str
    name: str
    prefix: str
    posix: bool
    link: str
    size: int
    odd: bool
    extended: bool


class Entry(Value):
    """A member: bytes `start` to `end` of the archive.

    `kind` is file, directory, device, or that of a link, whose target is `link`. `notes` are the differences that
    readers see, as kind and detail; `names` what else some call it; `spans` which other bytes some take for it.
    """

    kind: str
    name: str
    link: str
    start: int
    end: int
    sparse: bool
    notes: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


class Hole(Value):
    """Bytes that belong to no member; `position` is that of a `Stray`."""

    start: int
    end: int
    position: str


class Damage(Value):
    """A header at `offset` that most readers stop at."""

    offset: int


Part: TypeAlias = Entry | Hole | Damage


def parse_header(block: bytes) -> Header | None:
    """Return what a block says, or None where its checksum does not fit."""
    if len(block) != BLOCK or not _sums_up(block):
        return None
    size, odd = _number(block[124:136])
    kind = block[156:157].decode("latin-1")
    name = _text(block[:100])
    if kind == "\0" and name.endswith("/"):
        kind = "5"
    return Header(
        kind=kind,
        name=name,
        prefix=_text(block[345:500]),
        posix=block[257:263] == b"ustar\0",
        link=_text(block[157:257]),
        size=size,
        odd=odd,
        extended=block[482] != 0,
    )


def walk(source: Source, budget: Budget) -> Iterator[Part]:
    """Yield the members of a tar, and what lies between and after them.

    Raises:
        UnreadableError: it ends early, or a header makes no sense; what was yielded before stands.
        OverBudgetError: its headers are too long.
    """
    return _Walk(source, budget).parts()


def place(where: Where, entry: Entry, seen: set[int]) -> tuple[Where, bool]:
    """Return where a member stands, and whether another of its name came before: `seen` remembers the names."""
    name = entry.name
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    key = hash(name)
    inside = where / Member(name=entry.name)
    if key in seen:
        return inside.span(entry.start, entry.end), True
    seen.add(key)
    return inside, False


_LOW: Final = bytes(range(128))


def _sums_up(block: bytes) -> bool:
    if not any(block[148:156]):
        return False
    wanted, _ = _number(block[148:156])
    # The field itself counts as blanks. Old writers added signed bytes.
    total = sum(block) - sum(block[148:156]) + 8 * 32
    if wanted == total:
        return True
    high = len(block.translate(None, _LOW)) - len(block[148:156].translate(None, _LOW))
    return wanted == total - 256 * high


def _number(field: bytes) -> tuple[int, bool]:
    """Return a number, and whether readers might disagree about it."""
    if field[0] & 0x80:
        # GNU's base 256: two's complement in all bits but the first.
        value = int.from_bytes(field, "big") & (1 << (8 * len(field) - 1)) - 1
        if field[0] & 0x40:
            value -= 1 << (8 * len(field) - 1)
        return value, field[0] not in (0x80, 0xFF)
    text = field.split(b"\0", 1)[0].strip()
    if not text.strip(b"01234567"):
        return int(text or b"0", 8), b"\0" in field.rstrip(b"\0 ")
    found = _LEADING.match(field)
    return (int(found[1], 8) if found else 0), True


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _up(count: int) -> int:
    return -(-count // BLOCK) * BLOCK


class _Walk:
    """The state of going through one archive."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget
        self._at = 0
        self._always: dict[str, str] = {}
        self._pending: dict[str, str] = {}
        self._notes: list[tuple[str, str]] = []

    def parts(self) -> Iterator[Part]:
        """See `walk`."""
        while len(block := self._source.read_at(self._at, BLOCK)) == BLOCK:
            self._budget.check_time()
            if block == _ZEROS:
                yield from self._rest(self._at + BLOCK)
                break
            header = parse_header(block)
            if header is None:
                yield from self._damaged()
            elif header.kind in "xXgLK":
                self._extend(header)
            else:
                yield from self._member(header)
        else:
            if any(block):
                yield Hole(start=self._at, end=self._source.size, position="after")
        if self._pending:
            raise UnreadableError("a name without a member", offset=self._at)

    def _rest(self, at: int) -> Iterator[Part]:
        """Look behind the end mark, where most readers do not."""
        while chunk := self._source.read_at(at, _CHUNK):
            self._budget.check_time()
            zeros = len(chunk) - len(chunk.lstrip(b"\0"))
            if zeros < len(chunk):
                start = at + zeros // BLOCK * BLOCK
                yield Hole(start=start, end=self._source.size, position="after")
                return
            at += len(chunk)

    def _damaged(self) -> Iterator[Part]:
        """Go on at the next header that makes sense."""
        start = self._at
        yield Damage(offset=start)
        self._pending, self._notes = {}, []
        self._at = self._next_header(start + BLOCK)
        position = "between" if self._at < self._source.size else "after"
        yield Hole(start=start, end=self._at, position=position)

    def _next_header(self, at: int) -> int:
        while chunk := self._source.read_at(at, _CHUNK):
            self._budget.check_time()
            for offset in range(0, len(chunk) - BLOCK + 1, BLOCK):
                if chunk[offset + 148 : offset + 156].strip(b" \0") and parse_header(chunk[offset : offset + BLOCK]):
                    return at + offset
            at += len(chunk)
        return self._source.size

    def _extend(self, header: Header) -> None:
        """Remember what a header says about the next."""
        if not 0 <= header.size <= _EXTENDED:
            raise OverBudgetError(f"a header of {header.size} bytes at byte {self._at}")
        start = self._at + BLOCK
        data = self._source.read_at(start, header.size)
        if len(data) < header.size:
            raise UnreadableError("ends in a header", offset=start)
        if header.kind in "LK":
            found = {"path" if header.kind == "L" else "linkpath": _text(data)}
        else:
            found = self._records(data, start)
        if any(len(value) > _NAME for value in found.values()):
            raise UnreadableError(f"a name of more than {_NAME} bytes", offset=start)
        if header.kind == "g":
            self._always |= found
        else:
            self._note_changes(found)
            self._pending = found | self._pending
        self._at = start + _up(header.size)

    def _note_changes(self, found: Mapping[str, str]) -> None:
        for key, value in found.items():
            before = self._pending.get(key, value)
            if before != value:
                kind = "member-size" if key == "size" else "member-name"
                self._notes.append((kind, f"two headers say {key}: {before!r} and {value!r}"))

    def _records(self, data: bytes, start: int) -> dict[str, str]:
        found: dict[str, str] = {}
        at = 0
        while at < len(data) and data[at]:
            record = _RECORD.match(data, at)
            end = at + int(record[1]) if record else 0
            if record is None or not record.end() < end <= len(data) or data[end - 1] != 0x0A:
                raise UnreadableError("not a pax record", offset=start + at)
            key = record[2].decode("utf-8", "replace")
            if key in _KEPT or key.startswith(_SPARSE):
                value = data[record.end() : end - 1].decode("utf-8", "surrogateescape")
                found[key] = value if key != _SPARSE + "map" else ""
            at = end
        return found

    def _member(self, header: Header) -> Iterator[Part]:
        said = self._always | self._pending
        notes, self._notes, self._pending = self._notes, [], {}
        names: list[str] = []
        name = self._name(header, said, notes, names)
        size = self._size(header, said, notes)
        start = self._at + BLOCK
        if header.kind == "S" and header.extended:
            start = self._after_map(start)
        kind = _KINDS.get(header.kind, "file")
        spans: list[tuple[int, int]] = []
        if kind != "file" and size:
            # Python reads the next header here, others skip what the size says.
            notes.append(("member-size", f"a {kind} entry of {size} bytes: not all readers skip them"))
            spans.append((start, start + size))
            size = 0
        elif header.size != size and header.size <= _OCTAL and size <= _OCTAL:
            spans += [(start, start + header.size), (start + _up(header.size), start + size)]
        end = start + size
        yield Entry(
            kind=kind,
            name=name.rstrip("/") if kind == "directory" else name,
            link=said.get("linkpath", header.link),
            start=start,
            end=min(end, self._source.size),
            sparse=header.kind == "S" or any(key.startswith(_SPARSE) for key in said),
            notes=tuple(notes),
            names=tuple(names),
            spans=tuple((a, min(b, self._source.size)) for a, b in spans if a < min(b, self._source.size)),
        )
        if end > self._source.size:
            raise UnreadableError(f"{end - self._source.size} bytes of the last member are missing", offset=start)
        self._at = start + _up(size)
        padding = self._source.read_at(end, self._at - end)
        if any(padding):
            yield Hole(start=end, end=end + len(padding), position="between")

    def _name(self, header: Header, said: Mapping[str, str], notes: list[tuple[str, str]], names: list[str]) -> str:
        plain = header.name
        if header.prefix and header.kind != "S":
            # Python joins the two in every archive, others only where the header says ustar.
            if not header.posix:
                notes.append(("member-name", "a prefix to the name in a header that is not ustar"))
                names.append(plain)
            plain = f"{header.prefix}/{plain}"
        full = said.get(_SPARSE + "name", said.get("path"))
        if full is None:
            return plain
        # A name that fits into the header needs no other: whoever wrote both wants two readers to differ.
        fits = full.isascii() and len(full) <= 100 and _SPARSE + "name" not in said
        if fits and full.rstrip("/") != plain.rstrip("/"):
            notes.append(("member-name", f"the header says {plain!r}, an extended header {full!r}"))
            names.append(plain)
        return full

    def _size(self, header: Header, said: Mapping[str, str], notes: list[tuple[str, str]]) -> int:
        size = header.size
        if "size" in said:
            text = said["size"]
            size = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
            if size <= _OCTAL and size != header.size:
                notes.append(("member-size", f"the header says {header.size} bytes, an extended header {text}"))
        elif header.odd:
            notes.append(("member-size", "the size is written in a way that not all readers understand"))
        if size < 0 or header.size < 0:
            raise UnreadableError("a size that cannot be", offset=self._at)
        return size

    def _after_map(self, at: int) -> int:
        """Return where the blocks end that go on with the map of an old GNU sparse file."""
        more = True
        while more:
            self._budget.check_time()
            block = self._source.read_at(at, BLOCK)
            if len(block) < BLOCK:
                raise UnreadableError("ends in the map of a sparse file", offset=at)
            more = block[504] != 0
            at += BLOCK
        return at
