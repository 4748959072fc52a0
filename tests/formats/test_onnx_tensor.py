"""Tensors of ONNX as files of their own."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import reads, report_on, verdict_on

from weighmaster.formats.onnx_tensor import FORMAT
from weighmaster.model.fact import Tensor

ONE = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(3, 4), "x").SerializeToString()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.bool_])
@pytest.mark.parametrize("shape", [(3, 4), (), (1,), (2, 1, 3)])
def test_a_tensor_of_numpys_is_allowed(dtype: type, shape: tuple[int, ...]) -> None:
    data = numpy_helper.from_array(np.ones(shape, dtype), "x").SerializeToString()
    assert report_on(data, "input_0.pb").artifacts[0].formats == ("onnx-tensor",)
    assert verdict_on(data, "input_0.pb") == "allow"
    (found,), _ = reads(FORMAT, data)
    assert isinstance(found, Tensor)
    assert found.shape == shape


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.DOUBLE])
def test_numbers_may_stand_in_fields_of_their_own(kind: int) -> None:
    made = helper.make_tensor("x", kind, [2, 3], [1, 2, 3, 400000, 5, -6])
    assert verdict_on(made.SerializeToString(), "output_0.pb") == "allow"


def test_a_pickle_among_its_bytes_is_found() -> None:
    hidden = pickle_of(call(name("posix", "system"), "true"))
    data = numpy_helper.from_array(np.frombuffer(hidden, np.uint8), "x").SerializeToString()
    assert verdict_on(data, "input_0.pb") == "block"


@pytest.mark.parametrize("more", [b"x", ONE, b"\x62\x02hi", b"\x6a\x06\x0a\x01a\x12\x01b", b"\x70\x01"])
def test_what_has_more_than_that_is_not_claimed(more: bytes) -> None:
    assert "onnx-tensor" not in report_on(ONE + more, "a.pb").artifacts[0].formats


def test_numbers_that_are_not_as_long_as_the_shape_says_are_not_claimed() -> None:
    made = onnx.TensorProto.FromString(ONE)
    made.dims[0] = 4
    assert not report_on(made.SerializeToString(), "a.pb").artifacts[0].formats


@given(st.integers(0, len(ONE) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_facts_or_nothing(at: int, value: int) -> None:
    data = bytearray(ONE)
    data[at] = value
    reads(FORMAT, bytes(data))
