"""Models for PyTorch's interpreter on phones: the bytecode counts, in a zip or a FlatBuffer."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.flatbuffers import Table, Tables, encode, mobile
from tests.samples.pickles import call, name, pickle_of
from tests.samples.vetting import reads, rules_on, verdict_on
from tests.samples.zips import member, zip_of

from weighmaster.formats.torch_mobile import FORMAT
from weighmaster.model.fact import Operation
from weighmaster.model.report import Gap


def _zipped(*operators: str) -> bytes:
    strings = b"".join(b"X" + struct.pack("<I", len(each)) + each.encode() + b"q\x010" for each in operators)
    return zip_of([member("m/bytecode.pkl", b"\x80\x02" + strings + b"N."), member("m/data.pkl", b"\x80\x02N.")])


def _names(data: bytes) -> set[str]:
    found, error = reads(FORMAT, data)
    assert error is None
    return {read.name for read in found if isinstance(read, Operation)}


@pytest.mark.parametrize("build", [_zipped, lambda *each: mobile(each)])
def test_the_operators_of_the_bytecode_are_facts(build: object) -> None:
    assert _names(build("aten::add", "quantized::linear")) == {"ops.aten.add", "ops.quantized.linear"}  # type: ignore[operator]
    assert verdict_on(build("aten::add"), "m.ptl") == "allow"  # type: ignore[operator]
    for operator in ("aten::save", "aten::from_file", "image::read_file"):
        assert verdict_on(build("aten::add", operator), "m.ptl") == "block"  # type: ignore[operator]
    assert "torchscript-unknown-operator" in rules_on(build("mine::op"), "m.ptl")  # type: ignore[operator]


def test_numbers_of_the_bytecode_are_numbers() -> None:
    pickle = pickle_of(call(name("posix", "system"), "true"))
    for place in ("bytecode/0", "constants/0.storage"):
        for held, outcome in ((bytes(range(64)), "allow"), (pickle, "block")):
            rest = [member(f"m/{each}", b"\x80\x02N.") for each in ("bytecode.pkl", "data.pkl")]
            assert verdict_on(zip_of([*rest, member(f"m/{place}", held)]), "m.ptl") == outcome


def test_source_inside_the_flatbuffer_is_read() -> None:
    assert verdict_on(mobile([], 'def f(x):\n  return torch.from_file("a", True, 1)\n'), "m.ptl") == "block"
    found, _ = reads(FORMAT, mobile([], "no source"))
    assert [type(read) for read in found] == [Gap]


def test_what_an_extra_file_holds_is_read() -> None:
    hostile = pickle_of(call(name("posix", "system"), "true"))
    extra = Table({0: "notes", 1: hostile})
    assert verdict_on(encode(Table({1: Tables([extra])}), b"PTMF"), "m.ptl") == "block"
    plain = Table({0: "notes", 1: b"weighed"})
    assert verdict_on(encode(Table({1: Tables([plain])}), b"PTMF"), "m.ptl") == "allow"


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_gives_facts_or_a_typed_error(at: int, value: int) -> None:
    data = bytearray(mobile(["aten::add"], "def f(x):\n  return x\n"))
    data[at % len(data)] = value
    reads(FORMAT, bytes(data))
