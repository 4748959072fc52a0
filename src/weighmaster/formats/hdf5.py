"""HDF5: groups, datasets and attributes, wherever they lie, and the files that they reach into.

Numbers are named and left alone. Text and bytes may be something else: Keras keeps its configuration in attributes,
PyTables pickles there and in arrays of bytes. What proves to be an artifact is handed on. What lies in another file
(external storage, virtual datasets, external links) is named, and so is each filter that is loaded as a plug-in.

Specification: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>; PyTables' attributes:
<https://www.pytables.org/usersguide/libref/declarative_classes.html#the-attributeset-class>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible, whole
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Reference, Stray, Tensor
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.hdf5 import data, external, groups, header, types
from weighmaster.reading.hdf5.chunks import chunks
from weighmaster.reading.hdf5.file import File, joined, place
from weighmaster.reading.hdf5.header import Message
from weighmaster.reading.hdf5.types import Datatype, Filter, Layout
from weighmaster.reading.payload import decoded, is_artifact
from weighmaster.reading.source import BytesSource, PartSource, Source, is_far

_CHUNK: Final = 1 << 20
_HEAD: Final = 64 << 10
"""How much of a dataset of bytes is looked at before the rest is asked for."""
_SHORTEST: Final = 16
_TENSORS: Final = 20_000
_GAPS: Final = 20
_PATH: Final = 400
_OBJECTS: Final = 200_000
_COVERED: Final = 20_000
"""Chunks of a dataset that are counted, to know which bytes nothing refers to."""
_HOLES: Final = 16 << 20
_HOLE: Final = 32
_FOUND: Final = 16
_SHOWN: Final = 200
_OPCODES: Final = 1 << 16
_STARTS: Final = frozenset({b"\x80", b"c", b"(", b"]", b"}", b"x", b"{", b"["})
"""First bytes of pickles, of what is deflated, and of JSON."""
_GLIMPSE: Final = 512
_BESIDE: Final = {
    header.DRIVER: "a file of several files",
    header.CACHE_IMAGE: "an image of a reader's cache, which goes before what stands in the file",
}
_BYTES: Final = frozenset({types.FIXED, types.BITS, types.ENUM})


def _matches(glance: Glance) -> bool:
    return place(glance.source, glance.head) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    start = place(cursor.source, cursor.source.read_at(0, 4096))
    if start is None:
        raise UnreadableError("hdf5: no superblock")
    yield from _outside(cursor, where, 0, start, "before")
    file = File(cursor.source, cursor.budget, start)
    if file.said != start:
        detail = f"the superblock stands at byte {start} and says that addresses count from {file.said}"
        yield Disagreement(where=where, kind="base-address", detail=detail)
    end = file.end if file.said else file.end + start
    if file.is_defined(file.end) and end > cursor.size:
        detail = f"hdf5: {end} bytes wanted, and the file has {cursor.size}"
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)
    elif file.is_defined(file.end):
        yield from _outside(cursor, where, max(end, start + 8), cursor.size, "after")
    yield from _Reader(cursor, file, where).read()


def _outside(cursor: Cursor, where: Where, start: int, end: int, position: str) -> Iterator[Read]:
    """Yield what stands before or after all that HDF5 looks at. Zeros are padding."""
    for at in range(start, end, _CHUNK):
        cursor.budget.check_time()
        if cursor.source.read_at(at, min(_CHUNK, end - at)).strip(b"\0"):
            yield Stray(where=where.span(start, end), size=end - start, position=position)
            yield part(cursor, where, start, end)
            return


class _Reader:
    """The reading of one file, from the root group on; each object once."""

    def __init__(self, cursor: Cursor, file: File, where: Where) -> None:
        self._cursor = cursor
        self._file = file
        self._where = where
        self._tensors = _TENSORS
        self._gaps = 0
        self._known = not is_far(cursor.source)
        self._raw: list[tuple[int, int, str]] = []
        self._plugins: set[int] = set()

    def read(self) -> Iterator[Read]:
        """Yield what stands there."""
        yield from self._beside()
        waiting, seen = [("", self._file.root)], {self._file.root}
        while waiting:
            path, address = waiting.pop()
            for read in self._object(path, address):
                if not isinstance(read, tuple):
                    yield read
                    continue
                name, below = read
                if below not in seen:
                    seen.add(below)
                    if len(seen) > _OBJECTS:
                        raise OverBudgetError(f"hdf5: more than {_OBJECTS} objects")
                    waiting.append((f"{path}/{name}"[-_PATH:] if path else name[:_PATH], below))
            self._file.budget.check_time()
        yield from self._overlaps()
        if self._known:
            yield from self._holes()

    def _beside(self) -> Iterator[Read]:
        """Yield what the superblock names beside the root group, where that changes what a reader sees."""
        file = self._file
        found = {header.DRIVER} if file.driver >= 0 and file.is_defined(file.driver) else set()
        if file.extension >= 0 and file.is_defined(file.extension):
            try:
                found |= {message.kind for message in header.messages(file, file.extension)}
            except UnreadableError as error:
                yield self._gap(self._where, error)
        for kind, what in _BESIDE.items():
            if kind in found:
                yield self._gap(self._where, UnreadableError(f"hdf5: {what}, which is not read"))

    def _object(self, path: str, address: int) -> Iterator[Read | tuple[str, int]]:
        place_ = self._where / Member(name=path) if path else self._where
        try:
            found = header.messages(self._file, address)
        except UnreadableError as error:
            yield self._gap(place_, error)
            return
        kinds: dict[int, Message] = {}
        for message in found:
            if message.kind in kinds and message.kind in header.ONCE:
                detail = f"{path[:_SHOWN]!r} has two messages of type {message.kind:#04x}"
                yield Disagreement(where=place_, kind="duplicate-message", detail=detail)
            kinds.setdefault(message.kind, message)
        yield from self._attributes(path, place_, found)
        try:
            yield from self._links(place_, found)
        except UnreadableError as error:
            yield self._gap(place_, error)
        if header.LAYOUT in kinds:
            try:
                yield from _Dataset(self, path, place_).read(kinds)
            except UnreadableError as error:
                yield self._gap(place_, error)

    def _gap(self, where: Where, error: UnreadableError) -> Gap:
        self._known = False
        self._gaps += 1
        if self._gaps > _GAPS:
            raise UnreadableError("hdf5: more is wrong than is listed")
        return Gap(where=where, reason=GapReason.UNREADABLE, detail=str(error))

    def _links(self, where: Where, found: list[Message]) -> Iterator[Read | tuple[str, int]]:
        for link in groups.links(self._file, found):
            if link.kind == groups.HARD:
                yield link.name, link.address
            elif link.kind == groups.EXTERNAL:
                yield Reference(where=where, kind="link", target=link.file[:_SHOWN], by="hdf5")
            elif link.kind == groups.OTHER:
                detail = f"hdf5: {link.name[:_SHOWN]!r} is a link of type {link.path}, which a program defines"
                yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)

    def _attributes(self, path: str, where: Where, found: list[Message]) -> Iterator[Read]:
        at = groups.attributes(self._file, found)
        try:
            for attribute in at:
                if isinstance(attribute, UnreadableError):
                    yield self._gap(where, attribute)
                    continue
                name = f"{path}@{attribute.name[:_SHOWN]}"
                values = self._values(attribute.type, attribute.data, types.count_of(attribute.shape))
                yield from self._hidden(name, values)
        except UnreadableError as error:
            yield self._gap(where, error)

    def _values(self, type_: Datatype, raw: bytes, count: int) -> Iterator[bytes]:
        """Yield the texts and pieces of bytes among values; numbers are none."""
        if type_.kind == types.SEQUENCE:
            yield from data.elements(self._file, type_, raw)
        elif type_.kind == types.STRING or (
            type_.kind == types.ARRAY and type_.base and type_.base.kind == types.STRING
        ):
            width = type_.size if type_.kind == types.STRING or type_.base is None else type_.base.size
            for start in range(0, len(raw) - width + 1 if width else 0, width or 1):
                self._file.step()
                if start < count * type_.size:
                    yield raw[start : start + width]
        elif type_.kind in {types.OPAQUE, types.COMPOUND} or type_.size == 1:
            yield raw

    def _hidden(self, name: str, values: Iterable[bytes]) -> Iterator[Read]:
        for number, raw in enumerate(values):
            found = _carried(raw)
            if found is not None:
                member = Member(name=f"{name}[{number}]" if number else name)
                yield Inner(self._where / member, partial(BytesSource, found))

    def _overlaps(self) -> Iterator[Read]:
        reached, last = 0, ""
        for start, end, name in sorted(self._raw):
            if start < reached and name != last:
                detail = f"{name!r} begins inside the elements of {last!r}"
                yield Disagreement(where=self._where.span(start, end), kind="tensors-overlap", detail=detail)
                return
            if end > reached:
                reached, last = end, name

    def _holes(self) -> Iterator[Read]:
        """Yield what is known in bytes that nothing refers to: free space, which no writer fills with artifacts."""
        from weighmaster.reading.carve import spans

        allowance, found, reached = _HOLES, 0, self._file.base
        size = self._cursor.size
        end = min(size, self._file.end + (0 if self._file.said else self._file.base))
        for start, stop in [*joined(self._file.spans), (end, end)]:
            if start - reached >= _HOLE and allowance > 0:
                allowance -= start - reached
                # The byte before goes along: what begins at the very start of a source is not looked for.
                hole = PartSource(self._cursor.source, reached - 1, start)
                for first, last in spans(hole, self._file.budget, partial(_acts_at, hole), _HOLES):
                    found += 1
                    if found > _FOUND:
                        return
                    span = reached - 1 + first, reached - 1 + last
                    yield Stray(where=self._where.span(*span), size=span[1] - span[0], position="between")
                    yield part(self._cursor, self._where, *span)
            reached = max(reached, stop)

    def tensor(self, where: Where, name: str, type_: Datatype, shape: tuple[int, ...]) -> Iterator[Read]:
        """Yield the fact that numbers stand there, as long as there is room for it."""
        if self._tensors > 0:
            self._tensors -= 1
            yield Tensor(where=where, name=name, dtype=type_.name, shape=shape)

    def plugins(self, where: Where, steps: list[Filter]) -> Iterator[Read]:
        """Yield each filter that HDF5 does not have, once."""
        for step in steps:
            if step.id not in data.OWN and step.id not in self._plugins:
                self._plugins.add(step.id)
                target = f"HDF5 filter {step.id} {step.name}".strip()[:_SHOWN]
                yield Reference(where=where, kind="plugin", target=target, by="hdf5")

    def forget(self) -> None:
        """Note that not all bytes that something refers to are known."""
        self._known = False


class _Dataset:
    """The reading of one dataset."""

    def __init__(self, reader: _Reader, path: str, where: Where) -> None:
        self._reader = reader
        self._file: File = reader._file  # noqa: SLF001 - one reading in two parts
        self._path = path
        self._where = where

    def read(self, kinds: dict[int, Message]) -> Iterator[Read]:
        """Yield what the messages of a dataset say of it."""
        file = self._file
        if header.EXTERNAL in kinds:
            for name in external.listed(file, header.resolved(file, kinds[header.EXTERNAL])):
                yield Reference(where=self._where, kind="data", target=name[:_SHOWN], by="hdf5")
        layout = types.layout(header.resolved(file, kinds[header.LAYOUT]), file)
        if layout.kind == types.VIRTUAL:
            for name in external.sources(file, layout.address, layout.form):
                yield Reference(where=self._where, kind="data", target=name[:_SHOWN], by="hdf5")
            return
        steps = types.filters(header.resolved(file, kinds[header.FILTERS])) if header.FILTERS in kinds else []
        yield from self._reader.plugins(self._where, steps)
        if header.EXTERNAL in kinds or header.DATATYPE not in kinds or header.DATASPACE not in kinds:
            return
        type_ = types.datatype(header.resolved(file, kinds[header.DATATYPE]))
        shape = types.shape(header.resolved(file, kinds[header.DATASPACE]), file)
        if shape is not None and types.count_of(shape):
            yield from self._elements(type_, shape, layout, steps)

    def _elements(self, type_: Datatype, shape: tuple[int, ...], layout: Layout, steps: list[Filter]) -> Iterator[Read]:
        where = self._where
        if layout.kind == types.CONTIGUOUS and self._file.is_defined(layout.address):
            start = self._file.base + layout.address
            where = self._where.span(start, start + layout.size)
            yield from self._extent(type_, shape, layout, start)
        if type_.kind in {types.FIXED, types.FLOAT, types.COMPLEX, types.BITS}:
            yield from self._reader.tensor(where, self._path, type_, shape)
        self._cover(layout, shape, steps)
        if type_.kind in {types.SEQUENCE, types.STRING, types.OPAQUE, types.COMPOUND} or (
            type_.kind in _BYTES and type_.size == 1
        ):
            if not data.can_undo(steps):
                if all(step.id in data.OWN for step in steps):
                    raise UnreadableError(f"hdf5: {type_.name}s behind a filter that is not undone here")
                return  # A plug-in has been named already.
            yield from self._bytes(type_, shape, layout, steps)

    def _extent(self, type_: Datatype, shape: tuple[int, ...], layout: Layout, start: int) -> Iterator[Read]:
        wanted = types.count_of(shape) * type_.size
        if start + layout.size > self._file.source.size:
            raise UnreadableError(f"hdf5: {self._path[:_SHOWN]!r} ends behind the file", offset=start)
        if wanted > layout.size:
            detail = f"{self._path!r} needs {wanted} bytes for its shape and has {layout.size}"
            yield Disagreement(where=self._where, kind="shape-against-bytes", detail=detail)

    def _cover(self, layout: Layout, shape: tuple[int, ...], steps: list[Filter]) -> None:
        """Note which bytes hold the elements."""
        file, reader = self._file, self._reader
        if layout.kind == types.CONTIGUOUS and file.is_defined(layout.address):
            start = file.base + layout.address
            file.cover(start, start + layout.size)
            reader._raw.append((start, start + layout.size, self._path))  # noqa: SLF001 - one reading in two parts
        elif layout.kind == types.CHUNKED and reader._known:  # noqa: SLF001 - the same
            for count, chunk in enumerate(chunks(file, layout, shape, filtered=bool(steps))):
                if count > _COVERED:
                    reader.forget()
                    return
                start = file.base + chunk.address
                file.cover(start, start + chunk.size)

    def _bytes(self, type_: Datatype, shape: tuple[int, ...], layout: Layout, steps: list[Filter]) -> Iterator[Read]:
        """Yield the artifacts among elements that are bytes or text."""
        file, reader = self._file, self._reader
        if type_.kind in {types.SEQUENCE, types.STRING}:
            raw = data.whole(file, layout, shape, steps)
            values = reader._values(type_, raw, types.count_of(shape))  # noqa: SLF001 - one reading in two parts
            yield from reader._hidden(self._path, values)  # noqa: SLF001 - the same
            return
        head = data.first(file, layout, shape, steps, _GLIMPSE)
        if not _may_begin(head):
            return
        if layout.kind == types.CONTIGUOUS:
            start = file.base + layout.address
            there = PartSource(file.source, start, start + layout.size)
            if _carried(data.first(file, layout, shape, steps, _HEAD)) or _acts_at(there, 0):
                yield Inner(self._where.span(start, start + layout.size), lambda: there)
            return
        found = _carried(data.whole(file, layout, shape, steps))
        if found is not None:
            yield Inner(self._where, partial(BytesSource, found))


def _may_begin(head: bytes) -> bool:
    """Whether more must be seen of bytes that begin so."""
    return head[:1] in _STARTS or is_artifact(head, _acts) or decoded(head[: len(head) // 4 * 4]) is not None


def _carried(raw: bytes) -> bytes | None:
    """Return the artifact that some bytes are or stand for, or None."""
    if len(raw) < 4 or (len(raw) < _SHORTEST and raw.isascii() and b"\n" not in raw):
        return None  # Every way to name something takes a byte that is no ASCII, or a new line.
    if is_artifact(raw, _acts) or _is_unpickled(raw):
        return raw
    if len(raw) < _SHORTEST:
        return None
    text = raw.rstrip(b"\0")
    if may_be(text) and document(BytesSource(text)) is not None:
        return text
    found = decoded(text)
    return found[1] if found is not None and is_artifact(found[1], _acts) else None


def _is_unpickled(raw: bytes) -> bool:
    """Whether PyTables would unpickle an attribute: it does so with all bytes that end as a pickle."""
    text = raw.rstrip(b"\0")
    return text.endswith(b".") and _acts(text)


def _acts(raw: bytes, at: int = 0) -> bool:
    """Whether a pickle begins there that names something, or goes on for long."""
    return _acts_at(BytesSource(raw), at) or (at == 0 and plausible(raw))


def _acts_at(source: Source, at: int) -> bool:
    trace = whole(source, at, opcodes=_OPCODES)
    running = trace.stop < 0 and not trace.broken
    return bool(trace.calls) or running or (trace.stop > 0 and bool(trace.imports))


FORMAT: Final = Format(id="hdf5", title="HDF5", matches=_matches, read=_read)
