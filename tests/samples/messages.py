"""Protocol buffers by hand: fields, and the few messages of frameworks that samples are made of."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping


def varint(value: int) -> bytes:
    """Return a number as seven bits a byte; a negative one as the 64-bit number it stands for."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | str | bytes | float) -> bytes:  # noqa: PYI041 - a float is another type on the wire
    """Return a field: a number as a varint, a float as four bytes, text and bytes with their length."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def entry(number: int, key: str, value: bytes) -> bytes:
    """Return an entry of a map."""
    return field(number, field(1, key) + field(2, value))


# --- TensorFlow ------------------------------------------------------------------------------------------------------

STRING, INT64, INT32, FLOAT, BOOL, VARIANT, RESOURCE = 7, 9, 3, 1, 10, 21, 20


def type_(value: int) -> bytes:
    """Return an attribute that is a type."""
    return field(6, value)


def text_(value: str | bytes) -> bytes:
    """Return an attribute that is a string."""
    return field(2, value)


def flag(value: bool) -> bytes:  # noqa: FBT001
    """Return an attribute that is true or false."""
    return field(5, int(value))


def number_(value: int) -> bytes:
    """Return an attribute that is a number."""
    return field(3, value)


def types(*values: int) -> bytes:
    """Return an attribute that is a list of types."""
    return field(1, b"".join(field(6, value) for value in values))


def shapes(count: int) -> bytes:
    """Return an attribute that is a list of shapes without dimensions."""
    return field(1, field(7, b"") * count)


def function_(name: str) -> bytes:
    """Return an attribute that is a function."""
    return field(10, field(1, name))


def node(name: str, op: str, inputs: Iterable[str] = (), attributes: Mapping[str, bytes] | None = None) -> bytes:
    """Return a `NodeDef`."""
    raw = field(1, name) + field(2, op) + b"".join(field(3, one) for one in inputs)
    return raw + b"".join(entry(5, key, value) for key, value in (attributes or {}).items())


def strings(name: str, *values: str | bytes, scalar: bool = True) -> bytes:
    """Return a `Const` node of strings."""
    shape = b"" if scalar else field(2, field(1, len(values)))
    tensor = field(1, STRING) + field(2, shape) + b"".join(field(8, value) for value in values)
    return node(name, "Const", (), {"dtype": type_(STRING), "value": field(8, tensor)})


def integers(name: str, *values: int, dtype: int = INT64) -> bytes:
    """Return a `Const` node that is a number."""
    tensor = field(1, dtype) + field(2, b"") + b"".join(field(10 if dtype == INT64 else 7, value) for value in values)
    return node(name, "Const", (), {"dtype": type_(dtype), "value": field(8, tensor)})


def function(
    name: str, arguments: Mapping[str, int], nodes: Iterable[bytes], results: Mapping[str, tuple[int, str]]
) -> bytes:
    """Return a `FunctionDef`: results by name, each with its type and the output that it is."""
    signature = field(1, name)
    signature += b"".join(field(2, field(1, one) + field(3, dtype)) for one, dtype in arguments.items())
    signature += b"".join(field(3, field(1, one) + field(3, dtype)) for one, (dtype, _) in results.items())
    raw = field(1, signature) + b"".join(field(3, one) for one in nodes)
    return raw + b"".join(field(4, field(1, one) + field(2, output)) for one, (_, output) in results.items())


def graph(nodes: Iterable[bytes], functions: Iterable[bytes] = ()) -> bytes:
    """Return a `GraphDef`."""
    library = b"".join(field(1, one) for one in functions)
    raw = b"".join(field(1, one) for one in nodes) + (field(2, library) if library else b"")
    return raw + field(4, field(1, 1882))


def saved_model(  # noqa: PLR0913 - each is a field
    nodes: Iterable[bytes],
    output: str = "",
    *,
    functions: Iterable[bytes] = (),
    at_load: str = "",
    assets: Mapping[str, str] | None = None,
    dtype: int = STRING,
) -> bytes:
    """Return a `SavedModel` as TensorFlow 1 writes it; `at_load` is the node that runs when it is loaded."""
    meta = field(1, field(4, "serve") + field(5, "2.21.0")) + field(2, graph(nodes, functions))
    if at_load:
        meta += entry(4, "saved_model_main_op", field(1, field(1, at_load)))
    if output:
        tensor = field(1, output) + field(2, dtype) + field(3, field(3, 1))
        meta += entry(5, "serving_default", entry(2, "out", tensor) + field(3, "tensorflow/serving/predict"))
    for tensor_name, file in (assets or {}).items():
        meta += field(6, field(1, field(1, tensor_name)) + field(2, file))
    return field(1, 1) + field(2, meta)


# --- ONNX ------------------------------------------------------------------------------------------------------------


def onnx_node(
    op: str, inputs: Iterable[str] = (), outputs: Iterable[str] = ("y",), *, domain: str = "", attributes: bytes = b""
) -> bytes:
    """Return a `NodeProto`; `attributes` are whole fields."""
    raw = b"".join(field(1, one) for one in inputs) + b"".join(field(2, one) for one in outputs)
    return raw + field(4, op) + attributes + (field(7, domain) if domain else b"")


def onnx_text(name: str, value: str | bytes) -> bytes:
    """Return an attribute field that is a string."""
    return field(5, field(1, name) + field(4, value) + field(20, 3))


def onnx_number(name: str, value: int) -> bytes:
    """Return an attribute field that is a number."""
    return field(5, field(1, name) + field(3, value) + field(20, 2))


def onnx_tensor(
    name: str, shape: Iterable[int], dtype: int = 1, raw: bytes | None = None, **external: str | int
) -> bytes:
    """Return a `TensorProto`, with its bytes or with where they lie."""
    data = b"".join(field(1, one) for one in shape) + field(2, dtype) + field(8, name)
    if raw is not None:
        data += field(9, raw)
    data += b"".join(field(13, field(1, key) + field(2, str(value))) for key, value in external.items())
    return data + (field(14, 1) if external else b"")


def onnx_value(name: str, shape: Iterable[int] = (), dtype: int = 1) -> bytes:
    """Return a `ValueInfoProto`."""
    dimensions = b"".join(field(1, field(1, one)) for one in shape)
    return field(1, name) + field(2, field(1, field(1, dtype) + field(2, dimensions)))


def onnx_model(  # noqa: PLR0913 - each is a field
    nodes: Iterable[bytes],
    initializers: Iterable[bytes] = (),
    *,
    domains: Iterable[str] = (),
    inputs: Iterable[bytes] = (),
    outputs: Iterable[bytes] = (onnx_value("y"),),
    more: bytes = b"",
) -> bytes:
    """Return a `ModelProto`; `more` are whole fields."""
    graph_ = b"".join(field(1, one) for one in nodes) + field(2, "g")
    graph_ += b"".join(field(5, one) for one in initializers)
    graph_ += b"".join(field(11, one) for one in inputs) + b"".join(field(12, one) for one in outputs)
    imports = field(8, field(1, "") + field(2, 17)) + b"".join(field(8, field(1, one) + field(2, 1)) for one in domains)
    return field(1, 8) + field(2, "weighmaster") + field(7, graph_) + imports + more


# --- Caffe, CNTK, Core ML, PaddlePaddle ------------------------------------------------------------------------------


def caffe_layer(name: str, kind: str, *, bottom: str = "data", top: str = "x", more: bytes = b"") -> bytes:
    """Return a `LayerParameter`."""
    return field(1, name) + field(2, kind) + field(3, bottom) + field(4, top) + more


def caffe_net(layers: Iterable[bytes], name: str = "net") -> bytes:
    """Return a `NetParameter`."""
    return field(1, name) + b"".join(field(100, layer) for layer in layers)


def caffe_blob(shape: Iterable[int], values: Iterable[float]) -> bytes:
    """Return a `BlobProto`."""
    packed = b"".join(struct.pack("<f", value) for value in values)
    return field(5, packed) + field(7, field(1, b"".join(varint(one) for one in shape)))


def cntk_dictionary(values: Mapping[str, object]) -> bytes:
    """Return a CNTK `Dictionary` of numbers, texts, lists and dictionaries."""
    return field(1, 1) + b"".join(entry(2, key, cntk_value(value)) for key, value in values.items())


def cntk_value(value: object) -> bytes:
    """Return a CNTK `DictionaryValue`."""
    head = field(1, 1)
    if isinstance(value, bool):
        return head + field(2, 1) + field(3, int(value))
    if isinstance(value, int):
        return head + field(2, 3) + field(5, value)
    if isinstance(value, str):
        return head + field(2, 6) + field(8, value)
    if isinstance(value, list):
        return head + field(2, 9) + field(9, b"".join(field(1, cntk_value(one)) for one in value))
    if isinstance(value, dict):
        return head + field(2, 10) + field(12, cntk_dictionary(value))
    raise TypeError(value)


def coreml_model(kind: int, content: bytes, *, metadata: bytes = b"", version: int = 4) -> bytes:
    """Return a Core ML `Model` of the kind that the field `kind` holds."""
    feature = field(1, "x") + field(3, field(5, field(1, 3) + field(2, 65568)))
    description = field(1, feature) + field(10, feature) + (field(100, metadata) if metadata else b"")
    return field(1, version) + field(2, description) + field(kind, content)


def paddle_operator(kind: str, *, strings: Mapping[str, str] | None = None) -> bytes:
    """Return an `OpDesc` with attributes that are strings."""
    raw = field(1, field(1, "X") + field(2, "x")) + field(2, field(1, "Out") + field(2, "y")) + field(3, kind)
    return raw + b"".join(field(4, field(1, k) + field(2, 2) + field(5, v)) for k, v in (strings or {}).items())


def paddle_program(operators: Iterable[bytes]) -> bytes:
    """Return a `ProgramDesc` of one block."""
    variable = field(1, "x") + field(2, field(1, 7) + field(3, field(1, field(1, 5) + field(2, 2)))) + field(3, 0)
    block = field(1, 0) + field(2, -1) + field(3, variable) + b"".join(field(4, one) for one in operators)
    return field(1, block) + field(4, field(1, 0))
