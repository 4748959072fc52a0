"""SQLite: what the library writes is read as it reads it, and what hides anywhere in the file is found."""

from __future__ import annotations

import base64
import bz2
import gzip
import marshal
import pickle
import re
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on
from tests.samples.whole.sqlite import database, whole
from tools.fuzz import damage

from weighmaster.formats.sqlite import FORMAT
from weighmaster.model.errors import EncryptedError, OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Metadata, Reference, Stray
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Outcome
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import BytesSource
from weighmaster.reading.sqlite import FREE, OVERFLOW, TREE, Database, Pieces, values

INERT = b"cposix\ngetcwd\n(tR."
ARGUMENT = "x" * 5000
LONG = b"cposix\nsystem\n(V" + ARGUMENT.encode() + b"\ntR."
HOSTILE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
BARE = b"(\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
CODE = marshal.dumps(compile("import os\nos.getcwd()", "x", "exec"))


def _rows(raw: bytes, table: str = "t") -> list[tuple[int | None, list[Any]]]:
    """Return rowids and values of a table, as our reader sees them."""
    read = Database(BytesSource(raw), Budget())
    roots = {row[1]: row[3] for _, row in _records(read, 1)}
    found = sorted(_records(read, roots[table]), key=lambda row: row[0] or 0)
    assert read.wrong == []
    return found


def _records(read: Database, root: int) -> Iterator[tuple[int | None, list[Any]]]:
    for cell in read.tree(root, "t", lambda _: None):
        record = Pieces(read.source, cell.extents)
        assert record.size == cell.size
        row: list[Any] = []
        for _, kind, start, end in values(cell, record):
            raw = record.read_at(start, end - start)
            row.append(_value(kind, raw, read.encoding))
        yield cell.rowid, row


def _value(kind: int, raw: bytes, encoding: str) -> Any:
    if kind >= 12:
        return raw.decode(encoding) if kind % 2 else raw
    if kind == 7:
        return struct.unpack(">d", raw)[0]
    return None if kind == 0 else {8: 0, 9: 1}.get(kind, int.from_bytes(raw, "big", signed=True))


_value_of_any_kind = (
    st.none()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
    | st.binary(max_size=40)
    | st.builds(lambda size, seed: Random(seed).randbytes(size), st.integers(0, 3000), st.integers(0, 9))
)


@settings(max_examples=80, deadline=None)
@given(
    held=st.lists(_value_of_any_kind, max_size=40),
    page=st.sampled_from([512, 1024, 4096, 65536]),
    encoding=st.sampled_from(["UTF-8", "UTF-16le", "UTF-16be"]),
    vacuum=st.sampled_from(["NONE", "FULL"]),
)
def test_what_the_library_writes_is_what_is_read(held: list[Any], page: int, encoding: str, vacuum: str) -> None:
    raw = database(*held, page=page, settings=[f"encoding='{encoding}'", f"auto_vacuum={vacuum}"])
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(raw)
        wanted = connection.execute("SELECT k, v FROM t ORDER BY k").fetchall()
    assert [(rowid, row[1]) for rowid, row in _rows(raw)] == [(k, v) for k, v in wanted]
    # An index holds the same values, with the rowid behind each.
    assert sorted((row[1] for _, row in _rows(raw, "i"))) == [k for k, _ in wanted]


def test_every_page_is_accounted_for() -> None:
    raw = database(*(bytes([n]) * 3000 for n in range(30)), then=["DELETE FROM t WHERE k % 2"])
    read = Database(BytesSource(raw), Budget())
    for root in [1, *(row[3] for _, row in _records(read, 1) if row[3])]:
        list(read.tree(root, "any", lambda _: None))
    read.free()
    assert read.wrong == []
    assert set(read.kinds[1:]) == {TREE, OVERFLOW, FREE}


@pytest.mark.parametrize("data", whole(), ids=len)
def test_whole_databases_say_nothing(data: bytes) -> None:
    found, error = reads(FORMAT, data)
    assert error is None
    assert [read.key for read in found if isinstance(read, Metadata)] == ["tables"]
    assert len(found) == 1
    assert verdict_on(data, "a.db") is Outcome.ALLOW
    assert report_on(data).artifacts[0].formats == ("sqlite",)


CARRIED = {
    "pickle": HOSTILE,
    "protocol 0": b"cposix\nsystem\n(S'true'\ntR.",
    "without PROTO": BARE,
    "inert": INERT,
    "plain pickle": pickle.dumps(["data"] * 9, 2),
    "zlib": zlib.compress(HOSTILE * 9),
    "gzip": gzip.compress(HOSTILE),
    "code": CODE,
    "late": b"\x80\x04B\0\0\x02\0" + bytes(1 << 17) + b"0" + HOSTILE[2:],
    "long": LONG,
}


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
@pytest.mark.parametrize("page", [512, 4096])
@pytest.mark.parametrize("value", CARRIED.values(), ids=CARRIED)
def test_what_a_loader_could_take_is_handed_on_with_its_place(value: bytes, page: int, encoding: str) -> None:
    # The index holds it a second time.
    raw = database(*range(20), value, "text", page=page, settings=[f"encoding='{encoding}'"])
    found, error = reads(FORMAT, raw)
    assert error is None
    assert inner_bytes(found) == [value, value]
    table, index = (str(read.where) for read in found[1:])
    assert table == "f!t/21/1"
    assert re.fullmatch(r"f!i/at \d+/0", index)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize(
    "text",
    [INERT.decode(), base64.b64encode(HOSTILE).decode(), HOSTILE.hex(), base64.encodebytes(HOSTILE * 9).decode()],
    ids=["plain", "base64", "hex", "lines"],
)
def test_texts_that_stand_for_artifacts_are_handed_on(text: str, encoding: str) -> None:
    raw = database(*(f"row {n}" for n in range(30)), text, settings=[f"encoding='{encoding}'"])
    handed = inner_bytes(reads(FORMAT, raw)[0])
    assert len(handed) == 2
    assert handed[0] in (INERT, HOSTILE, HOSTILE * 9)
    assert verdict_on(raw) is not Outcome.ALLOW or handed[0] == INERT


_PIECES = st.sampled_from(
    [*(value for value in CARRIED.values() if len(value) < 4000), b"x\x9c", b"c", b"(", b"text and more", b"\0" * 9]
) | st.binary(max_size=30)


@settings(max_examples=60, deadline=None)
@given(held=st.lists(st.builds(bytes.__add__, _PIECES, _PIECES), max_size=12))
def test_no_record_is_passed_over_that_holds_something(held: list[bytes]) -> None:
    raw = database(*held, *(f"{n} more" for n in range(9)), page=1024)
    with pytest.MonkeyPatch.context() as patch:
        found = inner_bytes(reads(FORMAT, raw)[0])
        patch.setattr("weighmaster.formats.sqlite._dull", lambda _: None)
        assert found == inner_bytes(reads(FORMAT, raw)[0])


def test_a_stream_that_breaks_counts_for_what_comes_out_of_it() -> None:
    packed = zlib.compress(HOSTILE + Random(1).randbytes(200))
    chance = b"x\x9c" + Random(2).randbytes(60)
    for broken in (packed[:-80], packed[:100] + b"\xff" * 40):
        assert verdict_on(database(broken)) is Outcome.BLOCK
    assert verdict_on(database(*(b"x\x9c" + Random(n).randbytes(60) for n in range(2000)))) is Outcome.ALLOW
    assert inner_bytes(reads(FORMAT, database(chance))[0]) == []


def test_a_database_in_a_database_is_read() -> None:
    inside = database(HOSTILE, sql=["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"])
    raw = database(inside, sql=["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"])
    assert inner_bytes(reads(FORMAT, raw)[0]) == [inside]
    assert all(str(finding.where).startswith("file.bin!t/1/1!t/1/1@") for finding in report_on(raw).findings)
    assert verdict_on(raw) is Outcome.BLOCK


def test_a_table_without_rowids_is_read() -> None:
    raw = database(then=[f"INSERT INTO w VALUES ('a', X'{LONG.hex()}')"])
    assert inner_bytes(reads(FORMAT, raw)[0]) == [LONG]
    assert verdict_on(raw) is Outcome.BLOCK


def test_what_stands_behind_a_header_of_its_own_is_found_across_pages() -> None:
    raw = database(b"HEAD" * 300 + LONG, sql=["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"])
    found = [data for data in inner_bytes(reads(FORMAT, raw)[0]) if data.startswith(LONG)]
    assert found
    assert verdict_on(raw) is Outcome.BLOCK
    assert verdict_on(database(b"HEAD" + HOSTILE)) is Outcome.BLOCK


def test_what_was_deleted_is_found() -> None:
    table = ["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"]
    page = database(b"\0" * 40 + HOSTILE, *[b"."] * 9, sql=table, then=["DELETE FROM t WHERE k = 1"])
    assert verdict_on(page) is Outcome.BLOCK
    free = database(b"\0" * 900 + HOSTILE + bytes(900), sql=table, then=["DELETE FROM t"])
    found, error = reads(FORMAT, free)
    assert error is None
    assert [read.position for read in found if isinstance(read, Stray)] == ["between"]
    assert verdict_on(free) is Outcome.BLOCK


def test_what_stands_behind_the_last_page_is_a_part() -> None:
    for data in whole():
        found, error = reads(FORMAT, data + INERT)
        assert error is None
        assert inner_bytes(found) == [INERT]
        assert [read.position for read in found if isinstance(read, Stray)] == ["after"]
        assert verdict_on(data + HOSTILE) is Outcome.BLOCK
        assert len(reads(FORMAT, data + bytes(512))[0]) == 1


def test_a_schema_that_loads_a_library_is_told() -> None:
    raw = database(sql=["CREATE TABLE t (k, v)", "CREATE VIEW a AS SELECT load_extension ('x')"])
    assert [read.target for read in reads(FORMAT, raw)[0] if isinstance(read, Reference)] == [
        "load_extension in the view a"
    ]
    assert rules_on(raw) == {"needs-plugin"}


def test_a_root_that_is_written_as_text_is_followed() -> None:
    then = ["PRAGMA writable_schema=ON", "UPDATE sqlite_schema SET rootpage = CAST(rootpage AS TEXT)"]
    raw = database(LONG, then=then)
    assert LONG in inner_bytes(reads(FORMAT, raw)[0])


@pytest.mark.parametrize("root", ["'²'", "'٣'", "''", "'9' || printf('%.5000d', 0)", "-1", "1.5", "NULL", "X'ff'"])
def test_a_root_that_is_no_page_is_none(root: str) -> None:
    then = ["PRAGMA writable_schema=ON", f"UPDATE sqlite_schema SET rootpage = {root}"]
    found, error = reads(FORMAT, database(*range(9), then=then))
    assert error is None
    assert all(isinstance(read, Metadata | Gap) for read in found)


def test_many_columns_over_many_pages_are_read_in_time() -> None:
    columns = ", ".join(f"c{number}" for number in range(1900))
    held = ", ".join(f"'some text {number}'" for number in range(1899))
    sql = ["CREATE TABLE t (k, v)", f"CREATE TABLE z ({columns})"]
    raw = database(sql=sql, then=[f"INSERT INTO z VALUES ({held}, X'{HOSTILE.hex()}')"] * 9)
    assert [data for data in inner_bytes(reads(FORMAT, raw)[0]) if data == HOSTILE] == [HOSTILE] * 9


def _changed(raw: bytes, at: int, data: bytes) -> bytes:
    return raw[:at] + data + raw[at + len(data) :]


def _gaps(raw: bytes) -> str:
    found, error = reads(FORMAT, raw)
    return " ".join([*(read.detail for read in found if isinstance(read, Gap)), str(error or "")]).strip()


BIG = database(b"\1" * 3000, *range(300), sql=["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"])


def test_pointers_that_go_round_in_circles_end_and_are_told() -> None:
    root = _pages(BIG, 5)[0]
    first_child = (root - 1) * 512 + 12
    child = (root - 1) * 512 + int.from_bytes(BIG[first_child : first_child + 2], "big")
    for to, what in ((root, "reached twice"), (1, "reached twice"), (0, "page 0 of"), (1 << 31, "page 2147483648 of")):
        assert what in _gaps(_changed(BIG, child, to.to_bytes(4, "big")))
    chain = next(at for at in range(0, len(BIG), 512) if BIG[at + 4 : at + 404] == b"\1" * 400)
    number = chain // 512 + 1
    for to, what in ((number, "reached twice"), (1, "reached twice"), (9999, "page 9999 of")):
        assert what in _gaps(_changed(BIG, chain, to.to_bytes(4, "big")))
    freed = database(b"\1" * 3000, then=["DELETE FROM t"])
    trunk = int.from_bytes(freed[32:36], "big")
    assert "reached twice" in _gaps(_changed(freed, (trunk - 1) * 512, trunk.to_bytes(4, "big")))
    assert "lists no free pages" in _gaps(_changed(freed, (trunk - 1) * 512 + 4, b"\xff" * 4))


def _pages(raw: bytes, kind: int) -> list[int]:
    return [at // 512 + 1 for at in range(512, len(raw), 512) if raw[at] == kind]


def test_chains_that_share_their_pages_end() -> None:
    # Each of many records claims the whole of one chain that goes in a circle.
    sql = ["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"]
    raw = database(*[b"\1" * 20000] * 40, sql=sql)
    for at in range(512, len(raw), 512):
        if raw[at : at + 4][:2] == b"\0\0" and raw[at + 4 : at + 12] == b"\1" * 8:
            raw = _changed(raw, at, (at // 512 + 1).to_bytes(4, "big"))
    found, error = reads(FORMAT, raw)
    assert any("reached twice" in read.detail for read in found if isinstance(read, Gap)) or error


def test_cells_that_lie_over_each_other_end() -> None:
    raw = database("x" * 200, sql=["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"])
    raw = _changed(raw, 512 + 3, b"\0\x40" + raw[512 + 5 : 512 + 8] + raw[512 + 8 : 512 + 10] * 64)
    assert "page 2 has a cell that is none" in _gaps(raw)


@pytest.mark.parametrize("size", [16, 99, 100, 512, 700, 1024])
def test_a_file_that_is_cut_is_a_gap(size: int) -> None:
    raw = database(*range(400))
    assert "sqlite" in _gaps(raw[:size])
    assert verdict_on(raw[:size], "a.db") is Outcome.REVIEW


@pytest.mark.parametrize("cut", [1, 100, 511, 512, 513])
def test_a_file_whose_end_is_missing_is_a_gap(cut: int) -> None:
    assert "pages of 512 bytes wanted" in _gaps(BIG[:-cut])


def test_a_header_that_lies_is_a_gap() -> None:
    for at, data in ((16, b"\0\1\1"), (16, b"\3\0"), (20, b"\xff"), (21, b"\0"), (19, b"\3"), (56, b"\0\0\0\x09")):
        raw = _changed(database(), at, data)
        assert "sqlite" in _gaps(raw), at
        assert verdict_on(raw, "a.db") is Outcome.REVIEW
    assert isinstance(reads(FORMAT, database()[:32] + Random(1).randbytes(8192))[1], EncryptedError)


def test_what_hides_behind_a_broken_header_is_found() -> None:
    raw = _changed(database(b"HEAD" + HOSTILE), 21, b"\0")
    assert verdict_on(raw) is Outcome.BLOCK


def test_many_values_are_all_handed_on() -> None:
    raw = database(*(gzip.compress(b"%d" % n) for n in range(1500)), sql=["CREATE TABLE t (k INTEGER PRIMARY KEY, v)"])
    found, error = reads(FORMAT, raw)
    assert error is None
    assert len(inner_bytes(found)) == 1500


@pytest.mark.parametrize(
    "pack", [gzip.compress, zlib.compress, bz2.compress, pickle.dumps], ids=lambda pack: pack.__name__
)
@pytest.mark.parametrize("page", [512, 4096])
def test_copies_that_splitting_left_behind_are_cut_where_they_end(pack: Callable[[Any], bytes], page: int) -> None:
    held = [pack(b"%d" % n * 20) for n in range(900)]
    found, error = reads(FORMAT, database(*held, page=page, then=["DELETE FROM t WHERE k % 9 < 4"]))
    assert error is None
    assert len(inner_bytes(found)) >= 2 * 500
    # The last bits of a bzip2 stream are padding, which nobody reads.
    assert {data[:-1] for data in inner_bytes(found)} <= {value[:-1] for value in held}


_WHOLE = [*whole(), BIG]


@settings(max_examples=300, deadline=None)
@given(
    data=st.builds(
        lambda one, other, seed: damage(one, other, Random(seed)),
        st.sampled_from(_WHOLE),
        st.sampled_from(_WHOLE),
        st.integers(),
    )
)
def test_damaged_databases_give_facts_or_a_typed_error(data: bytes) -> None:
    found, error = reads(FORMAT, data)
    assert error is None or isinstance(error, UnreadableError | OverBudgetError | EncryptedError | WeighmasterError)
    for inner in inner_bytes(found):
        assert len(inner) <= 2 * len(data)
