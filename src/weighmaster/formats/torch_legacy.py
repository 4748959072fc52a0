"""PyTorch's stacked pickles, before 1.6: five pickles in a row, then the storages as raw numbers.

Source: torch/serialization.py, `_legacy_save` and `_legacy_load`: the magic number, the protocol version, a
dictionary about the system, the object, and the keys of the storages; then for each key, in that order, the number of
elements in eight bytes and the elements. Each pickle but the
first, which is the number alone, is handed on as an artifact of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.extend.tally import counted, weights
from weighmaster.machine.run import follow
from weighmaster.machine.shadow import Global, Handle, Items
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Storage, Stray, Weights
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource, expect, is_far
from weighmaster.reading.torch import DTYPES, ELEMENT_BYTES, is_legacy

_OBJECT: Final = 3
_KEYS: Final = 4


def _matches(glance: Glance) -> bool:
    return is_legacy(glance.head)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source = cursor.source
    start, storages, keys = 0, dict[str, tuple[int, int]](), 0
    elements: dict[str, tuple[str, int]] = {}
    for number in range(_KEYS + 1):
        end = -1
        for trace in follow(source, start, allow=partial(_allow, cursor)):
            end = trace.stop
            if number == _OBJECT:
                storages.update(_storages(trace.handles))
                elements = dict(_elements(trace.handles))
            if number == _KEYS and isinstance(trace.top, Items):
                keys = trace.top.size
        stop = end if end >= 0 else source.size
        if number > 0:
            yield Inner(where.span(start, stop), partial(PartSource, source, start, stop))
        if end < 0:
            return
        start = end
    if is_far(source):
        expect(source, list(_counts(start, storages)))
    end = _after_storages(cursor, start, keys, {size for size, _ in storages.values()})
    if end > start:
        yield Storage(where=where.span(start, end), size=end - start)
        yield from _weights(where, elements, end - start)
    if end < source.size:
        yield Stray(where=where.span(end, source.size), size=source.size - end, position="after")
        yield Inner(where.span(end, source.size), partial(PartSource, source, end, source.size))


def _allow(cursor: Cursor, opcodes: int) -> None:
    cursor.budget.check_time()
    cursor.budget.opcodes -= opcodes
    if cursor.budget.opcodes < 0:
        raise OverBudgetError(f"more than {cursor.budget.limits.opcodes} opcodes")


def _storages(handles: list[Handle]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the key of each storage, the size of its elements, and how many they are said to be."""
    # ('storage', storage class, key, location, number of elements, view)
    for handle in handles:
        match handle.id:
            case ("storage", Global() as kind, key, _, int(count), *_) if kind.name in ELEMENT_BYTES:
                yield str(key), (ELEMENT_BYTES[kind.name], count)
            case ("storage", Global() as kind, *_) if kind.name in ELEMENT_BYTES:
                yield kind.name, (ELEMENT_BYTES[kind.name], 0)
            case _:
                continue


def _elements(handles: list[Handle]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield the key of each storage, its dtype, and how many elements it is said to have."""
    for handle in handles:
        match handle.id:
            case ("storage", Global() as kind, key, _, int(count), *_) if kind.name in ELEMENT_BYTES and count >= 0:
                yield str(key), (DTYPES.get(kind.name, kind.name), count)
            case _:
                continue


def _weights(where: Where, elements: dict[str, tuple[str, int]], held: int) -> Iterator[Weights]:
    """Yield how many elements all storages have together, where there are bytes enough for as many."""
    counts = counted(elements.values())
    if counts and sum(counts.values()) <= held:
        yield weights(where, counts, len(elements), "torch-legacy")


def _counts(start: int, storages: dict[str, tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield where the numbers of elements stand, as PyTorch writes them: in the order of the keys."""
    for key in sorted(storages):
        size, count = storages[key]
        yield start, start + 8
        start += 8 + max(0, count) * size


def _after_storages(cursor: Cursor, start: int, keys: int, sizes: set[int]) -> int:
    """Return where the storages end: as many as there are keys, each of one of the element sizes.

    Keys name storages in an order of their own, so where sizes are mixed each storage may have any of them; what
    counts is that the lengths lead exactly to the end of the file, or of what the keys announce.
    """
    ends = {start}
    for _ in range(keys):
        cursor.budget.check_time()
        ends = {end for at in ends for end in _after_one(cursor, at, sizes)}
        if len(ends) > 64:
            ends = set(sorted(ends)[-64:])
    return cursor.size if cursor.size in ends else max(ends, default=start)


def _after_one(cursor: Cursor, at: int, sizes: set[int]) -> Iterator[int]:
    count = int.from_bytes(cursor.source.read_at(at, 8), "little", signed=True)
    for size in sizes:
        if count >= 0 and at + 8 + count * size <= cursor.size:
            yield at + 8 + count * size


FORMAT: Final = Format(
    id="torch-legacy", title="PyTorch checkpoint of stacked pickles (before 1.6)", matches=_matches, read=_read
)
