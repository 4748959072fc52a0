"""Weights of a Core ML program: `weight.bin`, blocks of raw numbers, each with a header that says where it lies.

Layout: <https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp>. A header of 64
bytes gives the number of blocks; each block has one of its own, with a mark, a type, a size and an offset.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Stray, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_HEADER: Final = 64
_MARK: Final = 0xDEADBEEF
_VERSION: Final = 2
_BLOCKS: Final = 200_000
_ALIGNED: Final = 64
_DTYPES: Final = {1: "float16", 2: "float32", 3: "uint8", 4: "int8", 5: "bfloat16", 6: "int16", 7: "uint16",
                  8: "int4", 9: "uint1", 10: "uint2", 11: "uint4", 12: "uint3", 13: "uint6", 14: "int32",
                  15: "uint32"}  # fmt: skip


def _matches(glance: Glance) -> bool:
    head = glance.head
    return (
        glance.size >= 2 * _HEADER
        and head[4:8] == struct.pack("<I", _VERSION)
        and not any(head[8:_HEADER])
        and head[_HEADER : _HEADER + 4] == struct.pack("<I", _MARK)
    )


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    count = cursor.u32()
    if count > _BLOCKS:
        raise OverBudgetError(f"coreml-weights: {count} blocks")
    at = _HEADER
    for number in range(count):
        cursor.offset = at
        mark, dtype, size, offset = struct.unpack("<IIQQ", cursor.take(24))
        if mark != _MARK:
            raise UnreadableError(f"coreml-weights: block {number} does not begin with its mark", offset=at)
        if offset < at + _HEADER or size > cursor.size - offset:
            raise UnreadableError(f"coreml-weights: block {number} lies at {offset}, {size} bytes", offset=at)
        if offset > at + _HEADER:
            yield Stray(where=where.span(at + _HEADER, offset), size=offset - at - _HEADER, position="between")
            yield part(cursor, where, at + _HEADER, offset)
        place = where.span(offset, offset + size)
        yield Tensor(where=place, name=f"{offset}", dtype=_DTYPES.get(dtype, f"type {dtype}"), shape=(size,))
        end = offset + size
        at = min(cursor.size, end + -end % _ALIGNED)
    if at < cursor.size:
        yield Stray(where=where.span(at, cursor.size), size=cursor.size - at, position="after")
        yield part(cursor, where, at, cursor.size)


FORMAT: Final = Format(id="coreml-weights", title="Weights of a Core ML program", matches=_matches, read=_read)
