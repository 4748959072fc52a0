"""Messages of ONNX: what a tensor says of itself, and where its numbers lie.

Messages: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>. External data:
<https://github.com/onnx/onnx/blob/main/docs/ExternalData.md>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, shaped, signed
from weighmaster.reading.source import Source

DTYPES: Final = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16), 6: ("int32", 32),
    7: ("int64", 64), 8: ("string", 0), 9: ("bool", 8), 10: ("float16", 16), 11: ("float64", 64), 12: ("uint32", 32),
    13: ("uint64", 64), 14: ("complex64", 64), 15: ("complex128", 128), 16: ("bfloat16", 16), 17: ("float8e4m3fn", 8),
    18: ("float8e4m3fnuz", 8), 19: ("float8e5m2", 8), 20: ("float8e5m2fnuz", 8), 21: ("uint4", 4), 22: ("int4", 4),
    23: ("float4e2m1", 4), 24: ("float8e8m0", 8), 25: ("uint2", 2), 26: ("int2", 2), 27: ("float6e2m3", 6),
    28: ("float6e3m2", 6),
}  # fmt: skip
"""Types and their bits an element; 0 where that is not fixed."""
STRING: Final = 8
INT64: Final = 7
BYTEWISE: Final = frozenset({2, 3, 9})
"""Types in which bytes of any kind can be kept."""

MODEL: Final = {1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES, 8: BYTES, 14: BYTES, 20: BYTES,
                25: BYTES}  # fmt: skip
_NODE: Final = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: BYTES, 6: BYTES, 7: BYTES, 8: BYTES, 9: BYTES}
_OPERATOR: Final = pattern(rb"[A-Za-z_][A-Za-z0-9_.>-]{0,199}")
_NAME: Final = 1000
_PATH: Final = 4096
_RANK: Final = 4096
_DATA: Final = {4: 32, 5: 32, 7: 64, 10: 64, 11: 64}
_FEW: Final = 64
_U64: Final = 1 << 64


class NodeProto(Value):
    """A node: which operator of which domain makes which values of which others; where its attributes stand."""

    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[Field, ...]

    @property
    def name(self) -> str:
        """Its operator, with the domain in front where that is not ONNX's own."""
        return f"{self.domain}::{self.op}" if self.domain not in {"", "ai.onnx"} else self.op


NO_NODE: Final = NodeProto(op="", domain="", inputs=(), outputs=(), attributes=())


class External(Value):
    """Where the numbers of a tensor lie in another file; -1 where that is not said, None where it is no number."""

    location: str
    offset: int | None
    length: int | None
    field: Field


class TensorProto(Value):
    """A tensor. `raw` is where its bytes stand, `strings` where its strings do, `numbers` the first integers."""

    name: str
    dtype: int
    shape: tuple[int, ...]
    raw: Field | None
    strings: tuple[Field, ...]
    external: tuple[External, ...]
    numbers: tuple[int, ...]
    field: Field

    @property
    def kind(self) -> str:
        """The name of its type."""
        return DTYPES.get(self.dtype, (f"type {self.dtype}", 0))[0]

    @property
    def size(self) -> int:
        """How many bytes its shape needs; 0 where its type has no fixed size, 2**64 and more where that overflows."""
        bits = DTYPES.get(self.dtype, ("", 0))[1]
        for dimension in self.shape:
            bits *= max(dimension, 0)
            if bits >= _U64 << 3:
                return _U64
        return (bits + 7) // 8


def is_model(source: Source, fields: Iterable[Field]) -> bool:
    """Say whether the fields are those of a model: a graph or a function with a node, or with a named value."""
    known = [field for field in fields if field.number in MODEL]
    numbers = {field.number for field in known}
    if not shaped(known, MODEL) or not numbers & {1, 8}:
        return False
    for field in known:
        if field.number == 7 and _is_graph(source, field):
            return True
        if field.number == 25 and any(f.number == 7 and is_node(source, f) for f in inside(source, field)):
            return True
    return False


def _is_graph(source: Source, field: Field) -> bool:
    found = inside(source, field)
    if any(f.number == 1 and is_node(source, f) for f in found):
        return True
    # A graph may hand its inputs on, and have no node.
    values = [inside(source, f) for f in found if f.number in {11, 12}]
    return any({1, 2} <= {f.number for f in value} <= {1, 2, 3, 4} for value in values)


def is_node(source: Source, field: Field) -> bool:
    """Say whether a field holds a node: it has an operator, spelled as operators are."""
    found = inside(source, field)
    if not found or not shaped(found, _NODE):
        return False
    ops = [f for f in found if f.number == 4]
    return bool(ops) and _OPERATOR.fullmatch(source.read_at(ops[-1].start, min(ops[-1].value, _NAME))) is not None


def node(message: Message) -> NodeProto:
    """Read a node, all but what is in its attributes."""
    texts: dict[int, list[str]] = {1: [], 2: [], 4: [""], 7: [""]}
    attributes: list[Field] = []
    for field in message.fields():
        if field.wire == BYTES and field.number in texts:
            texts[field.number].append(message.text(field, _NAME))
        elif field.wire == BYTES and field.number == 5:
            attributes.append(field)
    return NodeProto(
        op=texts[4][-1], domain=texts[7][-1], inputs=tuple(texts[1]), outputs=tuple(texts[2]),
        attributes=tuple(attributes),
    )  # fmt: skip


def tensor(message: Message, field: Field) -> TensorProto:
    """Read what a tensor says of itself, and none of its numbers but the first integers."""
    name, dtype = "", 0
    shape: list[int] = []
    raw: Field | None = None
    strings: list[Field] = []
    pairs: list[tuple[str, str, Field]] = []
    numbers: list[int] = []
    for inner in message.fields():
        if inner.number == 1 and len(shape) < _RANK:
            shape += [signed(n) for n in message.numbers(inner, _RANK)]
        elif inner.number == 2 and inner.wire == VARINT:
            dtype = inner.value
        elif inner.number == 8 and inner.wire == BYTES:
            name = message.text(inner, _NAME)
        elif inner.number == 9 and inner.wire == BYTES:
            raw = inner
        elif inner.number == 6 and inner.wire == BYTES:
            strings.append(inner)
        elif inner.number == 13 and inner.wire == BYTES:
            pairs.append((*pair(message.message(inner)), inner))
        elif inner.number in {5, 7} and len(numbers) < _FEW:
            numbers += [signed(n) for n in message.numbers(inner, _FEW)]
    if raw is not None and dtype == INT64 and raw.value <= 8 * _FEW:
        data = message.raw(raw, 8 * _FEW)
        numbers = [int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data) - 7, 8)]
    return TensorProto(
        name=name, dtype=dtype, shape=tuple(shape), raw=raw, strings=tuple(strings), external=tuple(_external(pairs)),
        numbers=tuple(numbers), field=field,
    )  # fmt: skip


def pair(message: Message) -> tuple[str, str]:
    """Return the key and the value of a `StringStringEntryProto`."""
    key = value = ""
    for field in message.fields():
        if field.wire == BYTES and field.number == 1:
            key = message.text(field, _NAME)
        elif field.wire == BYTES and field.number == 2:
            value = message.text(field)
    return key, value


def _external(pairs: list[tuple[str, str, Field]]) -> Iterator[External]:
    """Yield each place that is named; where a key is there twice, readers may take either."""
    known = {key: value for key, value, _ in pairs}
    for key, value, field in pairs:
        if key == "location":
            yield External(
                location=value[:_PATH], offset=_number(known.get("offset")), length=_number(known.get("length")),
                field=field,
            )  # fmt: skip


def _number(text: str | None) -> int | None:
    if text is None:
        return -1
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None
