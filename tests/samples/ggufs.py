"""Writes GGUF files by hand, with every field open to lies."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64 = range(13)
_CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}
Key = tuple[str, int, Any]
Info = tuple[str, Sequence[int], int, int]


def text(value: str | bytes, *, order: str = "<", wide: str = "Q", length: int | None = None) -> bytes:
    """Return a text with its length, or the length that is claimed."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(order + wide, len(raw) if length is None else length) + raw


def value_of(kind: int, value: Any, order: str = "<", wide: str = "Q") -> bytes:
    """Return a value of a type; an array is (type, items)."""
    if kind == TEXT:
        return text(value, order=order, wide=wide)
    if kind == ARRAY:
        inner, items = value
        head = struct.pack(order + "I" + wide, inner, len(items))
        return head + b"".join(value_of(inner, item, order, wide) for item in items)
    return struct.pack(order + _CODES[kind], value)


def gguf_of(  # noqa: PLR0913 - each field of the header may lie
    keys: Sequence[Key] = (),
    tensors: Sequence[Info] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    order: str = "<",
    alignment: int = 32,
    n_keys: int | None = None,
    n_tensors: int | None = None,
) -> bytes:
    """Return a whole file; `n_keys` and `n_tensors` may lie."""
    wide = "I" if version == 1 else "Q"
    counts = (len(tensors) if n_tensors is None else n_tensors, len(keys) if n_keys is None else n_keys)
    head = b"GGUF" + struct.pack(order + "I" + wide * 2, version, *counts)
    for key, kind, value in keys:
        head += text(key, order=order, wide=wide) + struct.pack(order + "I", kind) + value_of(kind, value, order, wide)
    for name, shape, kind, offset in tensors:
        head += text(name, order=order, wide=wide) + struct.pack(order + "I", len(shape))
        head += struct.pack(order + wide * len(shape), *shape) + struct.pack(order + "IQ", kind, offset)
    return head + bytes(-len(head) % alignment) + data
