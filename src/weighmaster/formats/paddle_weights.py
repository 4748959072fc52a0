"""PaddlePaddle's weights: `.pdiparams`, one tensor after the other, each with a small header.

A tensor: its version (4 bytes), levels of detail (8 bytes, then that many with their sizes), a version, the size of a
description, the description, the numbers. Written by
<https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/lod_tensor.cc>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Tensor
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import Message, signed
from weighmaster.reading.source import BytesSource

_TYPES: Final = {0: ("bool", 1), 1: ("int16", 2), 2: ("int32", 4), 3: ("int64", 8), 4: ("float16", 2),
                 5: ("float32", 4), 6: ("float64", 8), 20: ("uint8", 1), 21: ("int8", 1), 22: ("bfloat16", 2),
                 23: ("complex64", 8), 24: ("complex128", 16), 32: ("float8_e4m3fn", 1),
                 33: ("float8_e5m2", 1)}  # fmt: skip
_LEVELS: Final = 16
_DESCRIPTION: Final = 4096
_TENSORS: Final = 200_000
_U64: Final = 1 << 64


def _matches(glance: Glance) -> bool:
    head = glance.head
    size = int.from_bytes(head[16:20], "little")
    if glance.size < 20 or any(head[:16]) or not 2 <= size <= 128 or head[20:21] != b"\x08":
        return False
    try:
        _described(head[20 : 20 + size])
    except UnreadableError:
        return False
    return True


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for number in range(_TENSORS):
        if not cursor.left:
            return
        start = cursor.offset
        if cursor.u32() != 0:
            raise UnreadableError("paddle-weights: a tensor of another version", offset=start)
        levels = cursor.u64()
        if levels > _LEVELS:
            raise UnreadableError(f"paddle-weights: {levels} levels of detail", offset=start)
        for _ in range(levels):
            cursor.skip(cursor.u64())
        if cursor.u32() != 0:
            raise UnreadableError("paddle-weights: a tensor of another version", offset=start)
        size = cursor.u32()
        if size > _DESCRIPTION:
            raise UnreadableError(f"paddle-weights: a description of {size} bytes", offset=start)
        dtype, shape = _described(cursor.take(size))
        kind, wanted = _TYPES[dtype]
        for dimension in shape:
            wanted = min(wanted * dimension, _U64)
        begin = cursor.offset
        cursor.skip(wanted)
        yield Tensor(where=where.span(begin, cursor.offset), name=f"{number}", dtype=kind, shape=shape)
    raise OverBudgetError(f"paddle-weights: more than {_TENSORS} tensors")


def _described(data: bytes) -> tuple[int, tuple[int, ...]]:
    """Return the type and the shape that a description gives."""
    message = Message(BytesSource(data), Budget())
    dtype, shape = -1, []
    for field in message.fields():
        if field.number == 1:
            dtype = field.value
        elif field.number == 2:
            shape += [signed(n) for n in message.numbers(field, 64)]
        else:
            raise UnreadableError("paddle-weights: a description of something else")
    if dtype not in _TYPES or any(n < 0 for n in shape):
        raise UnreadableError(f"paddle-weights: type {dtype}, shape {shape[:8]}")
    return dtype, tuple(shape)


FORMAT: Final = Format(id="paddle-weights", title="PaddlePaddle weights", matches=_matches, read=_read)
