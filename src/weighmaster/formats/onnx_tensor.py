"""One tensor of ONNX in a file of its own, `input_0.pb`: what a model is tried with, and what must come out.

A message without a mark: it is claimed where its fields are those of a tensor, and its numbers as long as its shape
says.

Specification: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>, `TensorProto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Tensor
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.onnx import BYTEWISE, DTYPES, TensorProto, tensor
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, outline
from weighmaster.reading.source import Source

_DIMENSIONS: Final = 1
_TYPE: Final = 2
_NAME: Final = 8
_RAW: Final = 9
_WIDTHS: Final = {_RAW: (1, 1), 4: (4, 4), 5: (1, 10), 7: (1, 10), 10: (8, 8), 11: (1, 10)}
"""Fields of numbers, and how short and how long one is: a byte, a float, a varint, a double."""
_HEAD: Final = 4096


def _matches(glance: Glance) -> bool:
    return _numbers(glance.source) is not None


def _numbers(source: Source) -> tuple[TensorProto, Field] | None:
    """Return the tensor that the source is, and the field with its numbers."""
    fields = outline(source)
    held = [field for field in fields if field.number in _WIDTHS]
    types = [field.value for field in fields if field.number == _TYPE and field.wire == VARINT]
    known = all(field.number in {_DIMENSIONS, _TYPE, _NAME} for field in fields if field not in held)
    if not known or len(held) != 1 or len(types) != 1 or types[0] not in DTYPES or fields[-1].end != source.size:
        return None
    try:
        found = tensor(Message(source, Budget()), held[0])
    except WeighmasterError:
        return None
    return (found, held[0]) if held[0].wire == BYTES and _fits(found, held[0]) else None


def _fits(found: TensorProto, held: Field) -> bool:
    if not found.size or any(dimension <= 0 for dimension in found.shape):
        return False
    if held.number == _RAW:
        return held.value == found.size
    count = found.size * 8 // DTYPES[found.dtype][1] * (2 if found.kind.startswith("complex") else 1)
    least, most = _WIDTHS[held.number]
    return least * count <= held.value <= most * count


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    known = _numbers(cursor.source)
    if known is None:
        return
    found, held = known
    yield Tensor(where=where.span(held.start, held.end), name=found.name, dtype=found.kind, shape=found.shape)
    message = Message(cursor.source, cursor.budget)
    if found.dtype in BYTEWISE and is_artifact(message.raw(held, _HEAD), plausible):
        yield part(cursor, where, held.start, held.end)


FORMAT: Final = Format(id="onnx-tensor", title="ONNX tensor", matches=_matches, read=_read)
