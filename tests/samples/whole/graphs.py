"""Small whole files of the formats that are protocol buffers."""

from __future__ import annotations

import struct

from tests.benign.graphs import CNTK, PIR, PROTOTXT, SOLVER
from tests.samples.messages import (
    STRING,
    caffe_blob,
    caffe_layer,
    caffe_net,
    cntk_dictionary,
    coreml_model,
    entry,
    field,
    function,
    function_,
    graph,
    node,
    onnx_model,
    onnx_node,
    onnx_tensor,
    onnx_value,
    paddle_operator,
    paddle_program,
    saved_model,
    strings,
    type_,
    types,
    varint,
)


def whole() -> list[bytes]:
    """Return a file of each kind."""
    return [*_tensorflow(), *_onnx(), *_others()]


def _tensorflow() -> list[bytes]:
    passed = [node("i", "Identity", ["n"], {"T": type_(STRING)})]
    body = function("f", {"n": STRING}, passed, {"r": (STRING, "i:output:0")})
    called = {"f": function_("f"), "Tin": types(STRING), "Tout": types(STRING)}
    nodes = [strings("name", "a", "b", scalar=False), node("out", "PartitionedCall", ["name"], called)]
    objects = field(1, field(4, field(1, "_generic_user_object") + field(3, "{}"))) + field(1, field(5, b""))
    objects += entry(2, "f", field(2, 1))
    keras = field(1, field(2, 1) + field(3, "root") + field(4, "_tf_keras_layer") + field(5, '{"class_name": "Dense"}'))
    return [
        saved_model(nodes, "out:0", functions=[body], assets={"name:0": "words.txt"}) + field(2, field(7, objects)),
        graph(nodes, [body]),
        field(1, field(5, "2.21.0")) + field(2, graph(nodes)) + field(7, objects),
        _index(),
        keras,
        b"".join(field(number, 1 << 40) for number in range(1, 6)) + field(6, field(1, 4)) + field(7, "12-ab"),
        b'node { name: "n" op: "Const" attr { key: "value" value { tensor { string_val: "a\\x62" } } } }\nversions <>',
    ]


def _index() -> bytes:
    """Return the index of a checkpoint: a block of data, one of nothing, one that says where the data is."""
    shape = field(2, field(2, field(1, 2)) + field(2, field(1, 3)))
    data = _block({b"": field(1, 1) + field(3, field(1, 1)), b"w": field(1, 1) + shape + field(5, 24)})
    nothing = _block({})
    at = len(data)
    index = _block({b"x": varint(0) + varint(len(data) - 5)})
    footer = varint(at) + varint(len(nothing) - 5) + varint(at + len(nothing)) + varint(len(index) - 5)
    return data + nothing + index + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def _block(entries: dict[bytes, bytes]) -> bytes:
    body = b"".join(b"\0" + varint(len(key)) + varint(len(value)) + key + value for key, value in entries.items())
    return body + struct.pack("<II", 0, 1) + bytes(5)


def _onnx() -> list[bytes]:
    inner = field(1, onnx_node("Neg", ["x"])) + field(2, "then") + field(12, onnx_value("y"))
    branch = field(5, field(1, "then_branch") + field(6, inner) + field(20, 5))
    own = (
        field(1, "own") + field(4, "a") + field(5, "b") + field(7, onnx_node("Relu", ["a"], ["b"])) + field(10, "local")
    )
    nodes = [onnx_node("If", ["c"], attributes=branch), onnx_node("own", ["y"], ["z"], domain="local")]
    tensors = [
        onnx_tensor("w", (2, 2), 1, raw=bytes(16)),
        onnx_tensor("e", (4,), 1, location="e.bin", offset=0, length=16),
        field(1, 1) + field(2, 8) + field(6, "a string of a tensor, long enough to be looked at"),
    ]
    props = field(14, field(1, "author") + field(2, "somebody"))
    return [onnx_model(nodes, tensors, more=field(25, own) + props)]


def _others() -> list[bytes]:
    metadata = field(1, "A model") + field(3, "somebody") + field(100, field(1, "labels") + field(2, "a,b"))
    layer = field(1, "l") + field(2, "x") + field(3, "y") + field(130, b"")
    value = field(2, b"") + field(5, field(1, "@model_path/weights/weight.bin") + field(2, 64))
    operation = field(1, "const") + field(5, field(1, "val") + field(2, value))
    program = entry(2, "main", entry(3, "CoreML5", field(3, operation)))
    weights = struct.pack("<II56x", 1, 2) + struct.pack("<IIQQ40x", 0xDEADBEEF, 2, 8, 128) + bytes(64)
    pipeline = field(1, coreml_model(500, field(1, layer)))
    blobs = field(7, caffe_blob((2,), [1.0, 2.0]))
    return [
        coreml_model(500, field(1, layer), metadata=metadata),
        coreml_model(502, program, version=6),
        coreml_model(202, pipeline),
        weights,
        b'{"fileFormatVersion": "1.0.0", "itemInfoEntries": {"A": {"path": "com.apple.CoreML/model.mlmodel"}}}',
        caffe_net([caffe_layer("data", "Input"), caffe_layer("conv", "Convolution", more=blobs)]),
        PROTOTXT,
        SOLVER,
        cntk_dictionary(CNTK),
        paddle_program([paddle_operator("relu"), paddle_operator("load", strings={"file_path": "w"})]),
        PIR,
        (bytes(16) + struct.pack("<I", 4) + b"\x08\x05\x10\x02" + bytes(8)) * 2,
    ]
