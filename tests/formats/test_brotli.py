"""Brotli streams: bytes that unpack to their end, and nothing else."""

from __future__ import annotations

import random

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.vetting import report_on, verdict_on

from weighmaster.extend.format import Glance
from weighmaster.formats.brotli import FORMAT, _ends
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome
from weighmaster.reading.source import BytesSource

_EVIL = program(proto(2), call(name("posix", "system"), "true"), STOP)


def _claimed(data: bytes) -> bool:
    return FORMAT.matches(Glance(BytesSource(data)))


@given(st.binary(min_size=40, max_size=400), st.integers(0, 11))
def test_what_the_library_packs_is_claimed_and_with_anything_after_it_is_not(data: bytes, quality: int) -> None:
    packed = brotli.compress(data, quality=quality)
    # What has no control character may be a text, and what is very short is not worth it.
    if len(packed) >= 24 and any(byte < 0x20 and byte not in b"\t\n\f\r" for byte in packed):
        assert _claimed(packed)
    assert not _claimed(packed + b"x")


@given(st.binary(min_size=24, max_size=4096))
def test_whatever_is_claimed_the_library_unpacks(data: bytes) -> None:
    if _claimed(data):
        assert brotli.decompress(data)


def test_noise_is_not_claimed() -> None:
    noise = random.Random(1)
    assert not any(_claimed(noise.randbytes(noise.randrange(24, 600))) for _ in range(20_000))


@pytest.mark.parametrize("quality", [0, 11])
def test_what_hides_in_one_is_found(quality: int) -> None:
    packed = brotli.compress(_EVIL * 20, quality=quality)
    assert "weights.pkl.br!weights.pkl" in {
        str(artifact.where) for artifact in report_on(packed, "weights.pkl.br").artifacts
    }
    assert verdict_on(packed, "weights.pkl.br") is Outcome.BLOCK


def test_a_page_comes_in() -> None:
    numbers = random.Random(1)
    for lines in (200, 20_000):
        page = b"".join(b"<p class='x%d'>text</p>\n" % numbers.randrange(1 << 30) for _ in range(lines))
        assert verdict_on(brotli.compress(page, quality=5), "page.html.br") is Outcome.ALLOW


def test_one_that_swells_is_not_unpacked_to_its_end() -> None:
    packer = brotli.Compressor(quality=1)
    packed = b"".join([*(packer.process(bytes(1 << 24)) for _ in range(80)), packer.finish()])
    assert GapReason.OVER_BUDGET in {gap.reason for gap in report_on(packed, "a.br").gaps}


def test_little_is_unpacked_to_see_that_one_swells() -> None:
    packed = brotli.compress(bytes(1 << 27), quality=9, lgwin=24)
    assert len(packed) < 200
    with pytest.raises(OverBudgetError, match=f"more than {64 << 20} bytes"):
        _ends(BytesSource(packed))
    assert _claimed(packed)
