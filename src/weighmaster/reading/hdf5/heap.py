"""Heaps: of names (III.D, local), of values of variable length (III.E, global), of links and attributes (III.G)."""

from __future__ import annotations

from typing import Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5.file import Block, File, width_of
from weighmaster.reading.hdf5.trees import records

_NAME: Final = 1 << 16
_PIECE: Final = 256
_COLLECTION: Final = 64 << 20
_KEPT: Final = 32 << 20
_ROWS: Final = 64
_DEEPEST: Final = 16


class Names:
    """A local heap: the names of one group's links."""

    def __init__(self, file: File, address: int) -> None:
        block = file.block(address, 8 + 2 * file.length + file.offset, "local heap", b"HEAP")
        block.skip(4)
        self._file = file
        self._size = block.number(file.length)
        block.skip(file.length)
        self._start = block.number(file.offset)
        file.cover(file.base + self._start, file.base + self._start + self._size)

    def name(self, offset: int) -> str:
        """Return the text that begins at an offset."""
        found = b""
        while len(found) < min(_NAME, self._size - offset):
            piece = self._file.at(self._start + offset + len(found), min(_PIECE, self._size - offset - len(found)))
            found += piece.split(b"\0", 1)[0]
            if b"\0" in piece:
                return found.decode("utf-8", "backslashreplace")
        raise UnreadableError("hdf5: a name that does not lie in its heap", offset=self._file.base + self._start)


def value(file: File, address: int, index: int) -> bytes:
    """Return the object `index` of the collection at an address of the global heap.

    Raises:
        UnreadableError: there is none.
    """
    held = file.heaps.get(address)
    if held is None:
        held = _collection(file, address)
        file.kept += sum(map(len, held.values()))
        if file.kept > _KEPT:
            file.heaps.clear()
            file.kept = 0
        file.heaps[address] = held
    found = held.get(index)
    if found is None:
        raise UnreadableError(f"hdf5: no object {index} in its heap", offset=file.base + address)
    return found


def _collection(file: File, address: int) -> dict[int, bytes]:
    size = file.block(address, 8 + file.length, "global heap", b"GCOL")
    size.skip(4)
    block = file.block(address, min(size.number(file.length), _COLLECTION), "global heap", b"GCOL")
    block.skip(4 + file.length)
    found: dict[int, bytes] = {}
    while block.left >= 8 + file.length:
        file.step()
        index = block.number(2)
        block.skip(6)
        length = block.number(file.length)
        if index == 0:
            break  # Free space, to the end.
        found[index] = block.take(length)
        block.skip(min(-length % 8, block.left))
    return found


class Fractal:
    """A fractal heap, in which dense groups keep links and objects keep many or large attributes."""

    def __init__(self, file: File, address: int) -> None:
        self._file = file
        block = file.block(address, 22 + 12 * file.length + 3 * file.offset, "fractal heap", b"FRHP")
        block.skip(1)
        self.id_length = block.number(2)
        filtered = block.number(2)
        self._checked = bool(block.number(1) & 2)
        largest = block.number(4)
        block.skip(file.length)
        self._huge = block.number(file.offset)
        block.skip(file.length + file.offset + 4 * file.length + 4 * file.length)
        self._width = block.number(2)
        self._start = block.number(file.length)
        self._direct = block.number(file.length)
        bits = block.number(2)
        block.skip(2)
        self._root = block.number(file.offset)
        self._rows = block.number(2)
        if filtered:
            raise UnreadableError("hdf5: a fractal heap whose blocks are filtered, which is not read")
        powers = (self._start, self._direct, self._width)
        if any(one <= 0 or one & (one - 1) for one in powers) or self._direct < self._start or bits > 64:
            raise UnreadableError("hdf5: a fractal heap that cannot be", offset=file.base + address)
        self._offset_width = (bits + 7) // 8
        self._length_width = min((self._direct.bit_length() + 6) // 8, width_of(largest))
        self._head = 5 + file.offset + self._offset_width
        self._direct_rows = self._direct.bit_length() - self._start.bit_length() + 2

    def get(self, id: bytes) -> bytes:
        """Return the object that a heap identifier names.

        Raises:
            UnreadableError: it cannot be found.
        """
        if len(id) != self.id_length or not id:
            raise UnreadableError("hdf5: a heap identifier that is too short")
        kind = id[0] >> 4 & 3
        block = Block(id[1:], "a heap identifier")
        if kind == 0:
            offset, length = block.number(self._offset_width), block.number(self._length_width)
            return self._managed(offset, length)
        if kind == 1:
            return self._large(block)
        # III.G, tiny objects: the length less one in four bits, or in twelve.
        wide = self.id_length > 18
        length = (((id[0] & 15) << 8 | block.number(1)) if wide else id[0] & 15) + 1
        return block.take(length)

    def _large(self, block: Block) -> bytes:
        file = self._file
        if block.left >= file.offset + file.length:
            return file.at(block.number(file.offset), block.number(file.length))
        wanted = block.number(min(block.left, file.length))
        for kind, record in records(file, self._huge):
            if kind != 1:
                raise UnreadableError("hdf5: large objects that are filtered, which are not read")
            entry = Block(record, "a large object")
            address, length, key = entry.number(file.offset), entry.number(file.length), entry.number(file.length)
            if key == wanted:
                return file.at(address, length)
        raise UnreadableError("hdf5: a large object is not there")

    def _managed(self, offset: int, length: int) -> bytes:
        file, address, rows = self._file, self._root, self._rows
        for _ in range(_DEEPEST):
            file.step()
            if rows == 0:
                return file.at(address + offset, length)
            row, column, within = self._place(offset)
            if row >= min(rows, _ROWS):
                break
            if row < self._direct_rows:
                address = self._child(address, row * self._width + column)
                return file.at(address + within, length)
            address = self._child(address, row * self._width + column)
            rows = self._size(row).bit_length() - (self._start * self._width).bit_length() + 1
            offset = within
        raise UnreadableError("hdf5: a place that does not lie in its heap", offset=file.base + address)

    def _size(self, row: int) -> int:
        return self._start << max(0, row - 1)

    def _place(self, offset: int) -> tuple[int, int, int]:
        """Return the row and the column of the block that holds an offset, and the offset in that block."""
        at = 0
        for row in range(_ROWS):
            size = self._size(row)
            if offset < at + size * self._width:
                return row, (offset - at) // size, (offset - at) % size
            at += size * self._width
        return _ROWS, 0, 0

    def _child(self, address: int, number: int) -> int:
        # Children that are data come before children that have children; without filters each is one address.
        file = self._file
        file.block(address, self._head, "block of a fractal heap", b"FHIB")
        return int.from_bytes(file.at(address + self._head + number * file.offset, file.offset), "little")
