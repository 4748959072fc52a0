"""Graphs that reach beyond numbers: TensorFlow, ONNX, and what others take from protocol buffers."""

from __future__ import annotations

import struct
from typing import Final

from tests.samples.messages import (
    INT64,
    STRING,
    VARIANT,
    caffe_layer,
    caffe_net,
    coreml_model,
    field,
    function,
    function_,
    graph,
    integers,
    node,
    number_,
    onnx_model,
    onnx_node,
    onnx_tensor,
    onnx_value,
    paddle_operator,
    paddle_program,
    saved_model,
    shapes,
    strings,
    text_,
    type_,
    types,
)
from tests.samples.sample import TOKEN, After, Table, Unproven

_TABLE = Table("graph")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

_TF: Final = {"loader": "tensorflow", "file": "saved_model.pb", "needs": ("tensorflow",)}
_FROZEN: Final = {"loader": "tensorflow-graph", "file": "frozen.pb", "needs": ("tensorflow",)}
_ORT: Final = {"loader": "onnxruntime", "file": "model.onnx", "needs": ("onnxruntime",)}
_SECRET: Final = "/proc/sys/kernel/ostype"
"""A file of one line: Linux."""
_READ: Final = After("b'Linux' in str(result).encode()")
_WRITTEN: Final = After(f"any('{TOKEN}' in name for name in __import__('os').listdir())")
_RAN: Final = {"Tin": types(STRING), "Tout": types(STRING)}
_ONE: Final = {"output_types": types(STRING), "output_shapes": shapes(1)}

_secret = strings("name", _SECRET)
_file = strings("name", TOKEN)
_content = strings("content", "x")
_lines = (strings("files", _SECRET, scalar=False), strings("none", ""), integers("size", 0))
_write = (_file, _content, node("write", "WriteFile", ["name", "content"]))

_raw("ReadFile of a constant path", saved_model([_secret, node("out", "ReadFile", ["name"])], "out:0"), _READ, **_TF)
_raw(
    "MatchingFiles lists a folder",
    saved_model([strings("name", "/proc/sys/kernel/ost*"), node("out", "MatchingFiles", ["name"])], "out:0"),
    After("b'ostype' in str(result).encode()"),
    **_TF,
)
_raw(
    "WriteFile when the model is loaded",
    saved_model([*_write, node("init", "NoOp", ["^write"])], at_load="init"),
    _WRITTEN,
    **_TF,
)
_raw(
    "WriteFile on the way to the output",
    saved_model([*_write, node("out", "Identity", ["name", "^write"], {"T": type_(STRING)})], "out:0"),
    _WRITTEN,
    **_TF,
)
_inside = function(
    "f",
    {"n": STRING},
    [
        _content,
        node("w", "WriteFile", ["n", "content:output:0"]),
        node("i", "Identity", ["n", "^w"], {"T": type_(STRING)}),
    ],
    {"r": (STRING, "i:output:0")},
)
_raw(
    "WriteFile in a function that is called",
    saved_model(
        [_file, node("out", "StatefulPartitionedCall", ["name"], {"f": function_("f"), **_RAN})],
        "out:0",
        functions=[_inside],
    ),
    _WRITTEN,
    **_TF,
)
_raw(
    "WriteFile in a function that is used as an operator",
    saved_model([_file, node("out", "f", ["name"])], "out:0", functions=[_inside]),
    _WRITTEN,
    **_TF,
)
_raw(
    "TextLineDataset of a local file",
    saved_model(
        [
            *_lines,
            node("d", "TextLineDataset", ["files", "none", "size"]),
            node("out", "DatasetToSingleElement", ["d"], _ONE),
        ],
        "out:0",
    ),
    _READ,
    **_TF,
)
_nested = graph(
    [
        *_lines,
        node("d", "TextLineDataset", ["files", "none", "size"]),
        node("r", "_Retval", ["d"], {"T": type_(VARIANT), "index": number_(0)}),
    ]
)
_dice = (
    integers("low", 1, dtype=3),
    integers("high", 9, dtype=3),
    node("shape", "Const", [], {"dtype": type_(3), "value": field(8, field(1, 3) + field(2, field(2, field(1, 0))))}),
    node(
        "dice",
        "RandomUniformInt",
        ["shape", "low", "high"],
        {"T": type_(3), "Tout": type_(3), "seed": number_(0), "seed2": number_(0)},
    ),
    node("digit", "AsString", ["dice"], {"T": type_(3)}),
)
_raw(
    "a graph in a string, finished by the graph around it",
    saved_model(
        [
            # The last field's number is the digit: what the string holds alone is no whole message.
            strings("most", _nested + b"\xf8\x03"),
            *_dice,
            node("whole", "StringJoin", ["most", "digit"], {"N": number_(2), "separator": text_("")}),
            node("d", "DatasetFromGraph", ["whole"]),
            node("out", "DatasetToSingleElement", ["d"], _ONE),
        ],
        "out:0",
    ),
    _READ,
    **_TF,
)
_raw(
    "PrintV2 to a file",
    saved_model(
        [
            _content,
            node("p", "PrintV2", ["content"], {"output_stream": text_(f"file://{TOKEN}"), "end": text_("")}),
            node("out", "Identity", ["content", "^p"], {"T": type_(STRING)}),
        ],
        "out:0",
    ),
    _WRITTEN,
    **_TF,
)
_raw(
    "SaveV2 to a path of the graph's own",
    saved_model(
        [
            strings("prefix", f"/proc/self/cwd/{TOKEN}"),
            strings("names", "v", scalar=False),
            strings("slices", "", scalar=False),
            _content,
            node("save", "SaveV2", ["prefix", "names", "slices", "content"], {"dtypes": types(STRING)}),
            node("init", "NoOp", ["^save"]),
        ],
        at_load="init",
    ),
    _WRITTEN,
    **_TF,
)
_table = node(
    "t", "HashTableV2", [], {"key_dtype": type_(STRING), "value_dtype": type_(INT64), "shared_name": text_("t")}
)
_filled = (
    _table,
    node(
        "fill", "InitializeTableFromTextFileV2", ["t", "name"], {"key_index": number_(-2), "value_index": number_(-1)}
    ),
    node("init", "NoOp", ["^fill"]),
    node("out", "LookupTableExportV2", ["t"], {"Tkeys": type_(STRING), "Tvalues": type_(INT64)}),
)
_raw("a table of words from a local file", saved_model([_secret, *_filled], "out:0", at_load="init"), _READ, **_TF)
_raw(
    "an asset outside the folder of assets",
    saved_model([strings("name", ""), *_filled], "out:0", at_load="init", assets={"name:0": "../" * 12 + _SECRET[1:]}),
    _READ,
    **_TF,
)
_raw(
    "an asset by an absolute path",
    saved_model([strings("name", ""), *_filled], "out:0", at_load="init", assets={"name:0": _SECRET}),
    _READ,
    **_TF,
)
_raw(
    "SqlDataset makes a database",
    saved_model(
        [
            strings("driver", "sqlite"),
            strings("source", TOKEN),
            strings("query", "select 1"),
            node(
                "d",
                "SqlDataset",
                ["driver", "source", "query"],
                {"output_types": types(INT64), "output_shapes": shapes(1)},
            ),
            node("out", "DatasetToSingleElement", ["d"], {"output_types": types(INT64), "output_shapes": shapes(1)}),
        ],
        "out:0",
        dtype=INT64,
    ),
    _WRITTEN,
    **_TF,
)
_raw(
    "CacheDataset keeps what it saw in a file",
    saved_model(
        [
            _content,
            _file,
            node("all", "TensorDataset", ["content"], {"Toutput_types": types(STRING), "output_shapes": shapes(1)}),
            node("d", "CacheDataset", ["all", "name"], _ONE),
            node("out", "DatasetToSingleElement", ["d"], _ONE),
        ],
        "out:0",
    ),
    _WRITTEN,
    **_TF,
)
_raw(
    "a node whose operator is there twice",
    saved_model([_secret, field(1, "out") + field(2, "Identity") + field(2, "ReadFile") + field(3, "name")], "out:0"),
    _READ,
    **_TF,
)
_raw(
    "a field that nobody knows in front",
    field(63, "x") + saved_model([_secret, node("out", "ReadFile", ["name"])], "out:0"),
    _READ,
    **_TF,
)
_model = saved_model([_secret, node("out", "ReadFile", ["name"])], "out:0")
_raw("the version behind the graph", _model[2:] + _model[:2], _READ, **_TF)
_raw(
    "a saved model as text",
    f"""
    # saved_model_schema_version: 1
    meta_graphs {{
      meta_info_def < tags: "serve" tensorflow_version: '2.21.0' >
      graph_def {{
        node {{ name: "name" op: "Const" attr {{ key: "dtype" value {{ type: DT_STRING }} }}
          attr {{ key: "value" value {{ tensor {{ dtype: DT_STRING tensor_shape {{}} string_val: "{_SECRET[:9]}" "{_SECRET[9:]}" }} }} }} }}
        node {{ name: "out" op: "Read\\106ile" input: "name" }}
        versions {{ producer: 1882 }}
      }}
      signature_def {{ key: "serving_default" value {{ outputs {{ key: "out" value {{ name: "out:0" dtype: DT_STRING
        tensor_shape {{}} }} }} method_name: "tensorflow/serving/predict" }} }}
    }}
    """.encode(),  # noqa: E501 - text as TensorFlow writes it
    _READ,
    **{**_TF, "file": "saved_model.pbtxt"},
)
_raw("a frozen graph that reads a file", graph([_secret, node("out", "ReadFile", ["name"])]), _READ, **_FROZEN)
_raw(
    "a frozen graph without an extension",
    graph([_secret, node("out", "ReadFile", ["name"])]),
    _READ,
    **{**_FROZEN, "file": "model"},
)
_raw(
    "a reader and its queue",
    graph(
        [
            _secret,
            node(
                "queue",
                "FIFOQueueV2",
                [],
                {
                    "component_types": types(STRING),
                    "capacity": number_(1),
                    "container": text_(""),
                    "shared_name": text_(""),
                },
            ),
            node("put", "QueueEnqueueV2", ["queue", "name"], {"Tcomponents": types(STRING)}),
            node("reader", "WholeFileReaderV2", ["^put"], {"container": text_(""), "shared_name": text_("")}),
            node("read", "ReaderReadV2", ["reader", "queue", "^put"]),
            node("out", "Identity", ["read:1"], {"T": type_(STRING)}),
        ]
    ),
    _READ,
    **_FROZEN,
)
_raw(
    "EagerPyFunc under a token",
    saved_model(
        [node("out", "EagerPyFunc", [], {"token": text_("pyfunc_0"), "Tin": types(), "Tout": types(STRING)})], "out:0"
    ),
    After("'pyfunc_0' in str(result)"),  # It is looked up, and belongs to a process that is gone.
    **_TF,
)
_raw(
    "PyFunc in a frozen graph",
    graph([node("out", "PyFunc", [], {"token": text_("pyfunc_0"), "Tin": types(), "Tout": types(STRING)})]),
    After("'pyfunc_0' in str(result)"),
    **_FROZEN,
)


def _shape(*dimensions: int) -> bytes:
    return struct.pack(f"<{len(dimensions)}q", *dimensions)


def _outside(location: str, length: int) -> bytes:
    tensor = onnx_tensor("w", (8,), 2, location=location, length=length)
    return onnx_model([onnx_node("Identity", ["w"])], [tensor], outputs=[onnx_value("y", (8,), 2)])


_OUT_OF_MEMORY: Final = After("'Failed to allocate' in str(result) or 'alloc' in str(result)")
_REFUSED: Final = Unproven("onnx 1.23.2 and ONNX Runtime 1.32.0 refuse to leave the folder")
_raw("ConstantOfShape of 64 TiB", onnx_model(
    [onnx_node("ConstantOfShape", ["s"])], [onnx_tensor("s", (2,), 7, raw=_shape(1 << 22, 1 << 22))]
), _OUT_OF_MEMORY, expected="review", **_ORT)  # fmt: skip
_raw("Expand to 256 TiB", onnx_model(
    [onnx_node("Expand", ["w", "s"])],
    [onnx_tensor("w", (1,), 1, raw=bytes(4)), onnx_tensor("s", (2,), 7, raw=_shape(1 << 23, 1 << 23))],
), _OUT_OF_MEMORY, expected="review", **_ORT)  # fmt: skip
_raw(
    "an operator of a domain that nobody knows",
    onnx_model([onnx_node("Foo", ["x"], domain="evil")], domains=["evil"], inputs=[onnx_value("x", (1,))]),
    After("'evil:Foo' in str(result)"),
    expected="review",
    **_ORT,
)
_raw("external data by way of a parent folder", _outside("junk/../../x", length=8), _REFUSED, file="model.onnx")
_raw(
    "a Caffe layer of Python",
    caffe_net([caffe_layer("out", "Python", more=field(130, field(1, "os") + field(2, "system")))]),
    Unproven("Caffe has no package that is built for any Python of today"),
    file="net.caffemodel",
)
_raw(
    "py_func in a program of PaddlePaddle",
    paddle_program([paddle_operator("py_func")]),
    Unproven("PaddlePaddle is not among the libraries of the tests"),
    file="__model__",
)
_raw(
    "a Core ML model of the application's own",
    coreml_model(555, field(10, "Foo")),
    Unproven("Core ML runs on macOS only"),
    expected="review",
    file="model.mlmodel",
)
