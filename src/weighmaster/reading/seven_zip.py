"""7z: what its headers say, and how its folders unpack.

Specification: `7zFormat.txt` and `Methods.txt` of the LZMA SDK <https://www.7-zip.org/sdk.html>. A folder is a chain of
coders over one or more packed streams, and unpacks to one stream that holds one or more files, end to end.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from weighmaster.model.errors import EncryptedError, OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.budget import Budget
from weighmaster.reading.codecs import lzma1, raw
from weighmaster.reading.source import BytesSource, PartSource, Source
from weighmaster.reading.unpacked import unpacked

MAGIC: Final = b"7z\xbc\xaf\x27\x1c"
START: Final = 32
_HEADER: Final = 64 << 20
_NESTED: Final = 4
_MANY: Final = 4
"""Things a header may hold for each member that is allowed."""
_CODERS: Final = 32

_END: Final = 0
_SIZE: Final = 9
_CRC: Final = 0x0A
_FOLDER: Final = 0x0B
_UNPACK_SIZE: Final = 0x0C
_COUNT: Final = 0x0D
_EMPTY_STREAM: Final = 0x0E
_EMPTY_FILE: Final = 0x0F
_NAMES: Final = 0x11
_ATTRIBUTES: Final = 0x15

_FILTERS: Final[Mapping[bytes, tuple[str, int]]] = {
    # Methods of the SDK, and the ids that liblzma gives to the same filters.
    b"\x04": ("x86", 4),
    b"\x03\x03\x01\x03": ("x86", 4),
    b"\x05": ("ppc", 5),
    b"\x03\x03\x02\x05": ("ppc", 5),
    b"\x06": ("ia64", 6),
    b"\x03\x03\x04\x01": ("ia64", 6),
    b"\x07": ("arm", 7),
    b"\x03\x03\x05\x01": ("arm", 7),
    b"\x08": ("armt", 8),
    b"\x03\x03\x07\x01": ("armt", 8),
    b"\x09": ("sparc", 9),
    b"\x03\x03\x08\x05": ("sparc", 9),
}
_PLAIN: Final = {
    b"\x04\x01\x08": "deflate",
    b"\x04\x02\x02": "bz2",
    b"\x04\xf7\x11\x01": "zstd",
    b"\x04\xf7\x11\x04": "lz4",
}
_UNKNOWN: Final = {
    b"\x03\x03\x01\x1b": "BCJ2",
    b"\x03\x04\x01": "PPMd",
    b"\x04\x01\x09": "Deflate64",
    b"\x0a": "ARM64",
    b"\x0b": "RISCV",
    b"\x04\xf7\x11\x02": "Brotli",
}
_AES: Final = b"\x06\xf1\x07\x01"
_COPY: Final = b"\x00"
_LZMA: Final = b"\x03\x01\x01"
_LZMA2: Final = b"\x21"
_DELTA: Final = b"\x03"


class Coder(Value):
    """A step of unpacking: its method, what it takes and gives, and its properties."""

    method: bytes
    inputs: int
    outputs: int
    properties: bytes


class Folder(Value):
    """Coders and how they are tied together: `bonds` are pairs of an input and the output that feeds it."""

    coders: tuple[Coder, ...]
    bonds: tuple[tuple[int, int], ...]
    packed: tuple[int, ...]
    sizes: tuple[int, ...] = ()
    crc: int | None = None


class File(Value):
    """A member: `folder` is -1 where it has no bytes, else it stands at `start` to `end` of what that unpacks to."""

    name: str
    is_folder: bool
    attributes: int
    folder: int
    start: int
    end: int
    crc: int | None


class Archive(Value):
    """All that the headers say. `streams` are the places of the packed streams, `used` those of all that is in use."""

    streams: tuple[tuple[int, int], ...]
    folders: tuple[Folder, ...]
    files: tuple[File, ...]
    used: tuple[tuple[int, int], ...]
    notes: tuple[tuple[str, str], ...]


class _Streams(Value):
    streams: tuple[tuple[int, int], ...] = ()
    folders: tuple[Folder, ...] = ()
    counts: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    crcs: tuple[int | None, ...] = ()


T = TypeVar("T")


class _Bytes:
    """A header being read; every count is checked against what is left of it."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._data = data
        self._budget = budget
        self._at = 0
        self._things = _MANY * budget.limits.members

    @property
    def most(self) -> int:
        return self._budget.limits.members

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if not 0 <= count <= self.left:
            raise UnreadableError(f"the header: {count} bytes wanted, {self.left} left", offset=self._at)
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Read an integer: the ones that the first byte begins with say how many bytes follow."""
        first = self.byte()
        extra = 8 - (~first & 0xFF).bit_length() if first != 0xFF else 8
        high = first & (0x7F >> extra) if extra < 7 else 0
        return int.from_bytes(self.take(extra), "little") | high << 8 * extra

    def count(self, least: int = 1) -> int:
        """Read how many things follow, each of which takes `least` bytes or more."""
        count = self.number()
        if count > self.most:
            raise OverBudgetError(f"the header: {count} things, {self.most} allowed")
        if count * least > self.left:
            raise UnreadableError(f"the header: {count} things in {self.left} bytes", offset=self._at)
        return count

    def each(self, count: int, read: Callable[[], T]) -> tuple[T, ...]:
        self._budget.check_time()
        self._things -= count
        if self._things < 0:
            raise OverBudgetError(f"the header holds more than {_MANY * self._budget.limits.members} things")
        return tuple([read() for _ in range(count)])

    def bits(self, count: int) -> list[bool]:
        data = self.take((count + 7) // 8)
        return [bool(data[i >> 3] >> (7 - (i & 7)) & 1) for i in range(count)]

    def flags(self, count: int) -> list[bool]:
        """Read bits, or one byte that says that all of them are set."""
        return [True] * count if self.byte() else self.bits(count)

    def crcs(self, count: int) -> tuple[int | None, ...]:
        return tuple([struct.unpack("<I", self.take(4))[0] if known else None for known in self.flags(count)])

    def skip_to(self, *kinds: int) -> int:
        """Pass over properties that carry their size, up to one of `kinds`."""
        while (kind := self.byte()) not in kinds:
            self.take(self.number())
        return kind


def read_archive(source: Source, budget: Budget) -> Archive:
    """Read all headers.

    Raises:
        UnreadableError: they make no sense.
        EncryptedError: they are encrypted.
        OverBudgetError: they are larger than allowed.
    """
    start = source.read_at(0, START)
    if len(start) < START or start[:6] != MAGIC:
        raise UnreadableError("no signature header")
    crc, offset, size, header_crc = struct.unpack("<IQQI", start[8:])
    notes: list[tuple[str, str]] = []
    if zlib.crc32(start[12:]) != crc:
        notes.append(("header-checksum", "the checksum of the first header is wrong"))
    used = [(0, START), (START + offset, START + offset + size)]
    if size == 0:
        return Archive(streams=(), folders=(), files=(), used=tuple(used), notes=tuple(notes))
    data = _header(source, START + offset, size)
    if zlib.crc32(data) != header_crc:
        notes.append(("header-checksum", "the checksum of the header is wrong"))
    for _ in range(_NESTED):
        header = _Bytes(data, budget)
        match header.byte():
            case 1:  # kHeader
                archive = _archive(header, budget)
                return Archive(
                    streams=archive.streams,
                    folders=archive.folders,
                    files=archive.files,
                    used=(*used, *archive.streams),
                    notes=tuple(notes),
                )
            case 0x17:  # kEncodedHeader
                streams = _streams(header)
                used += streams.streams
                data = _encoded(source, streams, budget, notes)
            case kind:
                raise UnreadableError(f"a header of kind {kind:#x}", offset=START + offset)
    raise OverBudgetError(f"a header that is packed more than {_NESTED} times")


def unpack_folder(archive: Archive, index: int, first: int, source: Source, budget: Budget) -> Source:
    """Return what a folder unpacks to, whose first packed stream is `first`.

    Raises:
        UnreadableError: nobody here knows its methods, or nothing comes out.
        EncryptedError: it is encrypted.
        OverBudgetError: see `unpacked`.
    """
    return _unpack(archive.folders[index], archive.streams[first : first + 1], source, budget)


def first_streams(archive: Archive) -> list[int]:
    """Return for each folder which packed stream is its first."""
    firsts, at = [], 0
    for folder in archive.folders:
        firsts.append(at)
        at += len(folder.packed)
    return firsts


def _header(source: Source, start: int, size: int) -> bytes:
    if size > _HEADER:
        raise OverBudgetError(f"a header of {size} bytes")
    data = source.read_at(start, size)
    if len(data) < size:
        raise UnreadableError(f"the header is {size} bytes long, {len(data)} are there", offset=start)
    return data


def _encoded(source: Source, streams: _Streams, budget: Budget, notes: list[tuple[str, str]]) -> bytes:
    if len(streams.folders) != 1:
        raise UnreadableError(f"a header packed in {len(streams.folders)} folders")
    folder = streams.folders[0]
    data = _header(_unpack(folder, streams.streams[:1], source, budget), 0, _size(folder))
    if folder.crc is not None and zlib.crc32(data) != folder.crc:
        notes.append(("header-checksum", "the checksum of the packed header is wrong"))
    return data


def _archive(header: _Bytes, budget: Budget) -> Archive:
    main = _Streams()
    files: tuple[File, ...] = ()
    while kind := header.byte():
        match kind:
            case 2:  # kArchiveProperties
                header.skip_to(_END)
            case 3:  # kAdditionalStreamsInfo
                _streams(header)
            case 4:  # kMainStreamsInfo
                main = _streams(header)
            case 5:  # kFilesInfo
                files = _files(header, main, budget)
            case _:
                raise UnreadableError(f"the header: unknown part {kind:#x}")
    return Archive(streams=main.streams, folders=main.folders, files=files, used=(), notes=())


def _streams(header: _Bytes) -> _Streams:
    streams: tuple[tuple[int, int], ...] = ()
    folders: tuple[Folder, ...] = ()
    counts: tuple[int, ...] | None = None
    sizes: tuple[int, ...] = ()
    crcs: tuple[int | None, ...] = ()
    while kind := header.byte():
        match kind:
            case 6:  # kPackInfo
                streams = _packed(header)
            case 7:  # kUnPackInfo
                folders = _folders(header)
            case 8:  # kSubStreamsInfo
                counts, sizes, crcs = _substreams(header, folders)
            case _:
                raise UnreadableError(f"the header: unknown part {kind:#x}")
    if counts is None:
        counts, sizes = (1,) * len(folders), tuple(map(_size, folders))
        crcs = tuple(folder.crc for folder in folders)
    if sum(len(folder.packed) for folder in folders) > len(streams):
        raise UnreadableError("the header: folders of more streams than there are")
    return _Streams(streams=streams, folders=folders, counts=counts, sizes=sizes, crcs=crcs)


def _packed(header: _Bytes) -> tuple[tuple[int, int], ...]:
    at = START + header.number()
    count = header.count()
    sizes: tuple[int, ...] = ()
    while kind := header.byte():
        if kind == _SIZE:
            sizes = header.each(count, header.number)
        elif kind == _CRC:
            header.crcs(count)
        else:
            header.take(header.number())
    places: list[tuple[int, int]] = []
    for size in sizes:
        places.append((at, at + size))
        at += size
    return tuple(places)


def _folders(header: _Bytes) -> tuple[Folder, ...]:
    header.skip_to(_FOLDER)
    count = header.count()
    if header.byte():
        raise UnreadableError("the header: folders kept in another stream")
    folders = header.each(count, lambda: _folder(header))
    header.skip_to(_UNPACK_SIZE)
    sizes = [header.each(sum(c.outputs for c in folder.coders), header.number) for folder in folders]
    crcs: tuple[int | None, ...] = (None,) * count
    while kind := header.byte():
        if kind == _CRC:
            crcs = header.crcs(count)
        else:
            header.take(header.number())
    return tuple(
        Folder(coders=f.coders, bonds=f.bonds, packed=f.packed, sizes=s, crc=c)
        for f, s, c in zip(folders, sizes, crcs, strict=True)
    )


def _folder(header: _Bytes) -> Folder:
    coders = header.each(_few(header.number()), lambda: _coder(header))
    inputs, outputs = sum(c.inputs for c in coders), sum(c.outputs for c in coders)
    bonds = header.each(_few(outputs) - 1, lambda: (header.number(), header.number()))
    alone = _few(inputs) - len(bonds)
    if alone < 1:
        raise UnreadableError("the header: a folder without a stream")
    if alone > 1:
        packed = header.each(alone, header.number)
    else:
        packed = tuple(i for i in range(inputs) if i not in {bond[0] for bond in bonds})[:1]
    return Folder(coders=coders, bonds=bonds, packed=packed)


def _few(count: int) -> int:
    if not 1 <= count <= _CODERS:
        raise UnreadableError(f"the header: a folder of {count} coders or streams")
    return count


def _coder(header: _Bytes) -> Coder:
    flags = header.byte()
    if flags & 0xC0:
        raise UnreadableError("the header: a coder with reserved flags")
    method = header.take(flags & 0xF)
    inputs, outputs = (header.number(), header.number()) if flags & 0x10 else (1, 1)
    properties = header.take(header.number()) if flags & 0x20 else b""
    return Coder(method=method, inputs=inputs, outputs=outputs, properties=properties)


def _substreams(
    header: _Bytes, folders: tuple[Folder, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int | None, ...]]:
    counts: tuple[int, ...] = (1,) * len(folders)
    kind = header.skip_to(_COUNT, _SIZE, _CRC, _END)
    if kind == _COUNT:
        counts = header.each(len(folders), header.number)
        kind = header.skip_to(_SIZE, _CRC, _END)
    if sum(counts) > header.most:
        raise OverBudgetError(f"the header: {sum(counts)} streams, {header.most} allowed")
    if sum(counts) > len(folders) + header.left:
        raise UnreadableError(f"the header: {sum(counts)} streams in {header.left} bytes")
    sizes: list[int] = []
    for folder, count in zip(folders, counts, strict=True):
        if count:
            given = header.each(count - 1, header.number) if kind == _SIZE else (0,) * (count - 1)
            rest = _size(folder) - sum(given)
            if rest < 0:
                raise UnreadableError("the header: files larger than their folder")
            sizes += (*given, rest)
    if kind == _SIZE:
        kind = header.skip_to(_CRC, _END)
    single = [count == 1 and folder.crc is not None for folder, count in zip(folders, counts, strict=True)]
    wanted = sum(count for count, known in zip(counts, single, strict=True) if not known)
    found = iter(header.crcs(wanted) if kind == _CRC else (None,) * wanted)
    crcs: list[int | None] = []
    for folder, count, known in zip(folders, counts, single, strict=True):
        crcs += [folder.crc] if known else [next(found) for _ in range(count)]
    if kind == _CRC:
        header.skip_to(_END)
    return counts, tuple(sizes), tuple(crcs)


def _files(header: _Bytes, main: _Streams, budget: Budget) -> tuple[File, ...]:
    count = header.number()
    if count > budget.limits.members:
        raise OverBudgetError(f"more than {budget.limits.members} members")
    empty, hollow = [False] * count, [False] * count
    names, attributes = [""] * count, [0] * count
    while kind := header.byte():
        part = _Bytes(header.take(header.number()), budget)
        if kind == _EMPTY_STREAM:
            empty = part.bits(count)
        elif kind == _EMPTY_FILE:
            bits = iter(part.bits(sum(empty)))
            hollow = [is_empty and next(bits) for is_empty in empty]
        elif kind == _NAMES:
            names = _names(part, count)
        elif kind == _ATTRIBUTES:
            attributes = _attributes(part, count)
    if count - sum(empty) > len(main.sizes):
        raise UnreadableError("the header: more files than streams")
    places = _places(main)
    files = []
    for name, is_empty, is_hollow, attribute in zip(names, empty, hollow, attributes, strict=True):
        folder, start, end, crc = (-1, 0, 0, None) if is_empty else next(places)
        files.append(
            File(
                name=name,
                is_folder=is_empty and not is_hollow,
                attributes=attribute,
                folder=folder,
                start=start,
                end=end,
                crc=crc,
            )
        )
    return tuple(files)


def _places(main: _Streams) -> Iterator[tuple[int, int, int, int | None]]:
    streams = iter(zip(main.sizes, main.crcs, strict=True))
    for folder, count in enumerate(main.counts):
        at = 0
        for _ in range(count):
            size, crc = next(streams)
            yield folder, at, at + size, crc
            at += size


def _names(part: _Bytes, count: int) -> list[str]:
    if part.byte():
        raise UnreadableError("the header: names kept in another stream")
    text = part.take(part.left // 2 * 2).decode("utf-16-le", "surrogatepass")
    names = text.split("\0")[:count]
    if len(names) < count:
        raise UnreadableError("the header: fewer names than files")
    return names


def _attributes(part: _Bytes, count: int) -> list[int]:
    known = part.flags(count)
    if part.byte():
        raise UnreadableError("the header: attributes kept in another stream")
    return [struct.unpack("<I", part.take(4))[0] if is_known else 0 for is_known in known]


def _size(folder: Folder) -> int:
    """Return the size of what comes out of the coder that nothing else takes from."""
    taken = {bond[1] for bond in folder.bonds}
    return next((size for i, size in enumerate(folder.sizes) if i not in taken), 0)


def _unpack(folder: Folder, streams: tuple[tuple[int, int], ...], source: Source, budget: Budget) -> Source:
    for coder in folder.coders:
        if coder.method == _AES:
            raise EncryptedError("the folder is encrypted")
        if (coder.inputs, coder.outputs) != (1, 1) or coder.method in _UNKNOWN:
            name = _UNKNOWN.get(coder.method, coder.method.hex())
            raise UnreadableError(f"packed by {name}, which is not supported")
    start, end = streams[0]
    if end > source.size:
        raise UnreadableError(f"{end - source.size} packed bytes are missing", offset=source.size)
    current: Source = PartSource(source, start, end)
    feeds = {output: input for input, output in folder.bonds}
    at: int | None = folder.packed[0]
    for _ in folder.coders:
        if at is None or at >= len(folder.coders):
            raise UnreadableError("the coders of a folder form no chain")
        current = _coded(folder.coders[at], folder.sizes[at], current, budget)
        at = feeds.get(at)
    if at is not None:
        raise UnreadableError("the coders of a folder form a ring")
    return current


def _coded(coder: Coder, size: int, source: Source, budget: Budget) -> Source:
    method, properties = coder.method, coder.properties
    if method == _COPY:
        return PartSource(source, 0, size)
    if name := _PLAIN.get(method):
        return unpacked(source, name, budget)
    if method == _LZMA:
        filters = _bounded(lzma1(properties), size)
        return unpacked(source, raw("lzma", filters, endless=True), budget, size=size)
    if method == _LZMA2:
        return unpacked(source, raw("lzma2", _bounded(_lzma2(properties), size), endless=False), budget)
    return _filtered(method, properties, source, budget)


def _bounded(filters: list[Mapping[str, Any]], size: int) -> list[Mapping[str, Any]]:
    # A window larger than all that comes out is never filled.
    return [{**filters[0], "dict_size": min(int(filters[0]["dict_size"]), max(4096, size))}]


def _lzma2(properties: bytes) -> list[Mapping[str, Any]]:
    import lzma

    if len(properties) != 1 or properties[0] > 40:
        raise UnreadableError("lzma2: no properties")
    bits = properties[0]
    size = 0xFFFFFFFF if bits == 40 else (2 | bits & 1) << (bits // 2 + 11)
    return [{"id": lzma.FILTER_LZMA2, "dict_size": size}]


def _filtered(method: bytes, properties: bytes, source: Source, budget: Budget) -> Source:
    import lzma

    if method == _DELTA and len(properties) == 1:
        name, first = "delta", {"id": lzma.FILTER_DELTA, "dist": properties[0] + 1}
    elif method in _FILTERS:
        name, id = _FILTERS[method]
        first = {"id": id}
    else:
        raise UnreadableError(f"packed by method {method.hex()}, which is not supported")
    if not source.size:
        return BytesSource(b"")
    # liblzma applies a filter only in front of a decoder: so give it one that stores.
    last = {"id": lzma.FILTER_LZMA2, "dict_size": _Stored.CHUNK}
    return unpacked(_Stored(source), raw(name, [first, last], endless=False), budget)


class _Stored:
    """Bytes as an LZMA2 stream that does not compress them: chunks of a byte, a length and the bytes, then a zero."""

    CHUNK: Final = 1 << 16
    _STEP: Final = CHUNK + 3

    def __init__(self, source: Source) -> None:
        self._source = source
        self.size = source.size + 3 * -(-source.size // self.CHUNK) + 1

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        first, last = offset // self._STEP, (offset + max(count, 1) - 1) // self._STEP
        data = b"".join(self._chunk(index) for index in range(first, last + 1))
        start = offset - first * self._STEP
        return data[start : start + count]

    def _chunk(self, index: int) -> bytes:
        at = index * self.CHUNK
        data = self._source.read_at(at, self.CHUNK)
        end = b"\0" if at + len(data) == self._source.size and (data or at == self._source.size) else b""
        if not data:
            return b""
        return (b"\x01" if index == 0 else b"\x02") + struct.pack(">H", len(data) - 1) + data + end
