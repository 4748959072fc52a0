"""SQLite 3 databases: every record of every table and index, for the values that a loader could take.

Programs keep pickles, archives and compressed streams in BLOBs, and in texts as Base64: those are handed on, named by
table, rowid and number of the column (where there is no rowid, as in an index: where the record stands). Values that
begin with something else, free pages and the space between cells are searched as unknown bytes are. Values of no known
kind are data, as they are in other tables.

What changed last may stand in a write-ahead log beside the file (`-wal`) or be undone by a journal (`-journal`): those
are files of their own, of which nothing is put together with the database.

Specification: <https://www.sqlite.org/fileformat2.html>.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, starmap
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible, whole
from weighmaster.model.errors import EncryptedError, MissingExtraError, OverBudgetError, UnreadableError
from weighmaster.model.fact import Metadata, Reference, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.carve import spans, zlib_streams
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import decoded, is_artifact, is_code
from weighmaster.reading.source import BytesSource, PartSource, Source, expect
from weighmaster.reading.sqlite import MAGIC, TEXT_OR_BLOB, TREE, Cell, Database, Pieces, values
from weighmaster.reading.unpacked import BombError, unpacked

_UTF_8: Final = "utf-8"
_SCHEMA: Final = "sqlite_schema"
_TABLES: Final = 20_000
_TEXT: Final = 1 << 16
_SHOWN: Final = 80
_NAME: Final = 200
_DIGITS: Final = 10
_SHORTEST: Final = 4
_HEAD: Final = 1 << 16
_CHUNK: Final = 1 << 20
_ENCODED: Final = 32
"""Fewer characters of Base64 stand for no pickle that does something."""
_WHOLE: Final = 64 << 20
_SEARCHED: Final = 256 << 20
_STREAMS: Final = 4 << 20
_FOUND: Final = 1000
_HOLE: Final = 8
_OPCODES: Final = 1 << 16
_NUMBERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_LOADS: Final = pattern(r"\bload_extension\s*\(")

_MARKS: Final = (
    *(b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"),
    *(b"7z\xbc\xaf\x27\x1c", b"\x93NUMPY", b"\x7fELF", b"\x89HDF\r\n\x1a\n", b"GGUF", MAGIC),
)
_STARTS: Final = pattern(rb"x[\x01\x5e\x9c\xda]|[c\xe3](?:[^\0].|.[^\0]|..)\0\0..\0\0..\0\0", 16)  # re.DOTALL
"""How streams of zlib and code objects begin."""
_NAMING: Final = b"\n\x80\x82\x83\x84\x93"
"""One of these stands in every pickle that names something, or that says its protocol."""
_OLD: Final = (b"c", b"(", b"]", b"}")
"""How pickles begin that do not say their protocol."""
_CLASSES: Final = bytes(
    0x21 if byte in _NAMING else 0x61 if byte < 0x80 and (chr(byte).isalnum() or byte in b"+/-_=\r") else 0x20
    for byte in range(256)
)
_RUN: Final = b"a" * (_ENCODED - 8)
_NAMES: Final = b"!"


_STREAMED: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
_PICKLED: Final = (b"\x80", b"c", b"(")
_MAY: Final = pattern(
    rb"[\x80\xe3c(\]}]|x[\x01\x5e\x9c\xda]|\s*[A-Za-z0-9+/_\r\n-]{24}|" + b"|".join(map(re.escape, _MARKS)), 16
)
"""How values begin that are worth a look."""


def _matches(glance: Glance) -> bool:
    return glance.head.startswith(MAGIC)


def _dull(page: bytes) -> Callable[[bytes], bool] | None:
    """Return how to tell a record of a page that holds nothing to hand on; nothing where each must be looked at."""
    if _STARTS.search(page) or any(mark in page for mark in _MARKS):
        return None
    return _is_dull


def _is_dull(record: bytes) -> bool:
    """Whether a record names nothing and has no run of Base64."""
    classes = record.translate(_CLASSES)
    return _NAMES not in classes and _RUN not in classes


def _never(page: bytes) -> Callable[[bytes], bool] | None:
    """Look at every record of a page."""
    del page
    return None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    expect(cursor.source, [(0, cursor.size)])
    try:
        database = Database(cursor.source, cursor.budget)
    except (UnreadableError, EncryptedError):
        yield from _found(cursor, where, [], lambda _: False)
        raise
    yield from _Reader(cursor, database, where).read()


class _Reader:
    """The reading of one database."""

    def __init__(self, cursor: Cursor, database: Database, where: Where) -> None:
        self._cursor = cursor
        self._database = database
        self._where = where
        self._told = 0
        self._taken: list[tuple[int, int]] = []
        """Where values lie that were handed on, or searched."""

    def read(self) -> Iterator[Read]:
        """Yield what stands there; what is wrong last."""
        database = self._database
        late: UnreadableError | OverBudgetError | None = None
        try:
            yield from self._trees()
            database.free()
        except (UnreadableError, OverBudgetError) as error:
            late = error
        yield from self._gaps()
        yield from self._after()
        yield from _found(self._cursor, self._where, sorted(self._taken), self._is_unused)
        if late is not None:
            raise late

    def _gaps(self) -> Iterator[Gap]:
        for error in self._database.wrong[self._told :]:
            yield Gap(where=self._where, reason=GapReason.UNREADABLE, detail=str(error))
        self._told = len(self._database.wrong)

    def _after(self) -> Iterator[Read]:
        """Yield what stands after the last page. Zeros are room for more."""
        start, size = self._database.end, self._cursor.size
        for at in range(start, size, _CHUNK):
            self._cursor.budget.check_time()
            if self._cursor.source.read_at(at, min(_CHUNK, size - at)).strip(b"\0"):
                self._taken.append((start, size))
                yield Stray(where=self._where.span(start, size), size=size - start, position="after")
                yield part(self._cursor, self._where, start, size)
                return

    def _is_unused(self, at: int) -> bool:
        number = at // self._database.page_size + 1
        return number > self._database.pages or self._database.kinds[number] != TREE

    def _trees(self) -> Iterator[Read]:
        roots: list[tuple[str, int]] = []
        names: list[str] = []
        for cell in self._database.tree(1, _SCHEMA, _never):
            kind, name, _, root, sql = (*self._row(cell), *[""] * 5)[:5]
            if isinstance(sql, str) and _LOADS.search(sql.lower()):
                target = f"load_extension in the {kind} {name}"[:_NAME]
                yield Reference(where=self._where, kind="plugin", target=target, by="sqlite")
            if kind == "table":
                names.append(str(name)[:_SHOWN])
            if number := _page_of(str(root)):
                roots.append((str(name)[:_NAME], number))
            if len(roots) + len(names) > 2 * _TABLES:
                raise OverBudgetError(f"sqlite: more than {_TABLES} tables")
            yield from self._record(_SCHEMA, cell)
        if names:
            yield Metadata(where=self._where, key="tables", text=", ".join(names)[:_TEXT])
        dull = _dull if self._database.encoding == _UTF_8 else _never
        for name, root in roots:
            for cell in self._database.tree(root, name, dull):
                yield from self._record(name, cell)
            yield from self._gaps()

    def _row(self, cell: Cell) -> list[str | int]:
        """Return the texts and whole numbers of a record, as long as they are short enough."""
        record = Pieces(self._database.source, cell.extents)
        row: list[str | int] = []
        try:
            for _, kind, start, end in values(cell, record):
                raw = record.read_at(start, min(end - start, _CHUNK))
                if kind >= TEXT_OR_BLOB:
                    row.append(raw.decode(self._database.encoding, "replace"))
                else:
                    row.append({8: 0, 9: 1}.get(kind, int.from_bytes(raw, "big") if kind in _NUMBERS else 0))
        except UnreadableError:
            return row  # It is noted where all of the record is looked at.
        return row

    def _record(self, name: str, cell: Cell) -> Iterator[Read]:
        """Yield the artifacts among the values of a record."""
        record = Pieces(self._database.source, cell.extents)
        local, held = cell.local, len(cell.local)
        utf_8 = self._database.encoding == _UTF_8
        row = f"at {cell.extents[0][0]}" if cell.rowid is None else cell.rowid
        try:
            for column, kind, start, end in values(cell, record):
                if end - start < _SHORTEST or kind < TEXT_OR_BLOB:
                    continue
                wide = not utf_8 and kind % 2 == 1
                if end <= held and not wide and _MAY.match(local, start, end) is None:
                    continue
                there = record.within(start, end)
                value = Pieces(self._database.source, there)
                source = self._carried(value, wide=wide)
                place = self._where / Member(name=f"{name}/{row}/{column}")
                if source is not None:
                    self._taken += there
                    yield Inner(place, partial(_as_it_is, source))
                elif len(there) > 1:
                    self._taken += there
                    yield from _within(self._cursor, place, value)
        except UnreadableError as error:
            self._database.note(error)

    def _carried(self, value: Pieces, *, wide: bool) -> Source | None:
        """Return the artifact that a value is or stands for, or None."""
        head = value.read_at(0, _HEAD)
        if wide:
            self._cursor.budget.hold(2 * value.size)
            text = value.read_at(0, min(value.size, _WHOLE))
            head = text.decode(self._database.encoding, "replace").encode(_UTF_8, "replace")
            return _of_bytes(head)
        if _is_loadable(head) or (value.size > _HEAD and _acts_at(value, 0)):
            return value
        if value.size < _ENCODED - 8 or not head[: 4 * _ENCODED].isascii() or value.size > _WHOLE:
            return None
        self._cursor.budget.hold(value.size)
        return _of_bytes(head if value.size <= _HEAD else value.read_at(0, value.size))


def _page_of(root: str) -> int:
    """Return the page that a schema names, 0 where it names none. SQLite takes a text for a number here."""
    root = root.strip()
    return int(root) if root.isascii() and root.isdecimal() and len(root) <= _DIGITS else 0


def _as_it_is(source: Source) -> Source:
    return source


def _of_bytes(text: bytes) -> Source | None:
    """Return the artifact that a text is or stands for in Base64 or hexadecimal, or None."""
    if _is_loadable(text):
        return BytesSource(text)
    found = decoded(text.strip())
    return BytesSource(found[1]) if found is not None and _is_loadable(found[1]) else None


def _is_loadable(head: bytes) -> bool:
    if head[:1] in _OLD and _NAMES not in head.translate(_CLASSES):
        return is_code(head)
    if head[:1] == b"x" and len(head) < _HEAD and not _is_stream(head):
        return False
    return is_artifact(head, plausible) or is_code(head) or head.startswith(MAGIC)


def _is_stream(data: bytes) -> bool:
    """Whether a stream of zlib is whole, or something that a loader could take comes out before it breaks."""
    inflater = zlib.decompressobj()
    try:
        out = inflater.decompress(data, _HEAD)
        if inflater.eof or inflater.unconsumed_tail:
            return True
    except zlib.error:
        out = _before_the_damage(data)
    return is_artifact(out, plausible) or is_code(out)


def _before_the_damage(data: bytes) -> bytes:
    inflater, out = zlib.decompressobj(), bytearray()
    try:
        for at in range(len(data)):
            out += inflater.decompress(data[at : at + 1])
            if len(out) > _HEAD:
                break
    except zlib.error:
        pass
    return bytes(out)


def _within(cursor: Cursor, where: Where, value: Pieces) -> Iterator[Read]:
    """Yield what is known inside a value that lies in several places, behind what it begins with."""
    for start, end in _hits(cursor, value):
        yield Inner(where.span(start, end), partial(_piece, value, start, end))


def _piece(value: Pieces, start: int, end: int) -> Source:
    return Pieces(value._source, value.within(start, end))  # noqa: SLF001 - a part of the same


def _found(
    cursor: Cursor, where: Where, taken: list[tuple[int, int]], is_unused: Callable[[int], bool]
) -> Iterator[Read]:
    """Yield what is known anywhere in the bytes of the file, but for what was handed on already."""
    reached, left = 0, _SEARCHED
    for start, end in [*taken, (cursor.size, cursor.size)]:
        if start - reached >= _HOLE and left > 0:
            # The byte before goes along: what begins at the very start of a source is not looked for.
            base = max(0, reached - 1)
            hole = PartSource(cursor.source, base, min(start, base + left))
            left -= hole.size
            for first, last in _hits(cursor, hole):
                span = base + first, base + last
                if is_unused(span[0]):
                    yield Stray(where=where.span(*span), size=last - first, position="between")
                yield part(cursor, where, *span)
        reached = max(reached, end)
    if left <= 0:
        detail = f"sqlite: looked for hidden formats in {_SEARCHED} of {cursor.size} bytes"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)


def _hits(cursor: Cursor, source: Source) -> Iterator[tuple[int, int]]:
    """Yield where something known begins and how far it may reach."""
    known = spans(source, cursor.budget, partial(_acts_at, source), _SEARCHED)
    streams = zlib_streams(source, cursor.budget, _STREAMS)
    found = chain((span for span in starmap(partial(_exact, cursor, source), known) if span is not None), streams)
    for count, span in enumerate(found):
        if count >= _FOUND:
            raise OverBudgetError(f"sqlite: more than {_FOUND} places look like a known format")
        yield span


def _exact(cursor: Cursor, source: Source, start: int, end: int) -> tuple[int, int] | None:
    """Return where something ends that says so itself; None where it is a stream that was written over.

    Pages keep what was in them before they were split: what follows there belongs to something else.
    """
    head = source.read_at(start, 6)
    codec = next((codec for mark, codec in _STREAMED.items() if head.startswith(mark)), None)
    if codec is None:
        stop = whole(source, start, opcodes=_OPCODES).stop if head[:1] in _PICKLED else -1
        return start, (stop if start < stop <= end else end)
    try:
        content = unpacked(PartSource(source, start, end), codec, cursor.budget)
    except (BombError, MissingExtraError):
        return start, end
    except UnreadableError:
        return None
    if content.broken and not _is_loadable(content.read_at(0, _HEAD)):
        return None
    return start, (end if content.broken else start + content.consumed)


def _acts_at(source: Source, at: int) -> bool:
    """Whether a pickle that calls or names something begins there, or one that goes on for long."""
    trace = whole(source, at, opcodes=_OPCODES)
    running = trace.stop < 0 and not trace.broken
    return bool(trace.calls) or running or (trace.stop > 0 and bool(trace.imports))


FORMAT: Final = Format(id="sqlite", title="SQLite database", matches=_matches, read=_read)
