"""Graphs that TensorFlow, PyTorch, ONNX and Core ML write, and what other frameworks write, by hand."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import Any

from tests.samples.messages import (
    caffe_blob,
    caffe_layer,
    caffe_net,
    cntk_dictionary,
    field,
    paddle_operator,
    paddle_program,
)

NUMBERS = (".data-00000-of-00001", ".data-00000-of-00002", ".data-00001-of-00002", ".weights", ".data")
"""How files end that have no format of their own: only what lies beside them says what they are."""


def write(folder: str) -> None:
    """Write graphs of every kind, without the files of bare numbers beside them."""
    write_all(folder)
    for root, _, names in os.walk(folder):
        for name in names:
            if name.endswith(NUMBERS):
                os.remove(os.path.join(root, name))


def write_all(folder: str) -> None:
    """Write graphs of every kind, each kind in a folder of its own."""
    for name, make in (("tf", tensorflow), ("onnx", onnx), ("coreml", coreml), ("hand", by_hand)):
        place = os.path.join(folder, name)
        os.makedirs(place)
        make(place)


def tensorflow(folder: str) -> None:
    """Write saved models, frozen graphs, graphs with their notes, and checkpoints."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    def at(*names: str) -> str:
        return os.path.join(folder, *names)

    with open(at("vocabulary.txt"), "w", encoding="utf-8") as file:
        file.write("one\ntwo\nthree\n")
    for name, make in _modules(tf, at("vocabulary.txt")).items():
        tf.saved_model.save(make(), at(name))
    _frozen(tf, at)
    _old(tf, at)
    optimizer_like = {"step": tf.Variable(1), "m": [tf.Variable(tf.ones([2, 3])), tf.Variable(tf.zeros([3]))]}
    checkpoint = tf.train.Checkpoint(
        w=tf.Variable(tf.random.normal([5, 4])), names=tf.Variable(["a", "bb"]), on=tf.Variable(True), **optimizer_like
    )
    manager = tf.train.CheckpointManager(checkpoint, at("checkpoints"), max_to_keep=2)
    for _ in range(3):
        manager.save()
    half = tf.train.Checkpoint(h=tf.Variable(tf.cast([1.0, 2.0], tf.bfloat16)), c=tf.Variable([1 + 2j]))
    half.write(at("half"))


def _modules(tf: Any, vocabulary: str) -> dict[str, Callable[[], Any]]:
    class Dense(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.w = tf.Variable(tf.random.normal([3, 2]), name="w")
            self.b = tf.Variable(tf.zeros([2]), name="b")

        @tf.function(input_signature=[tf.TensorSpec([None, 3])])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            tf.debugging.assert_all_finite(x, "numbers wanted")
            return tf.nn.softmax(tf.nn.relu(x @ self.w + self.b))

    class Loops(Dense):
        @tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([], tf.int32)])  # type: ignore[untyped-decorator]
        def run(self, x: Any, times: Any) -> Any:
            for _ in tf.range(times):
                x = tf.cond(tf.reduce_sum(x) > 0, lambda y=x: y * 0.5, lambda y=x: y + 1.0)
            tf.print("sum", tf.reduce_sum(x))
            return tf.map_fn(lambda row: row * 2.0, x)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])  # type: ignore[untyped-decorator]
        def data(self, x: Any) -> Any:
            numbers = (
                tf.data.Dataset.from_tensor_slices(x).map(lambda one: one + 1).filter(lambda one: one > 2).batch(2)
            )
            return numbers.reduce(tf.constant(0, tf.int64), lambda state, batch: state + tf.reduce_sum(batch))

    class Words(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            lines = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
            from_file = tf.lookup.TextFileInitializer(vocabulary, tf.string, lines[0], tf.int64, lines[1])
            self.words = tf.lookup.StaticVocabularyTable(from_file, num_oov_buckets=3)
            self.back = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(vocabulary, tf.int64, lines[1], tf.string, lines[0]), "?"
            )
            constants = tf.lookup.KeyValueTensorInitializer(["/etc/hosts", "b"], [1, 2])
            self.fixed = tf.lookup.StaticHashTable(constants, -1)
            self.readme = tf.saved_model.Asset(vocabulary)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator]
        def __call__(self, texts: Any) -> Any:
            words = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(texts), "[^a-z]", " "))
            return self.words.lookup(words.flat_values), self.fixed.lookup(texts), tf.strings.join([texts, "!"])

    class Pictures(Dense):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string)])  # type: ignore[untyped-decorator]
        def decode(self, data: Any) -> Any:
            picture = tf.image.resize(tf.io.decode_jpeg(data, channels=3), [8, 8])
            return tf.io.parse_example(
                [data], {"x": tf.io.FixedLenFeature([], tf.float32, 0.0)}
            )["x"], tf.signal.stft(tf.reshape(picture, [-1])[:64], 16, 8)  # fmt: skip

    return {"dense": Dense, "loops": Loops, "words": Words, "pictures": Pictures}


def _frozen(tf: Any, at: Callable[..., str]) -> None:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    w = tf.Variable(tf.random.normal([4, 4]))

    @tf.function  # type: ignore[untyped-decorator]
    def forward(x: Any) -> Any:
        return tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, tf.tanh(y @ w)), [0, x])[1]

    frozen = convert_variables_to_constants_v2(forward.get_concrete_function(tf.TensorSpec([None, 4])))
    graph = frozen.graph.as_graph_def()
    tf.io.write_graph(graph, at("frozen"), "graph.pb", as_text=False)
    tf.io.write_graph(graph, at("frozen"), "graph.pbtxt", as_text=True)
    with_functions = forward.get_concrete_function(tf.TensorSpec([None, 4])).graph.as_graph_def()
    tf.io.write_graph(with_functions, at("frozen"), "functions.pb", as_text=False)


def _old(tf: Any, at: Callable[..., str]) -> None:
    v1 = tf.compat.v1
    os.makedirs(at("old"))
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3], "x")
        w = v1.get_variable("w", [3, 2], partitioner=v1.fixed_size_partitioner(2))
        y = tf.identity(x @ tf.convert_to_tensor(w), "y")
        v1.summary.scalar("mean", tf.reduce_mean(y))
        session.run(v1.global_variables_initializer())
        v1.train.Saver(sharded=True).save(session, at("old", "model"), global_step=7)
        v1.train.Saver().save(session, at("old", "plain"))
        words = tf.lookup.TextFileInitializer(at("vocabulary.txt"), tf.string, -2, tf.int64, -1)
        table = tf.lookup.StaticHashTable(words, -1)
        found = table.lookup(v1.placeholder(tf.string, [None], "words"))
        session.run(v1.tables_initializer())
        builder = v1.saved_model.Builder(at("old", "saved"))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": v1.saved_model.predict_signature_def({"x": x}, {"y": y, "found": found})},
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer(),
        )
        builder.save()
        builder.save(as_text=True)


def onnx(folder: str) -> None:
    """Write models by PyTorch's exporter and by ONNX itself."""
    import numpy as np
    import onnx as library
    import torch
    from onnx import TensorProto, helper, numpy_helper

    def at(name: str) -> str:
        return os.path.join(folder, name)

    picture = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3)
    )
    torch.onnx.export(picture.eval(), (torch.zeros(1, 1, 8, 8),), at("picture.onnx"), dynamo=False)
    torch.onnx.export(torch.nn.LSTM(4, 3, 2), (torch.zeros(5, 1, 4),), at("lstm.onnx"), dynamo=False)
    torch.onnx.export(torch.nn.Embedding(9, 4), (torch.zeros(5, dtype=torch.long),), at("embedding.onnx"), dynamo=False)

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])
    weights = [
        numpy_helper.from_array(np.arange(9).reshape(3, 3).astype(dtype), f"w_{dtype}")
        for dtype in ("float32", "float16", "float64", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64")
    ]
    weights.append(numpy_helper.from_array(np.array(["red", "green", "a longer word than most of them"]), "names"))
    weights.append(helper.make_tensor("four", TensorProto.INT4, [3], [1, 2, 3]))
    weights.append(helper.make_tensor("plain", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0]))
    weights.append(helper.make_tensor("empty", TensorProto.FLOAT, [0, 3], []))
    then = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["t"])], "then", [], [helper.make_tensor_value_info("t", 1, None)]
    )
    other = helper.make_graph(
        [helper.make_node("Abs", ["x"], ["o"])], "else", [], [helper.make_tensor_value_info("o", 1, None)]
    )
    nodes = [
        helper.make_node("MatMul", ["x", "w_float32"], ["m"], name="matmul"),
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("v", TensorProto.BOOL, [], [True])),
        helper.make_node("If", ["yes"], ["i"], then_branch=then, else_branch=other),
        helper.make_node("own", ["i"], ["f"], domain="local"),
        helper.make_node("Gelu", ["f"], ["g"], domain="com.microsoft"),
        helper.make_node("Scaler", ["g"], ["s"], domain="ai.onnx.ml", offset=[0.0], scale=[1.0]),
        helper.make_node("Add", ["s", "m"], ["y"]),
    ]
    own = helper.make_function(
        "local", "own", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in
               (("", 21), ("local", 1), ("com.microsoft", 1), ("ai.onnx.ml", 3))]  # fmt: skip
    model = helper.make_model(
        helper.make_graph(nodes, "graph", [x], [y], weights),
        functions=[own],
        opset_imports=imports,
        producer_name="tests",
    )
    helper.set_model_props(model, {"author": "somebody", "labels": "['cat', 'dog']", "url": "https://example.org"})
    library.save(model, at("mixed.onnx"))
    library.save(model, at("beside.onnx"), save_as_external_data=True, location="beside.data", size_threshold=0)
    library.save(model, at("many.onnx"), save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=0)
    for name in os.listdir(folder):
        if name.startswith("w_") or name in {"names", "four", "plain", "empty"}:
            os.rename(at(name), at(f"{name}.data"))


def coreml(folder: str) -> None:
    """Write models by coremltools: a network of layers, a program in a package."""
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import coremltools as ct

        net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(72, 3))
        traced = torch.jit.trace(net.eval(), torch.zeros(1, 1, 8, 8))
        inputs = [ct.TensorType(shape=(1, 1, 8, 8))]
        old = ct.convert(traced, inputs=inputs, convert_to="neuralnetwork", skip_model_load=True)
        old.author, old.user_defined_metadata["labels"] = "somebody", "a,b,c"
        old.save(os.path.join(folder, "net.mlmodel"))
        new = ct.convert(traced, inputs=inputs, minimum_deployment_target=ct.target.iOS16, skip_model_load=True)
        new.save(os.path.join(folder, "net.mlpackage"))


def by_hand(folder: str) -> None:
    """Write what the libraries would that are not installed."""

    def put(name: str, data: bytes) -> None:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    blobs = field(7, caffe_blob((1, 1, 3, 3), [0.5] * 9)) + field(7, caffe_blob((1,), [0.1]))
    layers = [
        caffe_layer("data", "Input"),
        caffe_layer("conv", "Convolution", more=blobs),
        caffe_layer("relu", "ReLU"),
        caffe_layer("prob", "Softmax"),
    ]  # fmt: skip
    put("net.caffemodel", caffe_net(layers))
    put("net.prototxt", PROTOTXT)
    put("solver.prototxt", SOLVER)
    put("net.model", cntk_dictionary(CNTK))
    operators = [
        paddle_operator(kind) for kind in ("feed", "conv2d", "batch_norm", "relu", "matmul_v2", "softmax", "fetch")
    ]
    put("__model__", paddle_program(operators))
    tensor = bytes(16) + struct.pack("<I", 4) + b"\x08\x05\x10\x02" + struct.pack("<2f", 1.0, 2.0)
    put("net.pdiparams", tensor * 3)
    put("model.json", PIR)


PROTOTXT = b"""
# A net as its publisher wrote it.
name: "LeNet"
input: "data"
input_shape { dim: 1 dim: 1 dim: 28 dim: 28 }
layer {
  name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 20 kernel_size: 5 weight_filler { type: "xavier" } }
}
layer { name: "train" type: "Data" top: "data" include { phase: TRAIN }
  data_param { source: "mnist_train_lmdb" backend: LMDB } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "prob" type: 'Softmax' bottom: "pool1" top: "prob" }
"""
SOLVER = b"""net: "net.prototxt"
base_lr: 0.01
lr_policy: "inv"  # slower and slower
snapshot_prefix: "lenet"
solver_mode: GPU
"""
CNTK: dict[str, object] = {
    "type": "CompositeFunction",
    "version": 1,
    "root_uid": "Plus1",
    "inputs": [{"type": "Variable", "version": 1, "uid": "Input0", "kind": 0}],
    "primitive_functions": [
        {"type": "PrimitiveFunction", "version": 16, "op": op, "uid": f"F{op}", "attributes": {}, "inputs": ["Input0"]}
        for op in (3, 19, 31)
    ],
}
PIR = (
    b'{"base_code":{"magic":"pir","trainable":true,"version":4},"program":{"regions":[{"#":"region_0","blocks":[{"#":'
    b'"block_0","args":[],"ops":[{"#":"p","A":[0,1,1,"w"],"O":{"%":1}},{"#":"1.data","A":[{"AT":{"#":"0.a_str","D":"x"},'
    b'"N":"name"}],"I":[],"O":[{"%":2}]},{"#":"1.matmul","A":[],"I":[{"%":2},{"%":1}],"O":[{"%":3}]},{"#":"1.if","A":[],'
    b'"regions":[{"#":"region_0","blocks":[{"#":"block_0","args":[],"ops":[{"#":"1.scale","A":[]},{"#":"2.yield"}]}]}]},'
    b'{"#":"1.fetch","A":[]}]}]}]}}'
)
