"""ExecuTorch: operators, delegates, segments."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from tests.samples.flatbuffers import executorch
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import reads, rules_on, verdict_on

from weighmaster.formats.executorch import FORMAT
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Operation, Stray

_HOSTILE = pickle_of(call(name("posix", "system"), "true"))


def test_operators_and_delegates_are_named() -> None:
    data = executorch(["aten::add", "quantized_decomposed::dequantize"], [("XnnpackBackend", b"x")])
    found, error = reads(FORMAT, data)
    assert error is None
    assert {read.name for read in found if isinstance(read, Operation)} == {
        "aten::add",
        "quantized_decomposed::dequantize",
        "delegate::XnnpackBackend",
    }
    assert verdict_on(data, "m.pte") == "allow"


def test_what_nobody_knows_wants_a_look() -> None:
    assert "unknown-operator" in rules_on(executorch(["mine::op"]), "m.pte")
    assert "unknown-operator" in rules_on(executorch(delegates=[("MyBackend", b"")]), "m.pte")


def test_an_operator_that_opens_files_is_blocked() -> None:
    assert verdict_on(executorch(["aten::from_file"]), "m.pte") == "block"


def test_segments_are_numbers_unless_they_prove_otherwise() -> None:
    assert (
        verdict_on(executorch(segments=[bytes(range(256)) * 9, bytes(64)], constants=[b"\0" * 16]), "m.pte") == "allow"
    )
    assert verdict_on(executorch(segments=[bytes(64), _HOSTILE]), "m.pte") == "block"
    assert verdict_on(executorch(constants=[_HOSTILE]), "m.pte") == "block"
    assert verdict_on(executorch(delegates=[("XnnpackBackend", _HOSTILE)]), "m.pte") == "block"


def test_what_stands_behind_the_last_segment_is_told() -> None:
    found, _ = reads(FORMAT, executorch(segments=[bytes(16)]) + _HOSTILE)
    assert any(isinstance(read, Stray) for read in found)
    assert verdict_on(executorch(segments=[bytes(16)]) + _HOSTILE, "m.pte") == "block"
    assert verdict_on(executorch() + bytes(900) + _HOSTILE, "m.pte") == "block"


def test_a_segment_outside_the_file_is_told() -> None:
    data = bytearray(executorch(segments=[bytes(64)]))
    struct.pack_into("<Q", data, 24, len(data))
    _, error = reads(FORMAT, bytes(data))
    assert isinstance(error, UnreadableError)
    struct.pack_into("<Q", data, 16, 1 << 60)
    _, error = reads(FORMAT, bytes(data))
    assert isinstance(error, UnreadableError)


def test_segments_that_overlap_are_told() -> None:
    data = executorch(segments=[b"a" * 60, b"b" * 64])
    found, error = reads(FORMAT, data.replace(struct.pack("<Q", 60), struct.pack("<Q", 80)))
    assert error is None
    assert any(isinstance(read, Disagreement) and read.kind == "segments-overlap" for read in found)


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_changed_byte_gives_facts_or_a_typed_error(at: int, value: int) -> None:
    data = bytearray(executorch(segments=[bytes(16)], constants=[b"x"], delegates=[("XnnpackBackend", b"x")]))
    data[at % len(data)] = value
    reads(FORMAT, bytes(data))
