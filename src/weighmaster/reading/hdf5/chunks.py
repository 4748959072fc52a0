"""Where the chunks of a dataset lie: one index of five kinds (III.A, VII)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5 import types
from weighmaster.reading.hdf5.file import Block, File
from weighmaster.reading.hdf5.trees import leaves, records
from weighmaster.reading.hdf5.types import Layout

_MOST: Final = 1 << 20


_Entries: TypeAlias = Callable[[int, int, int, int], Iterator["Chunk"]]


class Chunk(NamedTuple):
    """A chunk: which along each dimension, where it lies, its size there, and which filters it does without."""

    place: tuple[int, ...]
    address: int
    size: int
    mask: int


def chunks(file: File, layout: Layout, shape: tuple[int, ...], *, filtered: bool) -> Iterator[Chunk]:
    """Yield the chunks that a dataset has.

    Raises:
        UnreadableError: its index breaks the format.
    """
    if not file.is_defined(layout.address):
        return
    if not layout.chunk or len(layout.chunk) != len(shape) or 0 in layout.chunk or not layout.item:
        raise UnreadableError("hdf5: chunks that do not fit their dataset")
    whole = layout.item
    for one in layout.chunk:
        whole *= one
    reader = _Reader(file, layout, shape, whole, filtered=filtered)
    ways = {
        types.OLD_TREE: reader.old_tree,
        types.SINGLE: reader.single,
        types.IMPLICIT: reader.implicit,
        types.FIXED_ARRAY: reader.fixed_array,
        types.EXTENSIBLE_ARRAY: reader.extensible_array,
        types.TREE: reader.tree,
    }
    if layout.form not in ways:
        raise UnreadableError(f"hdf5: an index of chunks of type {layout.form}")
    yield from ways[layout.form]()


class _Reader:
    """The index of one dataset. `whole` is the size of a chunk that no filter made smaller."""

    def __init__(self, file: File, layout: Layout, shape: tuple[int, ...], whole: int, *, filtered: bool) -> None:
        self._file = file
        self._layout = layout
        self._whole = whole
        self._filtered = filtered
        self._counts = [-(-size // one) for size, one in zip(shape, layout.chunk, strict=True)]
        self.count = 1
        for count in self._counts:
            self.count *= count

    def place(self, number: int) -> tuple[int, ...]:
        """Return where the chunk of a number lies: the last dimension runs fastest."""
        found = []
        for count in reversed(self._counts):
            found.append(number % count if count else 0)
            number //= max(1, count)
        return tuple(reversed(found))

    def single(self) -> Iterator[Chunk]:
        layout = self._layout
        size = layout.size if self._filtered and layout.size else self._whole
        yield Chunk((0,) * len(layout.chunk), layout.address, size, layout.mask)

    def implicit(self) -> Iterator[Chunk]:
        for number in range(self.count):
            self._file.step()
            yield Chunk(self.place(number), self._layout.address + number * self._whole, self._whole, 0)

    def old_tree(self) -> Iterator[Chunk]:
        rank = len(self._layout.chunk)
        for key, address in leaves(self._file, self._layout.address, 1, 8 + 8 * (rank + 1)):
            block = Block(key, "a chunk")
            size, mask = block.number(4), block.number(4)
            place = tuple(block.number(8) // one for one in self._layout.chunk)
            yield Chunk(place, address, size, mask)

    def tree(self) -> Iterator[Chunk]:
        file, rank = self._file, len(self._layout.chunk)
        for kind, record in records(file, self._layout.address):
            block = Block(record, "a chunk")
            address, size, mask = block.number(file.offset), self._whole, 0
            if kind == 11:
                size, mask = block.number(len(record) - file.offset - 4 - 8 * rank), block.number(4)
            yield Chunk(tuple(block.number(8) for _ in range(rank)), address, size, mask)

    def fixed_array(self) -> Iterator[Chunk]:
        file = self._file
        head = file.block(self._layout.address, 8 + file.length + file.offset, "an array of chunks", b"FAHD")
        head.skip(2)
        entry, bits, count = head.number(1), head.number(1), head.number(file.length)
        address = head.number(file.offset)
        if not file.is_defined(address):
            return
        file.block(address, 6 + file.offset, "an array of chunks", b"FADB")
        count = min(count, self.count, _MOST)
        at, page = address + 6 + file.offset, 1 << min(bits, 40)
        if count <= page:
            yield from self._entries(at, 0, count, entry)
            return
        pages = -(-count // page)
        present = file.at(at, -(-pages // 8))
        at += len(present) + 4
        for number in range(pages):
            some = min(page, count - number * page)
            if present[number // 8] & (0x80 >> number % 8):
                yield from self._entries(at, number * page, some, entry)
            at += some * entry + 4

    def extensible_array(self) -> Iterator[Chunk]:
        yield from _Extensible(self._file, self._layout.address, self.count, self._entries).read()

    def _entries(self, at: int, first: int, count: int, entry: int) -> Iterator[Chunk]:
        file = self._file
        extra = entry - file.offset - 4
        if entry < file.offset or (self._filtered and extra < 0):
            raise UnreadableError("hdf5: an array of chunks that cannot be", offset=file.base + at)
        block = Block(file.at(at, count * entry), "an array of chunks")
        for number in range(first, first + count):
            file.step()
            address, size, mask = block.number(file.offset), self._whole, 0
            if self._filtered:
                size, mask = block.number(extra), block.number(4)
            else:
                block.skip(entry - file.offset)
            if file.is_defined(address) and number < self.count:
                yield Chunk(self.place(number), address, size, mask)


class _Extensible:
    """An extensible array (VII.D): elements, then blocks of them, then blocks of blocks, each twice as large."""

    def __init__(self, file: File, address: int, wanted: int, entries: _Entries) -> None:
        self._file = file
        self._entries = entries
        head = file.block(address, 12 + 6 * file.length + file.offset, "an array of chunks", b"EAHD")
        head.skip(2)
        self._entry, bits, self._own = head.number(1), head.number(1), head.number(1)
        self._least, self._pointers, page_bits = head.number(1), head.number(1), head.number(1)
        head.skip(4 * file.length)
        self._last = min(head.number(file.length), wanted, _MOST)
        head.skip(file.length)
        self._index = head.number(file.offset)
        self._page = 1 << min(page_bits, 40)
        self._wide = (bits + 7) // 8
        powers = (self._least, self._pointers)
        if any(one <= 0 or one & (one - 1) for one in powers) or bits > 64:
            raise UnreadableError("hdf5: an array of chunks that cannot be", offset=file.base + address)
        self._levels = 1 + max(0, bits - (self._least.bit_length() - 1))

    def read(self) -> Iterator[Chunk]:
        """Yield the chunks."""
        file = self._file
        if not file.is_defined(self._index):
            return
        head = 6 + file.offset
        file.block(self._index, head, "an array of chunks", b"EAIB")
        yield from self._entries(self._index + head, 0, min(self._own, self._last), self._entry)
        at, first = self._index + head + self._own * self._entry, self._own
        direct = 2 * (self._pointers.bit_length() - 1)
        for level in range(self._levels):
            if first >= self._last:
                return
            blocks, size = 1 << level // 2, (1 << (level + 1) // 2) * self._least
            if level < direct:
                addresses = self._addresses(at, blocks)
                at += blocks * file.offset
            else:
                (above,) = self._addresses(at, 1)
                at += file.offset
                addresses = self._below(above, blocks, size)
            for address in addresses:
                if first < self._last and file.is_defined(address):
                    yield from self._block(address, first, size)
                first += size

    def _addresses(self, at: int, count: int) -> list[int]:
        width = self._file.offset
        data = self._file.at(at, count * width)
        return [int.from_bytes(data[start : start + width], "little") for start in range(0, len(data), width)]

    def _below(self, address: int, blocks: int, size: int) -> list[int]:
        file = self._file
        if not file.is_defined(address):
            return [file.undefined] * blocks
        head = 6 + file.offset + self._wide
        file.block(address, head, "an array of chunks", b"EASB")
        pages = -(-size // self._page) if size > self._page else 0
        return self._addresses(address + head + blocks * (-(-pages // 8)), blocks)

    def _block(self, address: int, first: int, size: int) -> Iterator[Chunk]:
        file = self._file
        head = 6 + file.offset + self._wide
        file.block(address, head, "an array of chunks", b"EADB")
        at = address + head
        if size <= self._page:
            yield from self._entries(at, first, min(size, self._last - first), self._entry)
            return
        at += 4
        for start in range(first, min(first + size, self._last), self._page):
            yield from self._entries(at, start, min(self._page, self._last - start), self._entry)
            at += self._page * self._entry + 4
