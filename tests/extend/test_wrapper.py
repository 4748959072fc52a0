from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.archives import deflated_zeros
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster import shipped
from weighmaster.extend.format import Glance
from weighmaster.extend.wrapper import content_name
from weighmaster.model.fact import Expansion, Stray
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Member, Where
from weighmaster.reading.source import BytesSource

EVIL = program(proto(2), call(name("posix", "system"), "true"), STOP)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
    "zfile": lambda data: b"ZF" + hex(len(data)).ljust(19).encode() + zlib.compress(data),
}
OPEN = {
    "gzip": "import gzip; stream = gzip.open(path)",
    "bz2": "import bz2; stream = bz2.open(path)",
    "xz": "import lzma; stream = lzma.open(path)",
    "lzma": "import lzma; stream = lzma.open(path)",
    "zstd": "import zstandard; stream = zstandard.open(path)",
    "lz4": "import lz4.frame; stream = lz4.frame.open(path)",
}


def _claimed(data: bytes) -> set[str]:
    return {id for id in PACK if shipped.registry().formats[id].matches(Glance(BytesSource(data)))}


@pytest.mark.parametrize("id", PACK)
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=300))
def test_each_is_known_by_its_bytes_and_by_no_other_name(id: str, data: bytes) -> None:
    packed = PACK[id](data)
    assert _claimed(packed) == {id}
    found, error = reads(shipped.registry().formats[id], packed)
    assert (inner_bytes(found), error) == ([data], None)


@pytest.mark.parametrize("id", PACK)
def test_a_payload_inside_is_found(id: str) -> None:
    assert verdict_on(PACK[id](EVIL)) is Outcome.BLOCK


@pytest.mark.parametrize("id", PACK)
def test_a_payload_behind_the_stream_is_found(id: str) -> None:
    data = PACK[id](b"harmless text") + EVIL
    assert verdict_on(data) is Outcome.BLOCK
    assert "stray-bytes" in rules_on(data)


@pytest.mark.parametrize("id", OPEN)
def test_a_payload_in_a_stream_that_is_cut_off_fires_and_is_found(id: str, tmp_path: Path) -> None:
    marker = tmp_path / "fired"
    payload = program(proto(2), call(name("os", "mkdir"), str(marker)), STOP)
    whole = PACK[id](payload + random.Random(5).randbytes(1_200_000))
    broken = whole[: len(whole) - 100]
    (tmp_path / "model").write_bytes(broken)
    script = f"import pickle, sys; path = sys.argv[1]\n{OPEN[id]}\npickle.load(stream)"
    subprocess.run([sys.executable, "-c", script, os.fspath(tmp_path / "model")], check=True, timeout=60)
    assert marker.is_dir()
    report = report_on(broken)
    assert [gap.reason for gap in report.gaps if "early" in gap.detail] == [GapReason.UNREADABLE]
    assert verdict_on(broken) is Outcome.BLOCK


@pytest.mark.parametrize("id", ["zlib", "lzma", "zfile", "gzip"])
@settings(max_examples=200, deadline=None)
@given(data=st.one_of(st.binary(min_size=14, max_size=400), st.text(min_size=1, max_size=400).map(str.encode)))
def test_text_and_random_bytes_are_no_stream(id: str, data: bytes) -> None:
    if not data.startswith((b"\x1f\x8b", b"\x78", b"\x5d")):
        assert id not in _claimed(data)


@pytest.mark.parametrize(
    "text", [b"x^2 + y^2 = z^2\n", b"hC is a word", b"XGBoost\n", b"ZF0x1F and on and on and on", b"h\x81"]
)
def test_words_that_begin_like_a_stream_are_none(text: bytes) -> None:
    assert _claimed(text) == set()


def test_the_figures_of_a_bomb_are_a_fact_and_a_gap() -> None:
    data = deflated_zeros(512 << 20)
    found, _ = reads(shipped.registry().formats["gzip"], data)
    (bomb,) = (read for read in found if isinstance(read, Expansion))
    assert bomb.packed == len(data)
    assert bomb.unpacked > 256 << 20
    assert verdict_on(data) is not Outcome.ALLOW


def test_a_bomb_in_eight_wrappers_ends_soon() -> None:
    data = deflated_zeros(512 << 20)
    for _ in range(7):
        data = gzip.compress(data)
    assert "expansion-bomb" in rules_on(data)


def test_a_payload_at_the_head_of_a_bomb_is_found() -> None:
    data = gzip.compress(EVIL) + deflated_zeros(512 << 20)
    assert {"expansion-bomb", "dangerous-import"} <= rules_on(data)


@pytest.mark.parametrize(
    ("name_", "suffixes", "expected"),
    [
        ("a/model.pkl.gz", (".gz",), "model.pkl"),
        ("model.TGZ", (".gz",), "model.tar"),
        ("C:\\x\\m.gz", (".gz",), "m"),
        (".gz", (".gz",), "unpacked"),
        ("...gz", (".gz",), "unpacked"),
        ("model", (".gz",), "unpacked"),
    ],
)
def test_the_content_is_named_as_tools_would(name_: str, suffixes: tuple[str, ...], expected: str) -> None:
    assert content_name(Where.file(name_), suffixes) == expected
    assert content_name(Where.file("x") / Member(name=name_), suffixes) == expected
    assert content_name(Where.file(name_).span(0, 3), suffixes) == "unpacked"


def test_stray_bytes_have_their_place() -> None:
    packed = gzip.compress(b"text")
    found, _ = reads(shipped.registry().formats["gzip"], packed + b"\x01\x02\x03")
    (stray,) = (read for read in found if isinstance(read, Stray))
    assert str(stray.where) == f"f@{len(packed)}-{len(packed) + 3}"


def test_an_old_joblib_file_with_a_wrong_length_is_told() -> None:
    data = b"ZF" + hex(7).ljust(19).encode() + zlib.compress(EVIL)
    assert "readers-disagree" in rules_on(data)
    assert verdict_on(data) is Outcome.BLOCK


def test_an_old_joblib_file_of_python_2_has_a_blank_more() -> None:
    data = b"ZF" + hex(len(EVIL)).ljust(20).encode() + zlib.compress(EVIL)
    assert inner_bytes(reads(shipped.registry().formats["zfile"], data)[0]) == [EVIL]
