"""RKNN: a model compiled for the NPU of a Rockchip chip, with a JSON text behind it that tells its inputs.

A header of 24 bytes (64 before version 2): the magic number, four zero bytes, a version, the length of the compiled
model; then that; then the length of the JSON text, and the text. The vendor publishes no specification: this is what
its toolkit writes. What the compiled part does is not read.

Toolkit: <https://github.com/airockchip/rknn-toolkit2>
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import EncryptedError, UnreadableError
from weighmaster.model.fact import Engine, Metadata, Stray, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_PLAIN: Final = b"RKNN"
_ENCRYPTED: Final = b"CYPTRKNN"
_NEWEST: Final = 64
_SHORT: Final = 24
_LONG: Final = 64
_JSON: Final = 16 << 20
_TEXT: Final = 2000
_TENSORS: Final = 10_000


def _matches(glance: Glance) -> bool:
    head = glance.head[:8]
    return (head.startswith(_PLAIN + b"\0") or head == _ENCRYPTED) and glance.size >= _SHORT


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield Engine(where=where, kind="an RKNN model")
    if cursor.take(8) == _ENCRYPTED:
        raise EncryptedError("rknn: the model is encrypted")
    version, length = cursor.u64(), cursor.u64()
    if not 0 < version <= _NEWEST:
        raise UnreadableError(f"rknn: version {version}", offset=8)
    start = _SHORT if version > 1 else _LONG
    if length > cursor.size - start:
        raise UnreadableError(f"rknn: {length} bytes of a model, {cursor.size - start} left", offset=16)
    cursor.offset = start + length
    if not cursor.left:
        return
    size = cursor.u64()
    if size > min(cursor.left, _JSON):
        raise UnreadableError(f"rknn: {size} bytes of text, {cursor.left} left", offset=cursor.offset)
    yield from _told(cursor.take(size), where)
    if cursor.left and any(cursor.peek(min(cursor.left, 4096))):
        yield Stray(where=where.span(cursor.offset, cursor.size), size=cursor.left, position="after")
        yield part(cursor, where, cursor.offset, cursor.size)


def _told(raw: bytes, where: Where) -> Iterator[Read]:
    try:
        found = json.loads(raw.rstrip(b"\0"))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("rknn: the text behind the model is not JSON") from error
    if not isinstance(found, dict):
        return
    for key, value in found.items():
        if isinstance(value, str):
            yield Metadata(where=where, key=key[:200], text=value[:_TEXT])
    tensors = found.get("norm_tensor")
    for tensor in tensors[:_TENSORS] if isinstance(tensors, list) else ():
        if isinstance(tensor, dict):
            yield _tensor(tensor.get("url"), tensor.get("dtype"), tensor.get("size"), where)


def _tensor(name: object, dtype: object, shape: object, where: Where) -> Tensor:
    sizes = tuple(n for n in shape if isinstance(n, int)) if isinstance(shape, list) else ()
    kind = dtype.get("vx_type") if isinstance(dtype, dict) else dtype
    return Tensor(where=where, name=str(name)[:200], dtype=str(kind)[:40], shape=sizes)


FORMAT: Final = Format(id="rknn", title="RKNN model", matches=_matches, read=_read)
