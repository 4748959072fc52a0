"""TensorFlow Lite: operators, what Flex runs, buffers, and what stands behind the model."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.flatbuffers import Number, Table, Tables, Vector, encode, tflite
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import inner_bytes, reads, rules_on, verdict_on

from weighmaster.formats.tflite import FORMAT
from weighmaster.knowledge.graphs import operator
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Operation, Stray, Tensor
from weighmaster.reading.tflite import OPERATORS

_HOSTILE = pickle_of(call(name("posix", "system"), "true"))


def _operations(data: bytes) -> set[tuple[str, str]]:
    found, error = reads(FORMAT, data)
    assert error is None
    return {(read.dialect, read.name) for read in found if isinstance(read, Operation)}


def test_builtin_operators_are_named() -> None:
    assert _operations(tflite([(0, ""), (206, "")])) == {("tflite", "ADD"), ("tflite", "STABLEHLO_COMPOSITE")}
    assert verdict_on(tflite([(0, ""), (9, ""), (129, "")]), "m.tflite") == "allow"


def test_every_builtin_operator_but_those_that_stand_for_others_is_known() -> None:
    unknown = {each for each in OPERATORS if operator("tflite", each) is None}
    assert unknown == {"CUSTOM", "DELEGATE", "STABLEHLO_CUSTOM_CALL", "PLACEHOLDER_FOR_GREATER_OP_CODES"}


def test_custom_operators_are_named() -> None:
    assert verdict_on(tflite([(32, "TFLite_Detection_PostProcess")]), "m.tflite") == "allow"
    for code in ((32, "Mine"), (32, ""), (51, ""), (173, ""), (250, "")):
        assert "unknown-operator" in rules_on(tflite([code]), "m.tflite")


@pytest.mark.parametrize("flex", ["FlexReadFile", "FlexWriteFile", "FlexPyFunc", "FlexMatchingFiles"])
def test_flex_operators_are_tensorflows_own(flex: str) -> None:
    assert _operations(tflite([(32, flex)])) == {("tensorflow", flex.removeprefix("Flex"))}
    assert verdict_on(tflite([(32, flex)]), "m.tflite") == "block"


def test_what_flex_runs_is_what_the_options_say() -> None:
    data = tflite([(32, "FlexAddV2")], options=b"\x05AddV2\0\x10\x12\x09WriteFile\x1a\0")
    assert ("tensorflow", "WriteFile") in _operations(data)


def test_arithmetic_of_tensorflow_is_let_through() -> None:
    assert verdict_on(tflite([(32, "FlexAddV2"), (32, "FlexErf")]), "m.tflite") == "allow"


def test_tensors_are_told_with_their_shapes() -> None:
    found, _ = reads(FORMAT, tflite([(0, "")], constants=[b"abc"]))
    assert ("constant 0", "STRING", (1,)) in {(r.name, r.dtype, r.shape) for r in found if isinstance(r, Tensor)}


def _one_tensor(shape: list[int], content: dict[int, object]) -> bytes:
    graph = Table({0: Tables([Table({0: Vector("i", shape), 2: Number("I", 0), 3: "w"})])})
    return encode(Table({0: Number("I", 3), 2: Tables([graph]), 4: Tables([Table(content)])}), b"TFL3")  # type: ignore[arg-type]


def test_a_shape_that_needs_more_than_the_buffer_holds_is_told() -> None:
    found, _ = reads(FORMAT, _one_tensor([1 << 30, 1 << 30], {0: bytes(16)}))
    assert any(isinstance(read, Disagreement) and read.kind == "shape-against-bytes" for read in found)
    found, _ = reads(FORMAT, _one_tensor([2, 2], {0: bytes(16)}))
    assert not any(isinstance(read, Disagreement) for read in found)


def test_a_buffer_behind_the_model_must_lie_in_the_file() -> None:
    for offset, size in ((1 << 40, 8), (8, 1 << 63), ((1 << 64) - 8, 16)):
        _, error = reads(FORMAT, _one_tensor([4], {1: Number("Q", offset), 2: Number("Q", size)}))
        assert isinstance(error, UnreadableError)
    data = _one_tensor([4], {1: Number("Q", 1024), 2: Number("Q", 16)}).ljust(1024, b"\0") + bytes(range(16))
    found, error = reads(FORMAT, data)
    assert error is None
    assert not any(isinstance(read, Stray) for read in found)


def test_labels_packed_behind_a_model_are_no_stray() -> None:
    stream = io.BytesIO(tflite([(0, "")]))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    assert verdict_on(stream.getvalue(), "m.tflite") == "allow"


def test_what_hides_behind_or_in_a_model_is_read() -> None:
    for data in (
        tflite([(0, "")]) + _HOSTILE,
        tflite([(0, "")]) + bytes(64) + _HOSTILE,
        tflite([(0, "")]) + bytes(5000) + b"x" * 9 + _HOSTILE,
        tflite([(0, "")], metadata={"m": _HOSTILE}),
        tflite([(32, "TFLite_Detection_PostProcess")], options=_HOSTILE),
    ):
        found, _ = reads(FORMAT, data)
        assert any(_HOSTILE in inside for inside in inner_bytes(found)) or verdict_on(data, "m.tflite") == "block"


def test_metadata_is_told() -> None:
    found, _ = reads(FORMAT, tflite([(0, "")], metadata={"min_runtime_version": b"1.5.0\0\0"}))
    assert [(read.key, read.text) for read in found if isinstance(read, Metadata)] == [("min_runtime_version", "1.5.0")]


def test_an_operator_out_of_range_is_told() -> None:
    graph = Table({3: Tables([Table({0: Number("I", 7)})])})
    _, error = reads(FORMAT, encode(Table({2: Tables([graph])}), b"TFL3"))
    assert isinstance(error, UnreadableError)


def test_one_table_that_a_million_pointers_share_costs_no_more_than_they_do() -> None:
    data = bytearray(tflite([(0, "")]))
    shared = Table({3: Tables([Table({0: Number("I", 0)})] * 300)})
    data = bytearray(encode(Table({1: Tables([Table({})]), 2: Tables([shared] * 300)}), b"TFL3"))
    start = data.find(struct.pack("<I", 300))
    for number in range(300):  # All pointers to the first of the tables.
        at = start + 4 + 4 * number
        first = start + 4 + struct.unpack_from("<I", data, start + 4)[0]
        struct.pack_into("<I", data, at, first - at)
    found, error = reads(FORMAT, bytes(data))
    assert error is None
    assert len(found) < 1000


_CONVERTED = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal([4, 3]))
        self.k = tf.Variable(tf.random.normal([3, 3, 1, 2]))
    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def dense(self, x):
        return tf.nn.relu(tf.matmul(x, self.w))
    @tf.function(input_signature=[tf.TensorSpec([1, 8, 8, 1], tf.float32)])
    def image(self, x):
        y = tf.image.resize(tf.nn.conv2d(x, self.k, 1, "SAME"), [4, 4])
        return tf.nn.softmax(tf.reduce_mean(y, axis=[1, 2]))
    @tf.function(input_signature=[tf.TensorSpec([3, 3], tf.float32)])
    def flex(self, x):
        return tf.linalg.inv(x), tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [tf.constant(0)])
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def reads(self, x):
        return tf.io.read_file(x)
    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32)])
    def writes(self, x):
        tf.io.write_file("weighmaster_fired", "x")
        return x + 1.0
net = Net()
for name in ("dense", "image", "flex", "reads", "writes"):
    for way in ("plain", "small") if name in ("dense", "image") else ("plain",):
        made = tf.lite.TFLiteConverter.from_concrete_functions([getattr(net, name).get_concrete_function()], net)
        made.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        if way == "small":
            made.optimizations = [tf.lite.Optimize.DEFAULT]
            made._experimental_use_buffer_offset = True
        open(f"{sys.argv[1]}/{name}-{way}.tflite", "wb").write(made.convert())
"""


def test_what_tensorflow_converts_is_let_through_unless_it_opens_files(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    script = tmp_path / "convert.py"  # TensorFlow reads the source of functions.
    script.write_text(_CONVERTED)
    subprocess.run([sys.executable, "-W", "ignore", str(script), str(tmp_path)], check=True, capture_output=True)
    verdicts = {path.stem: verdict_on(path.read_bytes(), path.name) for path in sorted(tmp_path.glob("*.tflite"))}
    assert verdicts == {
        "dense-plain": "allow",
        "dense-small": "allow",
        "flex-plain": "allow",
        "image-plain": "allow",
        "image-small": "allow",
        "reads-plain": "block",
        "writes-plain": "block",
    }


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_gives_facts_or_a_typed_error(at: int, value: int) -> None:
    data = bytearray(tflite([(0, ""), (32, "FlexAdd")], constants=[b"x"], options=b"ab"))
    data[at % len(data)] = value
    reads(FORMAT, bytes(data))
