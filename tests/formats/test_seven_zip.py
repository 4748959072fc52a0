from __future__ import annotations

import bz2
import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.archives import LZMA_CODER, lzma_packed, number, seven_zip_of, signature
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.vetting import inner_bytes, reads, rules_on, verdict_on

from weighmaster.extend.format import Glance, Inner
from weighmaster.formats.seven_zip import FORMAT
from weighmaster.model.errors import EncryptedError, OverBudgetError, WeighmasterError
from weighmaster.model.fact import Disagreement, Expansion, Link, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

EVIL = program(proto(2), call(name("posix", "system"), "true"), STOP)
DICE = random.Random(6)
CODE = bytes(DICE.choice(b"\xe8\xe9\x00\xff\x01") for _ in range(70_000))
FILES = {"a.bin": b"", "b/c.txt": b"hello world " * 999, "code": CODE, "random": DICE.randbytes(5000)}
FILTERS: dict[str, list[dict[str, Any]]] = {
    "copy": [{"id": py7zr.FILTER_COPY}],
    "lzma": [{"id": py7zr.FILTER_LZMA, "preset": 6}],
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "delta": [{"id": py7zr.FILTER_DELTA, "dist": 4}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "x86": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "x86 and lzma": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA, "preset": 6}],
    "x86 and bzip2": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_BZIP2}],
    "arm": [{"id": py7zr.FILTER_ARM}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "powerpc": [{"id": py7zr.FILTER_POWERPC}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "sparc": [{"id": py7zr.FILTER_SPARC}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
}


def _written(files: dict[str, bytes], **how: Any) -> bytes:
    target = io.BytesIO()
    encoded = how.pop("encoded", True)
    with py7zr.SevenZipFile(target, "w", **how) as archive:
        archive.set_encoded_header_mode(encoded)
        for path, data in files.items():
            archive.writestr(data, path)
    return target.getvalue()


def _inner(data: bytes) -> dict[str, bytes]:
    found, error = reads(FORMAT, data)
    assert error is None
    return {str(r.where).removeprefix("f!"): r.open().read_at(0, 1 << 20) for r in found if isinstance(r, Inner)}


def _of(data: bytes, kind: type[Any]) -> list[Any]:
    return [read for read in reads(FORMAT, data)[0] if isinstance(read, kind)]


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("encoded", [True, False])
def test_every_method_unpacks_as_the_reference_does(filters: str, *, encoded: bool) -> None:
    data = _written(FILES, filters=FILTERS[filters], encoded=encoded)
    assert FORMAT.matches(Glance(BytesSource(data)))
    assert _inner(data) == FILES
    assert all(isinstance(read, Inner) for read in reads(FORMAT, data)[0])


@settings(max_examples=15, deadline=None)
@given(files=st.dictionaries(st.text(st.sampled_from("abü漢-"), min_size=1, max_size=30), st.binary(max_size=900)))
def test_names_and_bytes_are_those_that_were_written(files: dict[str, bytes]) -> None:
    files = {f"m{path}x": data for path, data in files.items()}
    assert _inner(_written(files)) == files if files else True


@pytest.mark.parametrize("coder", [b"\x01\x00", LZMA_CODER, b"\x03\x04\x02\x02", b"\x03\x04\x01\x08"])
def test_our_own_builder_writes_what_the_reference_reads(coder: bytes) -> None:
    def deflate(data: bytes) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush()

    packers: dict[bytes, Callable[[bytes], bytes]] = {
        b"\x01\x00": bytes,
        LZMA_CODER: lzma_packed,
        b"\x03\x04\x02\x02": bz2.compress,
    }
    data = seven_zip_of({"a": b"one" * 50, "b": EVIL}, pack=packers.get(coder, deflate), coder=coder)
    with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
        assert archive.getnames() == ["a", "b"]
        assert archive.testzip() is None
    assert _inner(data) == {"a": b"one" * 50, "b": EVIL}
    assert verdict_on(data) is Outcome.BLOCK


@pytest.mark.parametrize(
    ("filters", "password", "reason", "word"),
    [
        ([{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}], None, GapReason.UNREADABLE, "PPMd"),
        (None, "secret", GapReason.ENCRYPTED, "encrypted"),
    ],
)
def test_what_cannot_be_unpacked_is_a_gap_at_each_member(
    filters: list[dict[str, Any]] | None, password: str | None, reason: GapReason, word: str
) -> None:
    gaps = _of(_written({"a": b"x" * 99, "b": b"y"}, filters=filters, password=password), Gap)
    assert [(str(gap.where), gap.reason, word in gap.detail) for gap in gaps] == [
        ("f!a", reason, True),
        ("f!b", reason, True),
    ]


def test_an_encrypted_header_is_an_error_of_its_own() -> None:
    _, error = reads(FORMAT, _written({"a": b"x"}, password="secret", header_encryption=True))
    assert isinstance(error, EncryptedError)


def test_symbolic_links_are_facts() -> None:
    mode = 0o120777 << 16 | 0x8000
    data = seven_zip_of({"d/l": b"../../etc/passwd", "b": b"x"}, attributes=[mode, 0o100644 << 16 | 0x8000])
    assert [(link.kind, link.target) for link in _of(data, Link)] == [("symbolic", "../../etc/passwd")]
    assert "link-outside-archive" in rules_on(data)
    assert _inner(data) == {"b": b"x"}


def test_a_payload_in_the_place_of_a_links_target_is_read() -> None:
    data = seven_zip_of({"l": EVIL}, attributes=[0o120777 << 16 | 0x8000])
    assert verdict_on(data) is Outcome.BLOCK


def test_members_that_lead_outside_are_told() -> None:
    assert "member-outside-archive" in rules_on(seven_zip_of({"../x": b"text"}))


@pytest.mark.parametrize("bent", [{"extra": EVIL}, {"tail": EVIL}])
def test_bytes_that_no_header_names_are_read(bent: dict[str, Any]) -> None:
    data = seven_zip_of({"a": b"text"}, **bent)
    assert len(_of(data, Stray)) == 1
    assert verdict_on(data) is Outcome.BLOCK


def test_bytes_of_a_folder_that_no_file_names_are_read() -> None:
    # The packed data holds more than the size of the folder says.
    data = seven_zip_of({"a": b"text"}, pack=lambda data: bz2.compress(data + EVIL), coder=b"\x03\x04\x02\x02")
    assert verdict_on(data) is Outcome.BLOCK


def test_a_wrong_checksum_is_told_and_the_member_read() -> None:
    data = bytearray(seven_zip_of({"a": b"text"}))
    data[32] ^= 1
    assert [fact.kind for fact in _of(bytes(data), Disagreement)] == ["member-checksum"]
    assert list(_inner(bytes(data))) == ["a"]


@pytest.mark.parametrize("at", [8, 28])
def test_a_wrong_checksum_of_a_header_is_told_and_the_rest_read(at: int) -> None:
    data = bytearray(seven_zip_of({"a": EVIL}))
    data[at] ^= 1
    assert "header-checksum" in [fact.kind for fact in _of(bytes(data), Disagreement)]
    assert verdict_on(bytes(data)) is Outcome.BLOCK


def test_two_members_of_one_name_are_both_read() -> None:
    data = seven_zip_of({"a": b"one", "b": b"two"}).replace(b"b\0\0\0", b"a\0\0\0")
    assert sorted(_inner(data).values()) == [b"one", b"two"]
    assert "duplicate-member" in [fact.kind for fact in _of(data, Disagreement)]


def test_a_bomb_is_told_and_its_beginning_read() -> None:
    data = seven_zip_of({"a": EVIL + bytes(300 << 20)}, pack=bz2.compress, coder=b"\x03\x04\x02\x02")
    assert len(_of(data, Expansion)) == 1
    assert {"expansion-bomb", "dangerous-import"} <= rules_on(data)


@pytest.mark.parametrize("size", [1 << 40, (1 << 63) - 1])
def test_a_header_that_cannot_be_there_is_refused(size: int) -> None:
    data = bytearray(signature(b"", 0))
    data[20:28] = struct.pack("<Q", size)
    _, error = reads(FORMAT, bytes(data))
    assert isinstance(error, OverBudgetError)


@pytest.mark.parametrize(
    "head",
    [
        b"\x01\x05" + number(1 << 60),
        b"\x01\x04\x06" + number(0) + number(1 << 60),
        b"\x01\x04\x06\0\x01\x09\x01\0\x07\x0b" + number(1 << 40),
        b"\x01\x04\x06\0\x01\x09\x01\0\x07\x0b\x01\0" + number(1 << 40),
        b"\x17\x06\0\x01\x09\x01\0\x07\x0b\x01\0\x01\x01\0\x0c" + number(1 << 62) + b"\0\0",
    ],
)
def test_counts_that_cannot_be_are_refused_before_anything_is_made(head: bytes) -> None:
    _, error = reads(FORMAT, signature(head, 0) + head)
    assert isinstance(error, WeighmasterError)


def test_too_many_members_are_refused() -> None:
    data = seven_zip_of({str(i): b"x" for i in range(20)})
    with pytest.raises(OverBudgetError):
        list(FORMAT.read(Cursor(BytesSource(data), Budget(Limits(members=10))), Where.file("f")))


SEEDS = [
    _written({"a": b"abc" * 30, "b": b"", "c/d": b"\0" * 500}),
    _written({"a": b"abc" * 30, "b": b"x"}, filters=FILTERS["x86 and lzma"], encoded=False),
    seven_zip_of({"a": b"abc", "b": b"def"}, attributes=[0x8000, 32]),
]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_archives_give_facts_or_a_typed_error(data: st.DataObject) -> None:
    valid = bytearray(data.draw(st.sampled_from(SEEDS)))
    places = st.one_of(st.integers(0, len(valid) - 1), st.integers(max(0, len(valid) - 150), len(valid) - 1))
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        valid[at] = value
    cut = data.draw(st.one_of(st.just(len(valid)), st.integers(0, len(valid))))
    found, error = reads(FORMAT, bytes(valid[:cut]))
    assert error is None or isinstance(error, WeighmasterError)
    inner_bytes(found)
