"""What hangs on an object: the links of a group, the attributes of anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5 import header
from weighmaster.reading.hdf5.file import Block, File
from weighmaster.reading.hdf5.header import Message
from weighmaster.reading.hdf5.heap import Fractal, Names
from weighmaster.reading.hdf5.trees import leaves, records
from weighmaster.reading.hdf5.types import Datatype, count_of, datatype, shape

HARD: Final = "hard"
SOFT: Final = "soft"
EXTERNAL: Final = "external"
OTHER: Final = "user-defined"
_ENTRY_SOFT: Final = 2


class Link(NamedTuple):
    """An entry of a group: `address` of a hard link, `path` inside the file or inside `file` of others."""

    name: str
    kind: str
    address: int = 0
    path: str = ""
    file: str = ""


class Attribute(NamedTuple):
    """A value that stands at an object: its type, shape (None: no elements), and bytes."""

    name: str
    type: Datatype
    shape: tuple[int, ...] | None
    data: bytes


def links(file: File, found: list[Message]) -> Iterator[Link]:
    """Yield the links of the group whose messages these are, however it keeps them.

    Raises:
        UnreadableError: they break the format. What came before counts.
    """
    for message in found:
        if message.kind == header.LINK:
            yield _link(file, Block(message.body, "a link"))
        elif message.kind == header.SYMBOL_TABLE:
            yield from _table(file, Block(message.body, "a symbol table"))
        elif message.kind == header.LINK_INFO:
            yield from _dense_links(file, Block(message.body, "a group"))


def attributes(file: File, found: list[Message]) -> Iterator[Attribute | UnreadableError]:
    """Yield the attributes of the object whose messages these are, or in place of one what is wrong with it."""
    for message in found:
        if message.kind == header.ATTRIBUTE:
            try:
                yield _attribute(file, header.resolved(file, message))
            except UnreadableError as error:
                yield error
        elif message.kind == header.ATTRIBUTE_INFO:
            yield from _dense_attributes(file, Block(message.body, "an object"))


def _table(file: File, block: Block) -> Iterator[Link]:
    tree, heap = block.number(file.offset), block.number(file.offset)
    if not file.is_defined(tree):
        return
    names = Names(file, heap)
    size = 2 * file.offset + 24
    for _, address in leaves(file, tree, 0, file.length):
        node = file.block(address, 8, "a node of a group", b"SNOD")
        node.skip(2)
        entries = Block(file.at(address + 8, node.number(2) * size), "a node of a group")
        while entries.left:
            file.step()
            name, target = names.name(entries.number(file.offset)), entries.number(file.offset)
            cached = entries.number(4)
            entries.skip(4)
            scratch = entries.take(16)
            if cached == _ENTRY_SOFT:
                yield Link(name, SOFT, path=names.name(int.from_bytes(scratch[:4], "little")))
            else:
                yield Link(name, HARD, address=target)


def _link(file: File, block: Block) -> Link:
    # IV.A.2.g, "link message".
    version, flags = block.number(1), block.number(1)
    if version != 1:
        raise UnreadableError(f"hdf5: a link of version {version}")
    kind = block.number(1) if flags & 8 else 0
    block.skip((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = block.take(block.number(1 << (flags & 3))).decode("utf-8", "backslashreplace")
    if kind == 0:
        return Link(name, HARD, address=block.number(file.offset))
    value = block.take(block.number(2))
    if kind == 1:
        return Link(name, SOFT, path=value.decode("utf-8", "backslashreplace"))
    if kind == 64:
        where, _, path = value[1:].partition(b"\0")
        path = path.split(b"\0", 1)[0]
        return Link(
            name,
            EXTERNAL,
            path=path.decode("utf-8", "backslashreplace"),
            file=where.decode("utf-8", "backslashreplace"),
        )
    return Link(name, OTHER, path=str(kind))


def _dense(file: File, block: Block, counted: int) -> Iterator[tuple[int, bytes, Fractal]]:
    """Yield the records of both indexes, by name and in order of creation: some readers follow one, some the other."""
    flags = block.number(1)
    block.skip(counted if flags & 1 else 0)
    heap = block.number(file.offset)
    trees = [block.number(file.offset) for _ in range(2 if flags & 2 else 1)]
    if not file.is_defined(heap):
        return
    fractal = Fractal(file, heap)
    for tree in trees:
        if file.is_defined(tree):
            for kind, record in records(file, tree):
                yield kind, record, fractal


def _dense_links(file: File, block: Block) -> Iterator[Link]:
    if block.number(1) != 0:
        raise UnreadableError("hdf5: a group of an unknown version")
    for kind, record, fractal in _dense(file, block, 8):
        start = {5: 4, 6: 8}.get(kind)
        if start is None:
            raise UnreadableError(f"hdf5: links in a tree of type {kind}")
        yield _link(file, Block(fractal.get(record[start : start + fractal.id_length]), "a link"))


def _dense_attributes(file: File, block: Block) -> Iterator[Attribute | UnreadableError]:
    if block.number(1) != 0:
        raise UnreadableError("hdf5: attributes of an unknown version")
    for kind, record, fractal in _dense(file, block, 2):
        if kind not in {8, 9}:
            raise UnreadableError(f"hdf5: attributes in a tree of type {kind}")
        flags = record[fractal.id_length : fractal.id_length + 1]
        if flags and flags[0] & 2:
            yield UnreadableError("hdf5: an attribute in the heap of shared messages, which is not read")
            continue
        try:
            yield _attribute(file, fractal.get(record[: fractal.id_length]))
        except UnreadableError as error:
            yield error


def _attribute(file: File, body: bytes) -> Attribute:
    # IV.A.2.m, "attribute message".
    block = Block(body, "an attribute")
    version, flags = block.number(1), block.number(1)
    if version not in {1, 2, 3}:
        raise UnreadableError(f"hdf5: an attribute of version {version}")
    sizes = block.number(2), block.number(2), block.number(2)
    if version == 3:
        block.skip(1)
    parts = []
    for size in sizes:
        parts.append(block.take(size))
        if version == 1:
            block.skip(min(-size % 8, block.left))
    name, type_, space = parts
    if version > 1 and flags & 1:
        type_ = header.elsewhere(file, header.DATATYPE, type_)
    if version > 1 and flags & 2:
        space = header.elsewhere(file, header.DATASPACE, space)
    text = name.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")
    kind, dimensions = datatype(type_), shape(space, file)
    size = count_of(dimensions) * kind.size
    return Attribute(text, kind, dimensions, block.take(size))
