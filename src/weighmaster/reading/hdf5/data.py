"""The bytes of a dataset: what lies in one piece, what lies in chunks behind filters, what lies in the global heap."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.hdf5 import types
from weighmaster.reading.hdf5.chunks import Chunk, chunks
from weighmaster.reading.hdf5.file import Block, File
from weighmaster.reading.hdf5.heap import value
from weighmaster.reading.hdf5.types import Datatype, Filter, Layout, count_of

DEFLATE, SHUFFLE, CHECKSUM, SZIP, NBIT, SCALE_OFFSET, LZF = 1, 2, 3, 4, 5, 6, 32000
OWN: Final = frozenset({DEFLATE, SHUFFLE, CHECKSUM, SZIP, NBIT, SCALE_OFFSET, LZF})
"""Filters of HDF5 itself, and of h5py; what else a pipeline names is loaded as a plug-in."""

_CHUNK: Final = 64 << 20
_UNDONE: Final = frozenset({DEFLATE, SHUFFLE, CHECKSUM, LZF})


def can_undo(steps: Sequence[Filter]) -> bool:
    """Say whether each step of a pipeline is undone here."""
    return all(step.id in _UNDONE for step in steps)


def first(file: File, layout: Layout, shape: tuple[int, ...], steps: Sequence[Filter], most: int) -> bytes:
    """Return what a dataset begins with, up to `most` bytes or one row; what was never written is zeros.

    Raises:
        UnreadableError: it cannot be had.
    """
    if layout.kind == types.CONTIGUOUS:
        return file.at(layout.address, min(most, layout.size)) if file.is_defined(layout.address) else b""
    if layout.kind == types.CHUNKED and shape:
        row = max(1, count_of(shape[1:]) * layout.item)
        near = (min(shape[0], -(-most // row)), *shape[1:])
        return _gathered(file, layout, (shape, near), steps)[:most]
    return whole(file, layout, shape, steps)[:most]


def whole(file: File, layout: Layout, shape: tuple[int, ...], steps: Sequence[Filter]) -> bytes:
    """Return all bytes of a dataset in the order of its elements; what was never written is zeros.

    Raises:
        UnreadableError: they cannot be had.
        OverBudgetError: they are too many to hold.
    """
    if layout.kind == types.COMPACT:
        return layout.data
    if layout.kind == types.CONTIGUOUS:
        return file.at(layout.address, layout.size) if file.is_defined(layout.address) else b""
    return _gathered(file, layout, (shape, shape), steps)


def _gathered(
    file: File, layout: Layout, shapes: tuple[tuple[int, ...], tuple[int, ...]], steps: Sequence[Filter]
) -> bytes:
    """Put together the chunks of a dataset that has the first shape, as far as the second reaches."""
    shape, near = shapes
    size = count_of(near) * layout.item
    file.budget.hold(size)
    file.pay(size)
    found = bytearray(size)
    for chunk in chunks(file, layout, shape, filtered=bool(steps)):
        starts = tuple(number * one for number, one in zip(chunk.place, layout.chunk, strict=True))
        if all(start < end for start, end in zip(starts, near, strict=True)):
            _copy(file, _unpacked(file, layout, chunk, steps), found, (layout, near, starts))
    return bytes(found)


def _copy(file: File, data: bytes, found: bytearray, at: tuple[Layout, tuple[int, ...], tuple[int, ...]]) -> None:
    """Copy a chunk's rows to where they stand in the whole."""
    layout, shape, starts = at
    chunk, item = layout.chunk, layout.item
    spans = [min(one, size - start) for one, size, start in zip(chunk, shape, starts, strict=True)]
    run = spans[-1] * item
    for outer in product(*(range(span) for span in spans[:-1])):
        file.step()
        source = target = 0
        for index, one, size, start in zip(outer, chunk, shape, starts, strict=False):
            source, target = source * one + index, target * size + start + index
        source, target = source * chunk[-1] * item, (target * shape[-1] + starts[-1]) * item
        piece = data[source : source + run]
        found[target : target + len(piece)] = piece


def elements(file: File, type_: Datatype, data: bytes) -> Iterator[bytes]:
    """Yield what each element of a variable length holds.

    Raises:
        UnreadableError: one does not lie where it should.
    """
    # VIII, references to the global heap: a length, an address, an index.
    size = 4 + file.offset + 4
    item = type_.base.size if type_.base is not None else 1
    for at in range(0, len(data) - size + 1, size):
        file.step()
        block = Block(data[at : at + size], "an element")
        length, address, index = block.number(4), block.number(file.offset), block.number(4)
        if length and address and file.is_defined(address):
            found = value(file, address, index)
            file.pay(len(found))
            yield found[: length * item]


def _unpacked(file: File, layout: Layout, chunk: Chunk, steps: Sequence[Filter]) -> bytes:
    whole_size = layout.item
    for one in layout.chunk:
        whole_size *= one
    if max(whole_size, chunk.size) > _CHUNK:
        raise OverBudgetError(f"hdf5: a chunk of {max(whole_size, chunk.size)} bytes, {_CHUNK} are read")
    data = file.at(chunk.address, chunk.size)
    for number in range(len(steps) - 1, -1, -1):
        if not chunk.mask >> number & 1:
            data = _undone(file, steps[number], data, whole_size)
    return data


def _undone(file: File, step: Filter, data: bytes, size: int) -> bytes:
    if step.id == DEFLATE:
        return _inflated(file, data, size)
    if step.id == SHUFFLE:
        return _unshuffled(data, step.values[0] if step.values else 1)
    if step.id == CHECKSUM:
        return data[:-4]
    if step.id == LZF:
        file.pay(size)
        return _unpacked_lzf(data, size)
    raise UnreadableError(f"hdf5: data behind the filter {step.id}, which is not undone here")


def _inflated(file: File, data: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, size + 64)
    except zlib.error as error:
        raise UnreadableError(f"hdf5: a chunk that does not unpack: {error}") from error
    file.budget.unpack(len(found))
    file.pay(len(found))
    return found


def _unshuffled(data: bytes, width: int) -> bytes:
    """Bring the bytes of each element together again: the first of all elements come first."""
    count = len(data) // width if width else 0
    if width <= 1 or count <= 1:
        return data
    found = bytearray(data)
    for number in range(width):
        found[number : count * width : width] = data[number * count : (number + 1) * count]
    return bytes(found)


def _unpacked_lzf(data: bytes, size: int) -> bytes:
    # LibLZF: a literal run of up to 32 bytes, or a copy from up to 8 KiB back. http://oldhome.schmorp.de/marc/liblzf.html
    if len(data) == size:
        return data  # What did not become smaller is kept as it is.
    found, at = bytearray(), 0
    try:
        while at < len(data) and len(found) < size:
            control = data[at]
            at += 1
            if control < 32:
                found += data[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[at]
                at += 1
            start = len(found) - ((control & 31) << 8 | data[at]) - 1
            at += 1
            if start < 0:
                raise UnreadableError("hdf5: a chunk that does not unpack")
            for number in range(length + 2):
                found.append(found[start + number])
    except IndexError as error:
        raise UnreadableError("hdf5: a chunk that ends early") from error
    return bytes(found)
