"""Checkpoints of TensorFlow: an index (`.index`) that says where each tensor lies in the shards beside it.

The index is a sorted table whose values are messages, under the empty key a header. The shards
(`.data-00000-of-00001`) hold raw numbers and have no header at all; strings lie there with their lengths in front.
Format: <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Reference, Tensor
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, Field, Message, signed
from weighmaster.reading.source import BytesSource
from weighmaster.reading.sstable import entries, is_table

_TYPES: Final = {
    1: ("float32", 4), 2: ("float64", 8), 3: ("int32", 4), 4: ("uint8", 1), 5: ("int16", 2), 6: ("int8", 1),
    7: ("string", 0), 8: ("complex64", 8), 9: ("int64", 8), 10: ("bool", 1), 11: ("qint8", 1), 12: ("quint8", 1),
    13: ("qint32", 4), 14: ("bfloat16", 2), 15: ("qint16", 2), 16: ("quint16", 2), 17: ("uint16", 2),
    18: ("complex128", 16), 19: ("float16", 2), 20: ("resource", 0), 21: ("variant", 0), 22: ("uint32", 4),
    23: ("uint64", 8), 24: ("float8_e5m2", 1), 25: ("float8_e4m3fn", 1), 29: ("int4", 1), 30: ("uint4", 1),
}  # fmt: skip
"""Types and their bytes an element, as types.proto numbers them; 0 where that is not fixed."""
_U64: Final = 1 << 64
_SHARDS: Final = 100_000
_NAME: Final = 1000


class _Entry(Value):
    """A tensor as the index describes it."""

    name: str
    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    slices: int


def _matches(glance: Glance) -> bool:
    if not is_table(glance.source):
        return False
    try:
        key, value = next(entries(glance.source, Budget()))
        header = {field.number for field in Message(BytesSource(value), Budget()).fields()}
    except (UnreadableError, StopIteration):
        return False
    # Other programs write such tables, too; a checkpoint's first key is empty, its value tells the version.
    return key == b"" and 3 in header


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    placed: list[_Entry] = []
    shards = 1
    needs: dict[int, int] = {}
    for key, value in entries(cursor.source, cursor.budget):
        message = Message(BytesSource(value), cursor.budget)
        if not key:
            shards = next((field.value for field in message.fields() if field.number == 1), 1)
            if shards > _SHARDS:
                raise UnreadableError(f"tensorflow-checkpoint: {shards} shards")
            continue
        entry = _entry(key.decode("utf-8", "backslashreplace")[:_NAME], message)
        dtype = _TYPES.get(entry.dtype, (f"type {entry.dtype}", 0))[0]
        needs[entry.shard] = max(needs.get(entry.shard, 0), entry.offset + entry.size)
        yield Tensor(where=where, name=entry.name, dtype=dtype, shape=entry.shape)
        if not entry.slices:
            placed.append(entry)
            yield from _check(entry, shards, where)
    yield from _overlaps(placed, where)
    yield from _shards(where, shards, needs)


def _shards(where: Where, count: int, needs: Mapping[int, int]) -> Iterator[Read]:
    # The loader puts the shards' names together from that of the index.
    last = where.steps[-1] if where.steps else None
    name = (str(last).lstrip("!") if last else where.root).replace("\\", "/").rpartition("/")[2]
    stem = name.removesuffix(".index")
    for shard in range(count):
        target = f"{stem}.data-{shard:05}-of-{count:05}"
        size = min(max(needs.get(shard, 0), 0), _U64)
        yield Reference(where=where, kind="shard", target=target, by="tensorflow", needs=size)


def _entry(name: str, message: Message) -> _Entry:
    numbers = dict.fromkeys(range(1, 6), 0)
    shape: list[int] = []
    slices = 0
    for field in message.fields():
        if field.number == 2 and field.wire == BYTES:
            shape += _shape(message, field)
        elif field.number == 7:
            slices += 1
        elif field.number in numbers and field.wire != BYTES:
            numbers[field.number] = signed(field.value)
    return _Entry(
        name=name, dtype=numbers[1], shape=tuple(shape), shard=numbers[3], offset=numbers[4], size=numbers[5],
        slices=slices,
    )  # fmt: skip


def _shape(message: Message, field: Field) -> Iterator[int]:
    shape = message.message(field)
    for dimension in shape.fields():
        if dimension.number == 2 and dimension.wire == BYTES:
            sizes = [f.value for f in shape.message(dimension).fields() if f.number == 1]
            yield signed(sizes[-1]) if sizes else 0


def _check(entry: _Entry, shards: int, where: Where) -> Iterator[Read]:
    if entry.offset < 0 or entry.size < 0 or not 0 <= entry.shard < shards:
        detail = f"{entry.name!r} lies at {entry.offset} of shard {entry.shard}, {entry.size} bytes"
        yield Disagreement(where=where, kind="tensor-outside", detail=detail)
        return
    wanted = _TYPES.get(entry.dtype, ("", 0))[1]
    if not wanted:
        return
    for dimension in entry.shape:
        wanted *= max(dimension, 0)
        if wanted >= _U64:
            detail = f"the shape of {entry.name!r} has more elements than 64 bits can count"
            yield Disagreement(where=where, kind="shape-overflows", detail=detail)
            return
    if wanted != entry.size:
        detail = f"{entry.name!r} needs {wanted} bytes for its shape and has {entry.size}"
        yield Disagreement(where=where, kind="shape-against-bytes", detail=detail)


def _overlaps(entries: list[_Entry], where: Where) -> Iterator[Read]:
    reached: dict[int, int] = {}
    for entry in sorted(entries, key=lambda e: (e.shard, e.offset, e.size)):
        if entry.size and entry.offset < reached.get(entry.shard, 0):
            detail = f"{entry.name!r} begins inside the tensor before it"
            yield Disagreement(where=where, kind="tensors-overlap", detail=detail)
        reached[entry.shard] = max(reached.get(entry.shard, 0), entry.offset + entry.size)


FORMAT: Final = Format(
    id="tensorflow-checkpoint", title="Index of a TensorFlow checkpoint", matches=_matches, read=_read
)
