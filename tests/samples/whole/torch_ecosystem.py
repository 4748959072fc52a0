"""Small whole files of PyTorch's surroundings, and of the configurations beside them, written without any library."""

from __future__ import annotations

import json

from tests.samples.flatbuffers import executorch, mobile, tflite
from tests.samples.zips import member, zip_of

_PROGRAM = {
    "graph_module": {
        "graph": {
            "nodes": [
                {"target": "torch.ops.aten.add.Tensor", "inputs": [{"name": "x", "arg": {"as_int": 1}}]},
                {"target": "_operator.mul", "inputs": [{"arg": {"as_expr": {"expr_str": "Max(1, Symbol('s0'))"}}}]},
            ]
        }
    },
    "guards_code": ["L['x'].size()[0] <= 3"],
}
_YAML = b"""%TAG !p! tag:yaml.org,2002:python/
---
base: &base {_target_: torch.nn.Linear, in_features: 2, _args_: [1, 2.5, true]}
model: *base
tuple: !!python/tuple [1, 2]
odd: !p!name:torch.nn.functional.gelu
text: "a \\x5f b ${model._target_} ${oc.env:HOME}"
"""
_MLMODEL = (
    b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\nmlflow_version: '3'\n"
)
_JSON = {"model": {"_target_": "torch.nn.Linear", "_args_": [1, 2]}, "imports": ["$import glob"], "n": "$len([1])"}


def whole() -> list[bytes]:
    """Return the files."""
    export = zip_of(
        [
            member("m/archive_format", b"pt2"),
            member("m/models/model.json", json.dumps(_PROGRAM).encode()),
            member("m/data/sample_inputs/model.pt", b"\x80\x02N."),
            member("m/data/weights/weight_0", bytes(8)),
        ]
    )
    served = zip_of(
        [
            member("MAR-INF/MANIFEST.json", json.dumps({"model": {"handler": "h.py", "modelName": "m"}}).encode()),
            member("h.py", b"def handle(data, context):\n    return data\n"),
        ]
    )
    phone = zip_of([member("m/bytecode.pkl", b"\x80\x02X\x09\0\0\0aten::addq\0."), member("m/data.pkl", b"\x80\x02N.")])
    return [
        tflite([(0, ""), (32, "FlexAdd")], options=b"\x12\x03Add", constants=[b"x"], metadata={"min": b"1.0"}),
        executorch(delegates=[("XnnpackBackend", b"x")], segments=[bytes(32)], constants=[bytes(8)]),
        mobile(["aten::add"], "def f(x):\n  return torch.add(x, 1)\n"),
        export,
        served,
        phone,
        _YAML,
        _MLMODEL,
        json.dumps(_JSON).encode(),
    ]
