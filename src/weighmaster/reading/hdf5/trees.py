"""B-trees: of groups and chunks (III.A.1, version 1), of dense links, attributes and chunks (III.A.2, version 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5.file import Block, File, width_of

_DEEPEST: Final = 64
_LARGEST: Final = 1 << 20


def leaves(file: File, address: int, kind: int, key: int) -> Iterator[tuple[bytes, int]]:
    """Yield what the lowest nodes of a tree of version 1 hold: a key of `key` bytes and an address, each node once."""
    waiting, seen = [address], {address}
    while waiting:
        at = waiting.pop()
        head = 8 + 2 * file.offset
        block = file.block(at, head, "a node of a tree", b"TREE")
        found, level, used = block.number(1), block.number(1), block.number(2)
        if found != kind:
            raise UnreadableError("hdf5: a node of another kind of tree", offset=file.base + at)
        block = Block(file.at(at + head, used * (key + file.offset)), "a node of a tree")
        children = [(block.take(key), block.number(file.offset)) for _ in range(used)]
        if level == 0:
            for child in children:
                file.step()
                yield child
            continue
        for _, child_at in reversed(children):
            file.step()
            if child_at in seen:
                raise UnreadableError("hdf5: a tree that goes round in a circle", offset=file.base + child_at)
            seen.add(child_at)
            waiting.append(child_at)


def records(file: File, address: int) -> Iterator[tuple[int, bytes]]:
    """Yield the kind of a tree of version 2 and each of its records."""
    block = file.block(address, 16 + file.offset + 2 + file.length, "a tree", b"BTHD")
    block.skip(1)
    kind, size, record, depth = block.number(1), block.number(4), block.number(2), block.number(2)
    block.skip(2)
    root, count = block.number(file.offset), block.number(2)
    if not file.is_defined(root):
        return
    if not 0 < record < size <= _LARGEST or depth > _DEEPEST:
        raise UnreadableError("hdf5: a tree that cannot be", offset=file.base + address)
    pointers = _pointers(file, size, record, depth)
    waiting, seen = [(root, count, depth)], {root}
    while waiting:
        at, count, level = waiting.pop()
        block = file.block(at, min(size, 6 + count * record), "a node of a tree", b"BTIN" if level else b"BTLF")
        block.skip(2)
        for _ in range(count):
            file.step()
            yield kind, block.take(record)
        if not level:
            continue
        few, total = pointers[level]
        width = file.offset + few + total
        block = Block(file.at(at + 6 + count * record, (count + 1) * width), "a node of a tree")
        for _ in range(count + 1):
            child, below = block.number(file.offset), block.number(few)
            block.skip(total)
            if child in seen:
                raise UnreadableError("hdf5: a tree that goes round in a circle", offset=file.base + child)
            seen.add(child)
            waiting.append((child, below, level - 1))


def _pointers(file: File, size: int, record: int, depth: int) -> list[tuple[int, int]]:
    """Return for each level how wide the counts are that stand beside the address of a child."""
    most = (size - 10) // record
    few, total, in_all = width_of(most), 0, most
    found = [(0, 0)]
    for _ in range(depth):
        found.append((few, total))
        pointer = file.offset + few + total
        most = max(0, size - 10 - pointer) // (record + pointer)
        in_all = min(1 << 64, (most + 1) * in_all + most)
        total = width_of(in_all)
    return found
