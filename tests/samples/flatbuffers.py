"""FlatBuffers written field by field, so that a sample can say anything. Children stand behind their parents."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

_WIDTHS = {"b": 1, "B": 1, "i": 4, "I": 4, "q": 8, "Q": 8}


class Number(NamedTuple):
    """A scalar of the kind that `struct` calls `kind`."""

    kind: str
    value: int


class Vector(NamedTuple):
    """A vector of scalars."""

    kind: str
    values: Sequence[int]


class Table(NamedTuple):
    """Fields by number."""

    fields: Mapping[int, Value]


class Tables(NamedTuple):
    """A vector of tables."""

    tables: Sequence[Table]


Value: TypeAlias = "Number | Vector | Table | Tables | str | bytes"


def table(fields: Mapping[int, Value]) -> Table:
    """Return a table."""
    return Table(fields)


def encode(root: Table, identifier: bytes, header: bytes = b"") -> bytes:
    """Return a buffer whose root is `root`; `header` stands between the identifier and the tables."""
    out = bytearray(8) + header
    out[4:8] = identifier
    _point(out, 0, _put(out, root))
    return bytes(out)


def _point(out: bytearray, at: int, target: int) -> None:
    struct.pack_into("<I", out, at, target - at)


def _pad(out: bytearray, to: int, ahead: int = 0) -> None:
    out += bytes(-(len(out) + ahead) % to)


def _put(out: bytearray, value: Value) -> int:
    if isinstance(value, Table):
        return _put_table(out, value)
    if isinstance(value, Tables):
        _pad(out, 4)
        start = len(out)
        out += struct.pack("<I", len(value.tables)) + bytes(4 * len(value.tables))
        for number, each in enumerate(value.tables):
            _point(out, start + 4 + 4 * number, _put(out, each))
        return start
    if isinstance(value, Vector):
        width = _WIDTHS[value.kind]
        _pad(out, max(4, width), 4)
        start = len(out)
        out += struct.pack(f"<I{len(value.values)}{value.kind}", len(value.values), *value.values)
        return start
    raw = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[arg-type]
    _pad(out, 4)
    start = len(out)
    out += struct.pack("<I", len(raw)) + raw + b"\0"
    return start


def _put_table(out: bytearray, value: Table) -> int:
    places: dict[int, int] = {}
    size = 4
    for number, field in sorted(value.fields.items()):
        width = _WIDTHS[field.kind] if isinstance(field, Number) else 4
        size += -size % width
        places[number] = size
        size += width
    slots = max(value.fields, default=-1) + 1
    layout = struct.pack("<HH", 4 + 2 * slots, size) + b"".join(
        struct.pack("<H", places.get(number, 0)) for number in range(slots)
    )
    _pad(out, 2)
    layout_at = len(out)
    out += layout
    _pad(out, 8)
    start = len(out)
    out += struct.pack("<i", start - layout_at) + bytes(size - 4)
    for number, field in value.fields.items():
        if isinstance(field, Number):
            struct.pack_into(f"<{field.kind}", out, start + places[number], field.value)
    for number, field in value.fields.items():
        if not isinstance(field, Number):
            _point(out, start + places[number], _put(out, field))
    return start


def tflite(
    codes: Sequence[tuple[int, str]],
    *,
    options: bytes = b"",
    constants: Sequence[bytes] = (),
    metadata: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return a TensorFlow Lite model with one operator for each code; the constants are its operators' inputs."""
    contents = [b"", *constants, *(metadata or {}).values()]
    tensors = [
        Table({0: Vector("i", [1]), 1: Number("b", 5), 2: Number("I", 1 + number), 3: f"constant {number}"})
        for number in range(len(constants))
    ]
    tensors.append(Table({0: Vector("i", [1]), 3: "output"}))
    inputs = list(range(len(constants)))
    operators = [
        Table({0: Number("I", number), 1: Vector("i", inputs), 2: Vector("i", [len(constants)]), 5: options})
        for number in range(len(codes))
    ]
    graph = Table({0: Tables(tensors), 1: Vector("i", []), 2: Vector("i", [len(constants)]), 3: Tables(operators)})
    named = [
        Table({0: name, 1: Number("I", 1 + len(constants) + number)}) for number, name in enumerate(metadata or {})
    ]
    root = Table(
        {
            0: Number("I", 3),
            1: Tables([_code(number, name) for number, name in codes]),
            2: Tables([graph]),
            3: "made by hand",
            4: Tables([Table({0: content} if content else {}) for content in contents]),
            6: Tables(named),
        }
    )
    return encode(root, b"TFL3")


def _code(number: int, name: str) -> Table:
    fields: dict[int, Value] = {0: Number("b", min(number, 127)), 3: Number("i", number)}
    return Table(fields | {1: name} if name else fields)


def executorch(
    operators: Sequence[str] = ("aten::add",),
    delegates: Sequence[tuple[str, bytes]] = (),
    segments: Sequence[bytes] = (),
    constants: Sequence[bytes] = (),
) -> bytes:
    """Return an ExecuTorch program with an extended header and the segments behind it."""
    plan = Table(
        {
            0: "forward",
            6: Tables([Table({0: name, 1: "out"}) for name in operators]),
            7: Tables([Table({0: name, 2: Tables([Table({0: "option", 1: value})])}) for name, value in delegates]),
        }
    )
    described, offset = [], 0
    for segment in segments:
        described.append(Table({0: Number("Q", offset), 1: Number("Q", len(segment))}))
        offset += len(segment) + -len(segment) % 16
    root = Table(
        {
            0: Number("I", 0),
            1: Tables([plan]),
            2: Tables([Table({0: content}) for content in constants]),
            4: Tables(described),
        }
    )
    program = bytearray(encode(root, b"ET12", b"eh00" + struct.pack("<IQQ", 24, 0, 0)))
    program += bytes(-len(program) % 4096)
    struct.pack_into("<QQ", program, 16, len(program), len(program) if segments else 0)
    return bytes(program) + b"".join(segment + bytes(-len(segment) % 16) for segment in segments)


def mobile(operators: Sequence[str], source: str = "") -> bytes:
    """Return a model for PyTorch's interpreter for phones."""
    function = Table({0: "__torch__.M.forward", 2: Tables([Table({0: name, 1: ""}) for name in operators])})
    root = Table(
        {
            0: Number("I", 9),
            4: Tables([Table({0: Number("B", 16), 1: function})]),
            8: Tables([Table({0: "__torch__", 1: source})] if source else []),
        }
    )
    return encode(root, b"PTMF")
