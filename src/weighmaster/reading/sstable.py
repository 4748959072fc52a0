"""Sorted string tables, as LevelDB and the checkpoints of TensorFlow write them: keys and values in blocks.

Format: <https://github.com/google/leveldb/blob/main/doc/table_format.md>. The last 48 bytes say where the index block
stands; a block is entries whose keys share a prefix with the key before, then restart points; a byte and a checksum
follow it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import Source

MAGIC: Final = bytes.fromhex("57fb808b247547db")
FOOTER: Final = 48
_TRAILER: Final = 5
_LARGEST: Final = 64 << 20
_ENTRIES: Final = 1_000_000
_KEY: Final = 64 << 10
_PLAIN: Final = 0


def is_table(source: Source) -> bool:
    """Say whether a source ends as a table does."""
    return source.size >= FOOTER and source.read_at(source.size - len(MAGIC), len(MAGIC)) == MAGIC


def entries(source: Source, budget: Budget) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a table in order.

    Raises:
        UnreadableError: the bytes are no table, or its blocks are compressed.
        OverBudgetError: there are too many.
    """
    footer = source.read_at(source.size - FOOTER, FOOTER)
    _, at = _handle(footer, 0)
    index, _ = _handle(footer, at)
    count = 0
    for _, value in _block(source, budget, index):
        handle, _ = _handle(value, 0)
        for entry in _block(source, budget, handle):
            count += 1
            if count > _ENTRIES:
                raise OverBudgetError(f"a table of more than {_ENTRIES} entries")
            yield entry
        budget.check_time()


def _block(source: Source, budget: Budget, handle: tuple[int, int]) -> Iterator[tuple[bytes, bytes]]:
    offset, size = handle
    if size > _LARGEST or size + _TRAILER > source.size - offset:
        raise UnreadableError(f"a block of {size} bytes at {offset}, of {source.size}", offset=min(offset, source.size))
    budget.hold(size)
    data = source.read_at(offset, size + _TRAILER)
    if data[size] != _PLAIN:
        raise UnreadableError(f"a compressed block, kind {data[size]}", offset=offset + size)
    restarts = int.from_bytes(data[size - 4 : size], "little") if size >= 4 else 0
    end = size - 4 - 4 * restarts
    if end < 0:
        raise UnreadableError("a block with more restart points than bytes", offset=offset)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(data, at)
        unshared, at = _varint(data, at)
        length, at = _varint(data, at)
        if shared > len(key) or unshared + length > end - at or shared + unshared > _KEY:
            raise UnreadableError("an entry that reaches beyond its block", offset=offset + min(at, size))
        key = key[:shared] + data[at : at + unshared]
        at += unshared
        yield key, data[at : at + length]
        at += length


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    raise UnreadableError("ends inside a number, or a number too long")
