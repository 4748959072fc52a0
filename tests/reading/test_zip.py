from __future__ import annotations

import io
import random
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.zips import (
    DEFLATED,
    Head,
    Zipped,
    described,
    end_record,
    member,
    torch_zip,
    two_directories,
    zip_of,
)

from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.source import BytesSource
from weighmaster.reading.zip import (
    Alias,
    Comment,
    Content,
    Difference,
    Entry,
    Region,
    Unread,
    contents,
    is_zip,
    listed,
    open_entry,
)

A = b"alpha" * 20
B = b"beta" * 20


def _all(data: bytes, limits: Limits | None = None) -> list[Content]:
    return list(contents(BytesSource(data), Budget(limits)))


def _members(data: bytes) -> list[tuple[str, bytes]]:
    source, budget = BytesSource(data), Budget()
    return [(e.name, _bytes(e, data)) for e in contents(source, budget) if isinstance(e, Entry)]


def _bytes(entry: Entry, data: bytes) -> bytes:
    opened = open_entry(entry, BytesSource(data), Budget())
    return opened.read_at(0, opened.size)


def _kinds(data: bytes) -> set[str]:
    return {c.kind for c in _all(data) if isinstance(c, Difference)}


def _regions(data: bytes) -> list[tuple[bytes, str]]:
    return [(data[c.start : c.end], c.position) for c in _all(data) if isinstance(c, Region)]


class _Pipe(io.BytesIO):
    """A stream that cannot be wound back: zipfile then writes sizes after the data."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError


def _zipped(file: io.BytesIO, method: int) -> bytes:
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("one", A)
        archive.writestr("folder/", b"")
        archive.writestr("größe", B)
        archive.writestr("empty", b"")
        archive.comment = b"made by a test"
    return file.getvalue()


@pytest.mark.parametrize("file", [io.BytesIO, _Pipe])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_writes_is_read_back_and_nothing_is_odd_about_it(file: type[io.BytesIO], method: int) -> None:
    data = _zipped(file(), method)
    assert _members(data) == [("one", A), ("folder/", b""), ("größe", B), ("empty", b"")]
    assert [c for c in _all(data) if not isinstance(c, Entry)] == [
        Comment(start=len(data) - 14, text=b"made by a test")
    ]


def test_zip64_is_nothing_odd() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("one", "w", force_zip64=True) as one:
        one.write(A)
    assert _all(file.getvalue())[1:] == []
    assert _members(file.getvalue()) == [("one", A)]


def test_more_members_than_sixteen_bits_count_are_nothing_odd() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(65_600):
            archive.writestr(str(number), b"")
    found = _all(file.getvalue())
    assert len(found) == 65_600
    assert all(isinstance(entry, Entry) for entry in found)


def test_an_empty_archive_has_nothing_in_it() -> None:
    assert _all(end_record(0, 0, 0)) == []


@pytest.mark.parametrize("counts_prefix", [True, False])
def test_what_stands_before_the_members_is_said(counts_prefix: bool) -> None:  # noqa: FBT001 - a parameter of the test
    data = zip_of([member("a", A)], prefix=b"before " * 9, counts_prefix=counts_prefix)
    assert _members(data) == [("a", A)]
    assert _regions(data) == [(b"before " * 9, "before")]
    assert _kinds(data) == set()


def test_what_stands_between_and_after_is_said() -> None:
    data = zip_of([member("a", A)], between=b"between", suffix=b"after", comment=b"hello")
    assert _members(data) == [("a", A)]
    assert _regions(data) == [(b"between", "between"), (b"after", "after")]
    assert [c.text for c in _all(data) if isinstance(c, Comment)] == [b"hello"]


def test_a_member_that_no_directory_lists_is_read() -> None:
    data = zip_of([member("a", A), replace(member("b", B, method=DEFLATED), listed=False)])
    assert _members(data) == [("a", A), ("b", B)]
    assert _kinds(data) == {"unlisted-member"}


def test_an_unlisted_member_whose_size_comes_after_it_is_read() -> None:
    hidden = replace(described(member("b", B, method=DEFLATED)), listed=False)
    data = zip_of([member("a", A), hidden, member("c", b"c")])
    assert sorted(_members(data)) == [("a", A), ("b", B), ("c", b"c")]
    assert _regions(data) == []


def test_without_a_directory_what_a_stream_reader_sees_is_read_and_then_refused() -> None:
    data = zip_of([member("a", A), member("b", B)])
    data = data[: data.index(b"PK\x01\x02")]
    found = contents(BytesSource(data), Budget())
    assert [next(found).name for _ in "ab"] == ["a", "b"]  # type: ignore[union-attr]
    with pytest.raises(UnreadableError):
        list(found)


def test_both_directories_are_read_where_readers_find_different_ones() -> None:
    data = two_directories([member("x/a", A)], [member("x/b", B)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["x/a"]
    assert {("x/a", A), ("x/b", B)} <= set(_members(data))
    assert "two-directories" in _kinds(data)


def test_an_archive_in_the_comment_of_another_is_read() -> None:
    hidden = zip_of([member("b", B)])
    data = zip_of([member("a", A)], comment=hidden)
    assert {("a", A), ("b", B)} <= set(_members(data))
    assert "two-directories" in _kinds(data)


def test_an_archive_stored_as_the_last_member_of_another_is_no_second_directory() -> None:
    data = zip_of([member("a", A), member("b.zip", zip_of([member("b", B)]))])
    assert [name for name, _ in _members(data)] == ["a", "b.zip"]
    assert _kinds(data) == set()


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        (replace(member("a", A), local=Head(name=b"b")), "member-name"),
        (replace(member("a", A), local=Head(method=DEFLATED)), "member-method"),
        (replace(member("a", A), central=Head(method=DEFLATED)), "member-method"),
        (replace(member("a", A), local=Head(flags=1)), "member-flags"),
        (replace(member("a", A), central=Head(flags=1)), "member-flags"),
        (replace(member("a", A), central=Head(flags=0x40)), "member-flags"),
        (replace(member("a", A), local=Head(flags=0x20)), "member-flags"),
        (replace(member("a", A), local=Head(crc=1)), "member-checksum"),
        (replace(member("a", A), local=Head(packed=5)), "member-size"),
        (replace(member("a", A), local=Head(unpacked=5)), "member-size"),
        (replace(described(member("a", A)), central=Head(crc=1)), "member-checksum"),
        (replace(described(member("a", A)), descriptor=b"PK\x07\x08" + bytes(12)), "member-size"),
        (member("a\0.txt", A), "name-with-nul"),
    ],
)
def test_headers_that_differ_are_a_difference_and_the_member_is_read(odd: Zipped, kind: str) -> None:
    data = zip_of([odd])
    entries = [c for c in _all(data) if isinstance(c, Entry)]
    assert _kinds(data) == {kind}
    assert any(entry.method == 0 and _bytes(entry, data) == A for entry in entries)


@pytest.mark.parametrize("flags", [0x0800, 0x0002, 0x0808])
def test_flags_that_stop_no_reader_are_nothing_odd(flags: int) -> None:
    assert _kinds(zip_of([replace(member("a", A), local=Head(flags=flags & ~8))])) == set()


def test_members_of_one_name_are_each_read_and_have_places_of_their_own() -> None:
    data = zip_of([member("a", A), member("a", B)])
    entries = [c for c in _all(data) if isinstance(c, Entry)]
    assert [_bytes(entry, data) for entry in entries] == [A, B]
    assert len({entry.steps for entry in entries}) == 2
    assert _kinds(data) == {"duplicate-member"}


def test_names_that_differ_in_case_are_told() -> None:
    assert _kinds(zip_of([member("x/data.pkl", A), member("x/DATA.PKL", B)])) == {"names-differ-in-case"}


def test_members_that_share_bytes_are_told() -> None:
    inner = member("b", B)
    outer = Zipped(name=b"a", data=inner.written())
    data = zip_of([outer, replace(inner, raw=b"", offset=31)])
    assert "overlapping-members" in _kinds(data)


def test_a_second_name_is_told() -> None:
    import struct
    import zlib

    alias = b"\x01" + struct.pack("<I", zlib.crc32(b"a")) + b"../b"
    field = struct.pack("<HH", 0x7075, len(alias)) + alias
    found = _all(zip_of([replace(member("a", A), central=Head(extra=field))]))
    assert Alias(name="../b") in found
    assert {c.kind for c in found if isinstance(c, Difference)} == {"member-name"}


def test_a_member_that_is_not_there_is_told() -> None:
    found = _all(zip_of([member("a", A), replace(member("b", B), offset=1 << 20)]))
    assert [type(c) for c in found if isinstance(c, Unread)] == [Unread]


def test_only_so_many_members_are_read() -> None:
    with pytest.raises(OverBudgetError):
        _all(zip_of([member(str(number), b"") for number in range(9)]), Limits(members=8))


def test_both_readers_give_a_member_the_same_place() -> None:
    data = zip_of([*torch_zip(b"N."), member("archive/DATA/0", b"x"), member("twice", A), member("twice", B)])
    by_one = {entry.at_name: entry for entry in map(_Named, listed(BytesSource(data), Budget()))}
    by_other = {c.name: c for c in _all(data) if isinstance(c, Entry)}
    assert set(by_one) == {"archive/data.pkl", "archive/byteorder", "archive/version"}
    assert all(by_one[name].entry == by_other[name] for name in by_one)


class _Named:
    def __init__(self, entry: Entry) -> None:
        self.entry, self.at_name = entry, entry.name


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x05\x06", b"no zip at all", b"x" * 70_000, b"PK\x05\x06" * 40, bytes(5000)]
)
def test_other_bytes_are_no_zip(data: bytes) -> None:
    assert not is_zip(BytesSource(data), data[:4096], data[-65557:]) or data.startswith(b"PK\x05\x06")


_HONEST = [
    zip_of(torch_zip(b"\x80\x02}q\x00.")),
    zip_of([described(member("a", A, method=DEFLATED)), member("b", B)], prefix=b"#!x\n", comment=b"c"),
    two_directories([member("x/a", A)], [member("x/b", B)]),
    _zipped(_Pipe(), zipfile.ZIP_DEFLATED),
]


@given(
    data=st.sampled_from(_HONEST),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 60),
)
@settings(max_examples=300, deadline=None)
def test_damaged_archives_raise_nothing_but_errors_of_ours(
    data: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(data[: len(data) - cut] if cut % 3 == 0 else data)
    for place, byte in changes:
        damaged[place % len(damaged)] = byte
    _read_all(bytes(damaged))


def test_damaged_lengths_and_offsets_raise_nothing_but_errors_of_ours() -> None:
    chance = random.Random(7)
    for _ in range(1500):
        damaged = bytearray(chance.choice(_HONEST))
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(damaged) - 4)
            damaged[place : place + chance.choice([2, 4])] = chance.choice([b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0"])
        _read_all(bytes(damaged))


def _read_all(data: bytes) -> None:
    source, budget = BytesSource(data), Budget(Limits(seconds=20))
    try:
        list(listed(source, budget))
        for content in contents(source, budget):
            if isinstance(content, Entry):
                try:
                    open_entry(content, source, budget)
                except WeighmasterError:
                    continue
    except WeighmasterError:
        return
