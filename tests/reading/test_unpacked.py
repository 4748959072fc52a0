from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.archives import deflated_zeros

from weighmaster.model.errors import MissingExtraError, OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.reading import unpacked as module
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.source import BytesSource
from weighmaster.reading.unpacked import BombError, UnpackedSource, unpacked


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _lzma_zip(data: bytes) -> bytes:
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}])
    return b"\x09\x04\x05\0\x5d" + struct.pack("<I", 1 << 20) + packer.compress(data) + packer.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "deflate": _deflate,
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "brotli": brotli.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lzma-zip": _lzma_zip,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
JOINED = ["gzip", "bz2", "xz", "lzma", "zstd", "lz4"]
TEXT = b"".join(random.Random(1).choice([b"weights", b"bias", b"\0" * 40, bytes(range(99))]) for _ in range(9000))


def _all(source: UnpackedSource) -> bytes:
    return source.read_at(0, source.size)


def _open(data: bytes, codec: str, **limits: Any) -> UnpackedSource:
    return unpacked(BytesSource(data), codec, Budget(Limits(**limits)))


@pytest.mark.parametrize("codec", PACK)
@settings(max_examples=25, deadline=None)
@given(data=st.one_of(st.binary(min_size=1, max_size=300), st.binary(min_size=1, max_size=40).map(lambda x: x * 5000)))
def test_what_was_packed_comes_out(codec: str, data: bytes) -> None:
    packed = PACK[codec](data)
    source = _open(packed, codec)
    assert (_all(source), source.broken, source.consumed) == (data, None, len(packed))


# What follows a stream of Brotli is an error to its library, and such bytes are none to its format.
@pytest.mark.parametrize("codec", [codec for codec in PACK if codec not in {"lzma-zip", "brotli"}])
def test_bytes_after_the_stream_are_not_consumed(codec: str) -> None:
    packed = PACK[codec](TEXT)
    source = _open(packed + b"and more", codec)
    assert (_all(source), source.broken, source.consumed) == (TEXT, None, len(packed))


@pytest.mark.parametrize("codec", JOINED)
def test_streams_that_follow_each_other_are_one(codec: str) -> None:
    packed = PACK[codec](b"one") + PACK[codec](b"") + PACK[codec](b"two")
    source = _open(packed, codec)
    assert (_all(source), source.broken, source.consumed) == (b"onetwo", None, len(packed))


def test_a_stream_of_xz_may_go_on_as_lzma() -> None:
    packed = lzma.compress(b"one") + lzma.compress(b"two", lzma.FORMAT_ALONE)
    assert _all(_open(packed, "xz")) == lzma.decompress(packed) == b"onetwo"


def test_zeros_between_gzip_members_are_passed_over_as_gzip_does() -> None:
    packed = gzip.compress(b"one") + bytes(9000) + gzip.compress(b"two") + bytes(7)
    source = _open(packed, "gzip")
    assert _all(source) == gzip.decompress(packed) == b"onetwo"
    assert source.consumed == len(packed)


def test_a_gzip_header_that_zlib_refuses_is_read_as_python_reads_it() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[3] |= 0xE0
    assert _all(_open(bytes(packed), "gzip")) == gzip.decompress(bytes(packed)) == TEXT


@pytest.mark.parametrize("flags", range(32))
def test_all_fields_of_a_gzip_header_are_passed_over(flags: int) -> None:
    body = gzip.compress(TEXT)
    fields = (
        (b"\x03\0abc" if flags & 4 else b"") + (b"../x\0" if flags & 8 else b"") + (b"words\0" if flags & 16 else b"")
    )
    packed = body[:3] + bytes([flags]) + body[4:10] + fields + (b"\0\0" if flags & 2 else b"") + body[10:]
    assert _all(_open(packed, "gzip")) == TEXT


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_skippable_frames_are_skipped(codec: str) -> None:
    skip = b"\x5a\x2a\x4d\x18\x04\0\0\0abcd"
    source = _open(skip + PACK[codec](b"one") + skip + PACK[codec](b"two") + skip, codec)
    assert (_all(source), source.broken) == (b"onetwo", None)


@pytest.mark.parametrize("codec", [codec for codec in PACK if codec not in ("bz2", "lzma-zip")])
def test_what_comes_before_the_stream_is_cut_off_can_be_read(codec: str) -> None:
    data = random.Random(2).randbytes(300_000)
    packed = PACK[codec](data)
    source = _open(packed[: len(packed) * 9 // 10], codec)
    assert source.broken
    assert source.size > 130_000
    assert data.startswith(_all(source))


@pytest.mark.parametrize("codec", ["gzip", "zlib", "zstd", "lz4", "xz"])
def test_a_wrong_checksum_at_the_end_breaks_the_stream_and_loses_nothing(codec: str) -> None:
    packed = bytearray(PACK[codec](TEXT))
    # In xz the block's check stands before the index and the footer.
    packed[{"xz": -29, "gzip": -6}.get(codec, -1)] ^= 1
    source = _open(bytes(packed), codec)
    assert source.broken
    assert _all(source)[: len(TEXT) - 1] == TEXT[:-1]


@pytest.mark.parametrize("codec", ["gzip", "zlib", "deflate"])
def test_damage_in_the_middle_costs_at_most_one_byte_before_it(codec: str) -> None:
    whole = PACK[codec](TEXT)
    head = zlib.compressobj(6, zlib.DEFLATED, {"gzip": 31, "zlib": 15, "deflate": -15}[codec])
    good = head.compress(TEXT) + head.flush(zlib.Z_SYNC_FLUSH)
    source = _open(good + b"\x07" + whole, codec)
    assert source.broken
    # zlib meets the error in the call that gives the last byte.
    assert _all(source) in (TEXT, TEXT[:-1])


@pytest.mark.parametrize("codec", PACK)
def test_bytes_that_give_nothing_are_unreadable(codec: str) -> None:
    with pytest.raises(UnreadableError):
        _open(b"\xff" * 40, codec)


@pytest.mark.parametrize("codec", PACK)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_streams_give_bytes_or_a_typed_error(codec: str, data: st.DataObject) -> None:
    packed = bytearray(PACK[codec](TEXT[:3000]))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(packed) - 1), st.integers(0, 255)), max_size=4)):
        packed[at] = value
    cut = data.draw(st.integers(0, len(packed)))
    try:
        source = _open(bytes(packed[:cut]), codec)
    except WeighmasterError:
        return
    assert len(_all(source)) == source.size
    assert 0 <= source.consumed <= len(packed)


@pytest.mark.parametrize("codec", PACK)
def test_a_large_result_reads_the_same_at_any_place(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"KEPT": 0, "_CHUNK": 1 << 12, "_RECENT": 2, "_STRIDE": 1 << 13, "_MARKS": 8}.items():
        monkeypatch.setattr(module, name, value)
    source = _open(PACK[codec](TEXT), codec)
    dice = random.Random(3)
    for _ in range(60):
        start, count = dice.randrange(len(TEXT)), dice.choice([1, 100, 9000])
        assert source.read_at(start, count) == TEXT[start : start + count]


def test_reading_forward_through_a_large_result_unpacks_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 0)
    taken = []
    packed = lzma.compress(random.Random(4).randbytes(2 << 20))

    class Counting(BytesSource):
        def read_at(self, offset: int, count: int) -> bytes:
            found = super().read_at(offset, count)
            taken.append(len(found))
            return found

    source = unpacked(Counting(packed), "xz", Budget())
    once = sum(taken)
    for offset in range(0, source.size, 5000):
        source.read_at(offset, 5000)
    assert sum(taken) < 2.1 * once


@pytest.mark.parametrize("codec", ["gzip", "bz2", "xz", "zstd", "lz4"])
def test_a_bomb_is_stopped_and_its_beginning_kept(codec: str) -> None:
    packed = PACK[codec](b"payload" + bytes(6 << 20))
    with pytest.raises(BombError) as caught:
        _open(packed, codec, ratio=100, ratio_from=1 << 20)
    bomb = caught.value
    assert bomb.packed == len(packed)
    assert bomb.unpacked > 1 << 20
    assert bomb.before.read_at(0, 7) == b"payload"


def test_two_gibibytes_of_zeros_cost_little_memory() -> None:
    packed = deflated_zeros(2 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(BombError):
            _open(packed, "gzip")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_more_than_the_budget_allows_is_refused() -> None:
    with pytest.raises(OverBudgetError):
        _open(gzip.compress(bytes(5000)), "gzip", unpacked=4000)


def test_a_window_too_large_for_us_is_refused() -> None:
    packed = bytearray(lzma.compress(TEXT, lzma.FORMAT_ALONE))
    packed[1:5] = b"\xff\xff\xff\xff"
    with pytest.raises(OverBudgetError):
        _open(bytes(packed), "lzma")


def test_memory_is_given_back() -> None:
    budget = Budget()
    source = unpacked(BytesSource(gzip.compress(TEXT)), "gzip", budget)
    assert budget.kept == len(TEXT)
    del source
    assert budget.kept == 0


@pytest.mark.parametrize(("codec", "library"), [("zstd", "zstandard"), ("lz4", "lz4")])
def test_a_missing_library_is_named(codec: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)
    monkeypatch.setitem(__import__("sys").modules, f"{library}.frame", None)
    with pytest.raises(MissingExtraError, match=f"pip install {library}"):
        _open(PACK[codec](TEXT) if codec == "zstd" else b"\x04\x22\x4d\x18" + bytes(20), codec)


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4), junk=st.sampled_from([b"", b"\0\0", b"junk"]))
def test_gzip_and_bz2_agree_with_the_standard_library(parts: list[bytes], junk: bytes) -> None:
    for codec, opened in (("gzip", gzip.open), ("bz2", bz2.open)):
        packed = b"".join(map(PACK[codec], parts)) + junk
        theirs = b""
        try:
            with opened(io.BytesIO(packed)) as stream:
                while piece := stream.read(1):
                    theirs += piece
        except OSError:
            pass
        if any(parts):
            assert _all(_open(packed, codec)) == theirs
