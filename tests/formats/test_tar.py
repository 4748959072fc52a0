from __future__ import annotations

import io
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.archives import header, honest_tar, long_name, member, padded, pax, tar_of, with_checksum
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.vetting import inner_bytes, reads, rules_on, verdict_on

from weighmaster.extend.format import Glance, Inner, Read
from weighmaster.formats.tar import FORMAT
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Disagreement, Link, Nested, Stray
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

EVIL = program(proto(2), call(name("posix", "system"), "true"), STOP)
NAMES = st.text(st.sampled_from("abü/-. é漢"), min_size=1, max_size=160).map(lambda text: "m" + text + "x")
MEMBERS = st.dictionaries(NAMES, st.binary(max_size=1500), max_size=5)


def _inner(data: bytes) -> dict[str, bytes]:
    found, error = reads(FORMAT, data)
    assert error is None
    return {str(read.where): read.open().read_at(0, 1 << 20) for read in found if isinstance(read, Inner)}


def _kinds(data: bytes) -> list[str]:
    return [read.kind for read in reads(FORMAT, data)[0] if isinstance(read, Disagreement)]


def _names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


def _of(data: bytes, kind: type[Read]) -> list[Read]:
    return [read for read in reads(FORMAT, data)[0] if isinstance(read, kind)]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@settings(max_examples=60, deadline=None)
@given(members=MEMBERS)
def test_agrees_with_the_standard_library(form: int, members: dict[str, bytes]) -> None:
    data = honest_tar(members.items(), form)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        theirs = [(info.name, archive.extractfile(info).read()) for info in archive]  # type: ignore[union-attr]
    found, error = reads(FORMAT, data)
    ours = [read for read in found if isinstance(read, Inner)]
    assert error is None
    assert [read.where.steps[-1].name for read in ours] == [name for name, _ in theirs]  # type: ignore[union-attr]
    assert inner_bytes(found) == [body for _, body in theirs]
    assert len(found) == len(ours)


@pytest.mark.parametrize(
    "fields", [{"magic": b""}, {"magic": b"ustar  \0"}, {"signed": True}, {"numbers": b" 0000000003 "}]
)
def test_every_age_of_header_is_read(fields: dict[str, object]) -> None:
    data = tar_of(member("é", b"abc", **fields))
    assert FORMAT.matches(Glance(BytesSource(data)))
    assert _inner(data) == {"f!é": b"abc"}
    assert _kinds(data) == []


def test_sizes_in_base_256_are_read() -> None:
    data = tar_of(member("a", b"abc", numbers=b"\x80" + (3).to_bytes(11, "big")))
    assert _inner(data) == {"f!a": b"abc"}


@pytest.mark.parametrize("numbers", [b"\xff" * 12, b"\xff" * 11 + b"\0", b"\xc0" + bytes(11)])
def test_a_negative_size_is_an_error(numbers: bytes) -> None:
    _, error = reads(FORMAT, tar_of(member("a", b"abc", numbers=numbers)))
    assert isinstance(error, UnreadableError)


def test_a_negative_size_in_an_extended_header_is_an_error() -> None:
    _, error = reads(FORMAT, tar_of(pax({"size": "-512"}), member("a", b"abc")))
    assert isinstance(error, UnreadableError)


def test_a_prefix_is_joined_to_the_name() -> None:
    assert list(_inner(tar_of(member("b", b"abc", prefix="a")))) == ["f!a/b"]


def test_links_are_facts() -> None:
    data = tar_of(header("d/s", 0, kind=b"2", link="../../etc"), long_name("k" * 120, b"K"), header("h", 0, kind=b"1"))
    assert [(str(read.where), read.kind, read.target) for read in _of(data, Link)] == [  # type: ignore[union-attr]
        ("f!d/s", "symbolic", "../../etc"),
        ("f!h", "hard", "k" * 120),
    ]
    assert "link-outside-archive" in rules_on(data)


@pytest.mark.parametrize("kind", [b"3", b"4", b"6"])
def test_devices_and_pipes_are_gaps(kind: bytes) -> None:
    (gap,) = _of(tar_of(header("d", 0, kind=kind)), Gap)
    assert gap.reason is GapReason.NOT_A_FILE  # type: ignore[union-attr]


def test_a_name_that_leads_outside_is_told_whichever_header_says_it() -> None:
    plain = tar_of(member("../x", b"abc"))
    hidden = tar_of(pax({"path": "x"}), member("../x", b"abc"))
    assert "member-outside-archive" in rules_on(plain)
    assert {"member-outside-archive", "readers-disagree"} <= rules_on(hidden)


def test_two_members_of_one_name_are_both_read() -> None:
    data = tar_of(member("a", b"one"), member("./a", b"two"))
    assert sorted(_inner(data).values()) == [b"one", b"two"]
    assert _kinds(data) == ["duplicate-member"]


def test_two_names_for_one_member_are_told_and_the_first_is_pythons() -> None:
    data = tar_of(long_name("first"), long_name("second"), member("third", b"abc"))
    assert _names(data) == ["first"]
    assert list(_inner(data)) == ["f!first"]
    assert set(_kinds(data)) == {"member-name"}


def test_a_size_that_hides_members_from_some_readers_hides_none_from_us() -> None:
    # One reader believes the extended header and sees one file; the other sees a second archive in it.
    inside = member("evil.pkl", EVIL)
    data = tar_of(pax({"size": str(len(inside))}), header("a", 0) + inside)
    assert _names(data) == ["a"]
    assert "member-size" in _kinds(data)
    assert verdict_on(data) is Outcome.BLOCK


def test_a_folder_with_a_size_is_read_both_ways() -> None:
    data = tar_of(header("d/", 512, kind=b"5"), padded(EVIL), member("b", b"abc"))
    assert "member-size" in _kinds(data)
    assert verdict_on(data) is Outcome.BLOCK


def test_members_behind_the_end_mark_are_read() -> None:
    data = tar_of(member("a", b"abc")) + bytes(1024) + tar_of(member("evil.pkl", EVIL))
    assert [read.position for read in _of(data, Stray)] == ["after"]  # type: ignore[union-attr]
    assert verdict_on(data) is Outcome.BLOCK


def test_members_behind_a_broken_header_are_read() -> None:
    broken = bytearray(member("b", b"abc"))
    broken[0] ^= 1
    data = tar_of(member("a", b"abc"), bytes(broken), member("evil.pkl", EVIL))
    assert _names(data) == ["a"]
    assert _kinds(data) == ["header-checksum"]
    assert verdict_on(data) is Outcome.BLOCK


def test_bytes_in_the_padding_are_read() -> None:
    data = tar_of(header("a", 3) + b"abc" + EVIL.ljust(509, b"\0"))
    assert verdict_on(data) is Outcome.BLOCK


def test_a_tar_that_is_cut_off_keeps_what_came_before() -> None:
    data = tar_of(member("a", b"abc"), member("evil.pkl", EVIL + bytes(2000)))[:1700]
    found, error = reads(FORMAT, data)
    assert isinstance(error, UnreadableError)
    assert len(inner_bytes(found)) == 2
    assert verdict_on(data) is Outcome.BLOCK


@pytest.mark.parametrize("extra", [pax({"GNU.sparse.size": "9", "GNU.sparse.name": "real"}), b""])
def test_a_file_with_holes_is_read_as_stored_and_said_to_be(extra: bytes) -> None:
    data = tar_of(extra, member("a", b"abc", kind=b"0" if extra else b"S"))
    assert list(_inner(data).values()) == [b"abc"]
    assert len(_of(data, Gap)) == 1


def test_global_headers_hold_for_all_members() -> None:
    data = tar_of(pax({"path": "é" * 60}, b"g"), member("a", b"abc"))
    assert _names(data) == ["é" * 60]
    assert list(_inner(data)) == ["f!" + "é" * 60]


def test_too_many_members_are_refused() -> None:
    data = tar_of(*(member(str(i), b"") for i in range(20)))
    with pytest.raises(OverBudgetError):
        list(FORMAT.read(Cursor(BytesSource(data), Budget(Limits(members=10))), Where.file("f")))


@pytest.mark.parametrize("data", [bytes(512), bytes(10240), b"text " * 300, EVIL])
def test_other_bytes_are_no_tar(data: bytes) -> None:
    assert not FORMAT.matches(Glance(BytesSource(data)))


def test_the_payload_in_a_member_fires_in_the_loader(tmp_path: Path) -> None:
    marker = tmp_path / "fired"
    payload = program(proto(2), call(name("os", "mkdir"), str(marker)), STOP)
    (tmp_path / "m.tar").write_bytes(tar_of(pax({"path": "good"}), member("../x", payload)))
    script = "import pickle, sys, tarfile\npickle.load(tarfile.open(sys.argv[1]).extractfile('good'))"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "m.tar")], check=True, timeout=60)
    assert marker.is_dir()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_mutated_archives_give_facts_or_a_typed_error(data: st.DataObject) -> None:
    valid = bytearray(
        tar_of(
            member("a", b"abc"),
            pax({"path": "é" * 60, "size": "5"}),
            member("b", b"abcde"),
            long_name("n" * 130),
            member("c", b"x" * 700, kind=b"S"),
            header("d", 0, kind=b"2", link="a"),
        )
    )
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(valid) - 1), st.integers(0, 255)), max_size=6)):
        valid[at] = value
    if data.draw(st.booleans()):
        for at in range(0, len(valid) - 511, 512):
            if valid[at + 257 : at + 262] == b"ustar":
                valid[at : at + 512] = with_checksum(valid[at : at + 512])
    cut = data.draw(st.integers(0, len(valid)))
    found, error = reads(FORMAT, bytes(valid[:cut]))
    assert error is None or isinstance(error, WeighmasterError)
    inner_bytes(found)


def test_a_large_folder_of_names_is_linear() -> None:
    data = honest_tar((f"d/{i}", random.Random(i).randbytes(20)) for i in range(3000))
    assert len(_of(data, Inner)) == 3000
    assert _of(data, Nested) == []
