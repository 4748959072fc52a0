from __future__ import annotations

import pickle
import pickletools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.reading.listing import around, opcodes
from weighmaster.reading.source import BytesSource

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=300) | st.fractions(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers())
    ),
    max_leaves=8,
)


def _expected(data: bytes) -> list[tuple[int, str]]:
    return [(place or 0, opcode.name) for opcode, _, place in pickletools.genops(data)]


@pytest.mark.parametrize("protocol", range(6))
@given(value=values)
def test_the_listing_is_that_of_the_standard_library(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    assert [(place, text.split(" ")[0]) for place, text in opcodes(BytesSource(data))] == _expected(data)


def test_every_opcode_is_known() -> None:
    for opcode in pickletools.opcodes:
        filler = b"1\n1\n" if opcode.arg is not None and opcode.arg.n == pickletools.UP_TO_NEWLINE else bytes(8)
        ((place, text), *_) = opcodes(BytesSource(opcode.code.encode("latin-1") + filler))
        assert (place, text.split(" ")[0]) == (0, opcode.name)


@given(st.binary(max_size=40), st.integers(0, 40))
def test_any_bytes_end_the_listing_sooner_or_later(data: bytes, start: int) -> None:
    places = [place for place, _ in opcodes(BytesSource(data))]
    assert places == sorted(set(places))
    listed = around(BytesSource(data), start)
    assert bool(listed) is (start in places)


def test_a_place_is_shown_with_its_neighbours() -> None:
    data = pickle.dumps([Fraction(1, 3), "x" * 100], 2)
    places = [place for place, _ in opcodes(BytesSource(data))]
    listed = around(BytesSource(data), places[5], before=2, after=1)
    assert [place for place, _ in listed] == places[3:7]
    assert around(BytesSource(data), places[5] + 1) == []
    assert any(text.endswith("x'…") for _, text in opcodes(BytesSource(data)))
