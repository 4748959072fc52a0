"""FlatBuffers, written by hand: a table is a mapping from the numbers of its fields to their values."""

from __future__ import annotations

import struct
from typing import Any


def flat(table: dict[int, Any]) -> bytes:
    """Return a buffer whose root is `table`.

    Values: an integer (eight bytes), `(code, integer)`, bytes (a string or a vector), a table, a list of either.
    """
    out = bytearray(4)
    struct.pack_into("<I", out, 0, _table(out, table))
    return bytes(out)


def _align(out: bytearray) -> None:
    out += bytes(-len(out) % 8)


def _table(out: bytearray, table: dict[int, Any]) -> int:
    fields = max(table, default=-1) + 1
    _align(out)
    start = len(out)
    at = start + 4 + 2 * fields
    at += -at % 8
    places, size = {}, 8
    for number, value in table.items():
        places[number] = size
        size += 8
        del value
    out += struct.pack("<HH", 4 + 2 * fields, size)
    out += b"".join(struct.pack("<H", places.get(number, 0)) for number in range(fields))
    _align(out)
    out += struct.pack("<i", at - start) + bytes(size - 4)
    for number, value in table.items():
        _value(out, at + places[number], value)
    return at


def _value(out: bytearray, at: int, value: Any) -> None:
    if isinstance(value, int):
        struct.pack_into("<q", out, at, value)
    elif isinstance(value, tuple):
        struct.pack_into(f"<{value[0]}", out, at, value[1])
    else:
        struct.pack_into("<I", out, at, _apart(out, value) - at)


def _apart(out: bytearray, value: Any) -> int:
    """Write what does not lie in the table itself; return where."""
    if isinstance(value, dict):
        return _table(out, value)
    _align(out)
    start = len(out)
    if isinstance(value, bytes):
        out += struct.pack("<I", len(value)) + value + b"\0"
        return start
    out += struct.pack("<I", len(value)) + bytes(4 * len(value))
    for number, item in enumerate(value):
        slot = start + 4 + 4 * number
        place = _apart(out, item)
        struct.pack_into("<I", out, slot, place - slot)
    return start
