"""TFRecord: TensorFlow's records, one after the other: events for TensorBoard, samples of a data set.

A record is its length, a checksum of that, the bytes and a checksum of these.

Specification: <https://www.tensorflow.org/tutorials/load_data/tfrecord>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Stray
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor

_FRAME: Final = 16
_RECORDS: Final = 4_000_000
_POLYNOMIAL: Final = 0x82F63B78
_DELTA: Final = 0xA282EAD8


def _matches(glance: Glance) -> bool:
    head = glance.head
    length = int.from_bytes(head[:8], "little")
    if glance.size < _FRAME or not 0 < length <= glance.size - _FRAME:
        return False
    return int.from_bytes(head[8:12], "little") == _masked(head[:8])


def _masked(data: bytes) -> int:
    """Return CRC-32C of a few bytes, turned and shifted so that it is none of its own."""
    sum_ = 0xFFFFFFFF
    for byte in data:
        sum_ ^= byte
        for _ in range(8):
            sum_ = sum_ >> 1 ^ (_POLYNOMIAL if sum_ & 1 else 0)
    sum_ ^= 0xFFFFFFFF
    return ((sum_ >> 15 | sum_ << 17) + _DELTA) & 0xFFFFFFFF


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    stream = Buffered(cursor.source, cursor.budget)
    for _ in range(_RECORDS):
        if stream.left < _FRAME:
            break
        length = int.from_bytes(stream.peek(8), "little")
        if length > stream.left - _FRAME:
            break
        stream.skip(length + _FRAME)
        cursor.budget.check_time()
    else:
        raise OverBudgetError(f"tfrecord: more than {_RECORDS} records")
    if stream.left:
        yield Stray(where=where.span(stream.offset, cursor.size), size=stream.left, position="after")
        yield part(cursor, where, stream.offset, cursor.size)


FORMAT: Final = Format(id="tfrecord", title="TensorFlow records", matches=_matches, read=_read)
