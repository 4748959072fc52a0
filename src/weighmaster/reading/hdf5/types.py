"""What the messages of a dataset or an attribute say: its type, shape, layout, filters, files (IV.A.2)."""

from __future__ import annotations

from typing import Final, NamedTuple

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5.file import Block, File

FIXED, FLOAT, TIME, STRING, BITS, OPAQUE, COMPOUND, REFERENCE, ENUM, SEQUENCE, ARRAY, COMPLEX = range(12)
_DEEPEST: Final = 16
_RANK: Final = 32
_FIELDS: Final = 4096
_NUMBERS: Final = {FIXED: "int", FLOAT: "float", BITS: "bits", ENUM: "enum", TIME: "time", COMPLEX: "complex"}

COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = range(4)
SINGLE, IMPLICIT, FIXED_ARRAY, EXTENSIBLE_ARRAY, TREE = range(1, 6)
OLD_TREE: Final = 0
"""Chunks under a B-tree of version 1."""


class Datatype(NamedTuple):
    """A type: `size` is that of an element, `text` says that a sequence is a string, `base` what it is made of."""

    kind: int
    size: int
    signed: bool = False
    text: bool = False
    base: Datatype | None = None
    plain: bool = True
    """Whether the elements are held where they stand, and not in the global heap."""

    @property
    def name(self) -> str:
        """The name of the type, as NumPy would say it."""
        if self.kind in _NUMBERS:
            unsigned = "u" if self.kind == FIXED and not self.signed else ""
            return f"{unsigned}{_NUMBERS[self.kind]}{8 * self.size}"
        if self.kind in {STRING, SEQUENCE}:
            return "string" if self.kind == STRING or self.text else "sequence"
        return {OPAQUE: "opaque", COMPOUND: "compound", REFERENCE: "reference", ARRAY: "array"}.get(self.kind, "?")


class Layout(NamedTuple):
    """How a dataset's elements lie in the file."""

    kind: int
    address: int = 0
    size: int = 0
    data: bytes = b""
    form: int = OLD_TREE
    chunk: tuple[int, ...] = ()
    item: int = 0
    mask: int = 0
    page_bits: int = 0


class Filter(NamedTuple):
    """One step of a pipeline."""

    id: int
    name: str
    values: tuple[int, ...]


def datatype(body: bytes) -> Datatype:
    """Return the type that a message describes."""
    return _datatype(Block(body, "a datatype"), 0)


def _datatype(block: Block, depth: int) -> Datatype:
    if depth > _DEEPEST:
        raise UnreadableError("hdf5: a datatype nested too deep")
    first = block.number(1)
    kind, version = first & 15, first >> 4
    bits = block.number(3)
    size = block.number(4)
    if kind == SEQUENCE:
        base = _datatype(block, depth + 1)
        return Datatype(kind, size, text=bits & 15 == 1, base=base, plain=False)
    if kind in {FIXED, BITS}:
        block.skip(4)
        return Datatype(kind, size, signed=bool(bits & 8))
    if kind in {FLOAT, TIME}:
        block.skip(12 if kind == FLOAT else 2)
    elif kind == OPAQUE:
        block.skip(min(bits & 0xFF, block.left))
    elif kind == ARRAY:
        rank = block.number(1)
        block.skip((3 if version < 3 else 0) + 4 * rank + (4 * rank if version < 3 else 0))
        base = _datatype(block, depth + 1)
        return Datatype(kind, size, base=base, plain=base.plain)
    elif kind == ENUM:
        _skip_names(block, bits & 0xFFFF, _datatype(block, depth + 1).size, version)
    elif kind == COMPOUND:
        return Datatype(kind, size, plain=_fields(block, bits & 0xFFFF, size, version, depth))
    return Datatype(kind, size, plain=kind != REFERENCE)


def _skip_names(block: Block, count: int, size: int, version: int) -> None:
    for _ in range(count):
        _name(block, padded=version < 3)
    block.skip(count * size)


def _fields(block: Block, count: int, size: int, version: int, depth: int) -> bool:
    """Read the members of a compound, and say whether all of them are held where they stand."""
    plain = True
    if count > _FIELDS:
        raise UnreadableError("hdf5: a compound of too many members")
    width = max(1, (max(1, size).bit_length() + 7) // 8)
    for _ in range(count):
        _name(block, padded=version < 3)
        if version < 3:
            block.skip(4)
            if version == 1:
                # Dimensionality, three reserved bytes, permutation, four reserved bytes, four sizes.
                block.skip(1 + 3 + 4 + 4 + 16)
        else:
            block.skip(width)
        plain &= _datatype(block, depth + 1).plain
    return plain


def _name(block: Block, *, padded: bool) -> bytes:
    end = block.data.find(b"\0", block.at)
    if end < 0:
        raise UnreadableError("hdf5: a name without an end")
    start = block.at
    name = block.take(end - start)
    block.skip(1)
    if padded:
        block.align(start)
    return name


def shape(body: bytes, file: File) -> tuple[int, ...] | None:
    """Return the dimensions that a dataspace message gives, none for a scalar; None where there are no elements."""
    block = Block(body, "a dataspace")
    version, rank = block.number(1), block.number(1)
    block.skip(1)
    if version == 1:
        block.skip(5)
    elif version == 2:
        if block.number(1) == 2:
            return None
    else:
        raise UnreadableError(f"hdf5: a dataspace of version {version}")
    if rank > _RANK:
        raise UnreadableError(f"hdf5: a dataspace of {rank} dimensions")
    return tuple(block.number(file.length) for _ in range(rank))


def count_of(shape: tuple[int, ...] | None) -> int:
    """Return how many elements a shape has."""
    count = 0 if shape is None else 1
    for one in shape or ():
        count = min(count * one, 1 << 64)
    return count


def layout(body: bytes, file: File) -> Layout:
    """Return what a layout message says."""
    block = Block(body, "a layout")
    version = block.number(1)
    if version in {1, 2}:
        return _early(block, file)
    if version not in {3, 4, 5}:
        raise UnreadableError(f"hdf5: a layout of version {version}")
    kind = block.number(1)
    if kind == COMPACT:
        size = block.number(2)
        return Layout(kind, size=size, data=block.take(size))
    if kind == CONTIGUOUS:
        return Layout(kind, address=block.number(file.offset), size=block.number(file.length))
    if kind == VIRTUAL:
        return Layout(kind, address=block.number(file.offset), form=block.number(4))
    if kind != CHUNKED:
        raise UnreadableError(f"hdf5: a layout of class {kind}")
    if version == 3:
        rank = block.number(1)
        address = block.number(file.offset)
        chunk = tuple(block.number(4) for _ in range(min(rank, _RANK + 1)))
        return Layout(kind, address=address, chunk=chunk[:-1], item=chunk[-1] if chunk else 0)
    return _late(block, file)


def _early(block: Block, file: File) -> Layout:
    rank, kind = block.number(1), block.number(1)
    block.skip(5)
    address = file.undefined if kind == COMPACT else block.number(file.offset)
    sizes = tuple(block.number(4) for _ in range(min(rank, _RANK + 1)))
    if kind == COMPACT:
        size = block.number(4)
        return Layout(kind, size=size, data=block.take(size))
    if kind == CHUNKED:
        return Layout(kind, address=address, chunk=sizes[:-1], item=sizes[-1] if sizes else 0)
    if kind != CONTIGUOUS:
        raise UnreadableError(f"hdf5: a layout of class {kind}")
    size = 1
    for one in sizes:
        size = min(size * one, 1 << 64)
    return Layout(kind, address=address, size=size)


def _late(block: Block, file: File) -> Layout:
    flags, rank, width = block.number(1), block.number(1), block.number(1)
    if rank > _RANK + 1 or not 1 <= width <= 8:
        raise UnreadableError("hdf5: chunks that cannot be")
    chunk = tuple(block.number(width) for _ in range(rank))
    index = block.number(1)
    size = mask = bits = 0
    if index == SINGLE and flags & 2:
        size, mask = block.number(file.length), block.number(4)
    elif index == FIXED_ARRAY:
        bits = block.number(1)
    elif index == EXTENSIBLE_ARRAY:
        block.skip(5)
    elif index == TREE:
        block.skip(6)
    address = block.number(file.offset)
    return Layout(
        CHUNKED,
        address=address,
        size=size,
        form=index,
        chunk=chunk[:-1],
        item=chunk[-1] if chunk else 0,
        mask=mask,
        page_bits=bits,
    )


def filters(body: bytes) -> list[Filter]:
    """Return the steps that a pipeline message names."""
    block = Block(body, "a filter pipeline")
    version, count = block.number(1), block.number(1)
    if version == 1:
        block.skip(6)
    found = []
    for _ in range(count):
        id = block.number(2)
        named = block.number(2) if version == 1 or id >= 256 else 0
        block.skip(2)
        values = block.number(2)
        name = block.take(named + (-named % 8 if version == 1 else 0)).split(b"\0", 1)[0]
        data = tuple(block.number(4) for _ in range(values))
        if version == 1 and values % 2:
            block.skip(min(4, block.left))
        found.append(Filter(id, name.decode("latin-1"), data))
    return found
