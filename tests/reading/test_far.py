"""What is read of a far source is what lies there, fetched once, within the allowance."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.far import Far, FarSource, LieError, Span
from weighmaster.reading.source import PartSource, expect, is_far

_spans = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 1 << 17)), min_size=1, max_size=4)
_steps = st.lists(st.tuples(st.booleans(), _spans), max_size=12)


class Place:
    """Bytes that lie elsewhere, and what was fetched of them."""

    def __init__(self, size: int) -> None:
        self.data = b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]
        self.fetched: list[Span] = []

    def fetch(self, spans: Sequence[Span]) -> list[bytes]:
        self.fetched += spans
        return [self.data[start:end] for start, end in spans]

    def source(self, allowance: int = 1 << 40) -> FarSource:
        return FarSource(Far(name="f", size=len(self.data), locator=""), self.fetch, allowance)


@settings(max_examples=150, deadline=None)
@given(size=st.integers(0, 1 << 20), steps=_steps)
def test_every_read_gives_what_lies_there_and_nothing_is_fetched_twice(
    size: int, steps: list[tuple[bool, list[Span]]]
) -> None:
    place = Place(size)
    source = place.source()
    for ahead, spans in steps:
        if ahead:
            source.expect([(start, start + count) for start, count in spans])
        else:
            for start, count in spans:
                assert source.read_at(start, count) == place.data[start : start + count]
    taken = sorted(place.fetched)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(taken))
    assert source.fetched == sum(end - start for start, end in taken)
    assert source.whole is (source.fetched == size)


def test_what_is_expected_comes_in_one_go() -> None:
    place = Place(1 << 20)
    source = place.source()
    source.read_at(0, 10)
    before = len(place.fetched)
    spans = [(at, at + 30) for at in range(100_000, 900_000, 50_000)]
    expect(PartSource(source, 0, 1 << 20), spans)
    assert len(place.fetched) == before + len(spans)
    for start, end in spans:
        source.read_at(start, end - start)
    assert len(place.fetched) == before + len(spans)


def test_a_part_of_what_is_far_is_far() -> None:
    source = Place(9).source()
    assert is_far(source)
    assert is_far(PartSource(PartSource(source, 0, 5), 1, 2))


def test_more_than_is_allowed_is_not_fetched() -> None:
    source = Place(1 << 20).source(allowance=100_000)
    source.read_at(0, 10)
    with pytest.raises(OverBudgetError, match="--full"):
        source.read_at(500_000, 90_000)


def test_a_lie_is_kept_and_less_than_was_asked_for_is_refused() -> None:
    def lying(_: Sequence[Span]) -> list[bytes]:
        raise LieError("another part came")

    source = FarSource(Far(name="f", size=9, locator=""), lying, 100)
    with pytest.raises(LieError):
        source.read_at(0, 1)
    assert source.lies == ["another part came"]
    short = FarSource(Far(name="f", size=9, locator=""), lambda _: [b"12"], 100)
    with pytest.raises(UnreadableError, match="2 of 9 bytes came"):
        short.read_at(0, 1)


def test_what_comes_behind_a_skip_is_not_fetched_far_ahead() -> None:
    place = Place(8 << 20)
    source = place.source()
    member = 256 << 10
    for start in range(member, 7 << 20, member):
        # The beginning and the end of a part, known beforehand, and then the beginning of what follows it.
        expect(source, [(start + 512, start + 4608), (start + member - 4096, start + member)])
        source.read_at(start + 512, 4096)
        source.read_at(start + member - 4096, 4096)
        source.read_at(start + member, 512)
    assert source.fetched < 1 << 20
