"""Files that a dataset takes its elements from: an external file list, or the sources of a virtual dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.hdf5.file import Block, File
from weighmaster.reading.hdf5.heap import Names, value

_SAME: Final = "."


def listed(file: File, body: bytes) -> Iterator[str]:
    """Yield the files of an external file list (IV.A.2.h)."""
    block = Block(body, "a list of files")
    if block.number(1) != 1:
        raise UnreadableError("hdf5: a list of external files of an unknown version")
    block.skip(3 + 2)
    used = block.number(2)
    names = Names(file, block.number(file.offset))
    for _ in range(used):
        file.step()
        yield names.name(block.number(file.length))
        block.skip(2 * file.length)


def sources(file: File, address: int, index: int) -> Iterator[str]:
    """Yield the files of a virtual dataset's sources (III.E, "global heap block for virtual datasets").

    Raises:
        UnreadableError: the list cannot be read to its end.
    """
    if not file.is_defined(address):
        return
    block = Block(value(file, address, index), "a virtual dataset")
    version = block.number(1)
    if version not in {0, 1}:
        raise UnreadableError(f"hdf5: a virtual dataset of version {version}")
    names: list[str] = []
    for number in range(block.number(file.length)):
        file.step()
        flags = block.number(1) if version == 1 else 0
        if flags & 4:
            name = _SAME
        elif flags & 1:
            before = block.number(min(8, file.length))
            name = names[before] if before < number else ""
        else:
            name = _text(block)
        names.append(name)
        if name != _SAME:
            yield name
        if flags & 2:
            block.skip(8)
        else:
            _text(block)
        _skip_selection(block)
        _skip_selection(block)


def _text(block: Block) -> str:
    end = block.data.find(b"\0", block.at)
    if end < 0:
        raise UnreadableError("hdf5: a name without an end")
    found = block.take(end - block.at)
    block.skip(1)
    return found.decode("utf-8", "backslashreplace")


def _skip_selection(block: Block) -> None:
    """Move past a serialized selection (VIII, "dataspace selections")."""
    kind, version = block.number(4), block.number(4)
    if kind in {0, 3}:
        block.skip(8)
    elif kind == 2 and version in {2, 3}:
        flags = block.number(1)
        width = 8 if version == 2 else block.number(1)
        if version == 2:
            block.skip(4)
        rank = block.number(4)
        if flags & 1:
            block.skip(4 * rank * width)
        else:
            count = block.number(width)
            block.skip(2 * rank * count * width)
    elif kind in {1, 2} and version == 1:
        block.skip(4)
        block.skip(block.number(4))
    elif kind == 1 and version == 2:
        width, rank = block.number(1), block.number(4)
        block.skip(block.number(width) * rank * width)
    else:
        raise UnreadableError(f"hdf5: a selection of kind {kind}, version {version}")
