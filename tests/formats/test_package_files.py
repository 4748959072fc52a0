"""What stands in the folder of a package's metadata, held against the readers of the standard library and packaging."""

from __future__ import annotations

import csv
import importlib.metadata
import io
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import parse_email
from tests.samples.dists import metadata_of, wheel
from tests.samples.vetting import reads

from weighmaster.extend.format import Format, Glance
from weighmaster.formats.core_metadata import FORMAT as CORE_METADATA
from weighmaster.formats.direct_url import FORMAT as DIRECT_URL
from weighmaster.formats.entry_points import FORMAT as ENTRY_POINTS
from weighmaster.formats.record import FORMAT as RECORD
from weighmaster.formats.wheel_info import FORMAT as WHEEL_INFO
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import Build, Direct, Distribution, EntryPoint, Installed
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.headers import headers
from weighmaster.reading.source import BytesSource

_INSTALLED: Final = sorted(importlib.metadata.distributions(), key=lambda dist: dist.name.lower())[:60]

_WITH_RECORD: Final = [dist for dist in _INSTALLED if dist.read_text("RECORD")]
_OFFERING: Final = [dist for dist in _INSTALLED if list(dist.entry_points)]


def told(format_: Format, data: bytes, name: str) -> list[object]:
    """Return what a format tells of bytes in a file of that name."""
    assert format_.matches(Glance(BytesSource(data)))
    return list(format_.read(Cursor(BytesSource(data), Budget()), Where.file(name)))


@pytest.mark.parametrize("dist", _INSTALLED, ids=lambda dist: dist.name)
def test_metadata_are_what_packaging_reads(dist: importlib.metadata.Distribution) -> None:
    text = dist.read_text("METADATA")
    assert text is not None
    (said,) = told(CORE_METADATA, text.encode(), "x.dist-info/METADATA")
    raw, _ = parse_email(text.encode())
    assert isinstance(said, Distribution)
    assert (said.name, said.version) == (raw["name"], raw["version"])
    assert said.summary == raw.get("summary", "")[:500]
    assert [each.replace("\n", "") for each in said.requires] == [
        each[:500].replace("\n", "") for each in raw.get("requires_dist", [])
    ]


@pytest.mark.parametrize("dist", _WITH_RECORD, ids=lambda dist: dist.name)
def test_records_are_what_csv_reads(dist: importlib.metadata.Distribution) -> None:
    text = dist.read_text("RECORD") or ""
    (said,) = told(RECORD, text.encode(), "x.dist-info/RECORD")
    assert isinstance(said, Installed)
    rows = list(csv.reader(io.StringIO(text)))
    assert list(said.paths) == [row[0] for row in rows]
    assert list(said.sizes) == [int(row[2]) if row[2] else -1 for row in rows]
    assert [bool(digest) for digest in said.sha256] == [row[1].startswith("sha256=") for row in rows]


@pytest.mark.parametrize("dist", _OFFERING, ids=lambda dist: dist.name)
def test_entry_points_are_what_importlib_reads(dist: importlib.metadata.Distribution) -> None:
    text = dist.read_text("entry_points.txt") or ""
    found = told(ENTRY_POINTS, text.encode(), "x.dist-info/entry_points.txt")
    expected = {(point.group, point.name, point.value) for point in dist.entry_points}
    assert {(each.group, each.name, each.target) for each in found if isinstance(each, EntryPoint)} == expected


def test_how_a_wheel_was_built() -> None:
    (said,) = told(
        WHEEL_INFO, b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n", "WHEEL"
    )
    assert isinstance(said, Build)
    assert said.pure
    assert said.tags == ("py2-none-any", "py3-none-any")


def test_a_digest_of_another_length_fits_nothing() -> None:
    (said,) = told(RECORD, b"a,sha256=AA,1\nb,sha512=AAAA,2\nc,,\n", "x.dist-info/RECORD")
    assert isinstance(said, Installed)
    assert said.sha256 == ("?", "", "")
    assert said.others == ("b",)


@pytest.mark.parametrize(
    ("data", "source", "revision"),
    [
        (b'{"url": "https://e.org/x.whl", "archive_info": {"hashes": {}}}', "archive", ""),
        (b'{"url": "https://e.org/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}', "vcs", "abc"),
        (b'{"url": "file:///x", "dir_info": {"editable": true}}', "editable", ""),
        (b'{"url": "file:///x", "dir_info": {}}', "path", ""),
    ],
)
def test_where_a_package_came_from(data: bytes, source: str, revision: str) -> None:
    (said,) = told(DIRECT_URL, data, "x.dist-info/direct_url.json")
    assert isinstance(said, Direct)
    assert (said.source, said.revision) == (source, revision)


def test_passwords_in_addresses_are_not_told() -> None:
    (said,) = told(DIRECT_URL, b'{"url": "https://u:secret@e.org/x", "archive_info": {}}', "direct_url.json")
    assert isinstance(said, Direct)
    assert said.target == "https://***@e.org/x"


def test_tables_and_settings_of_others_are_not_told() -> None:
    assert told(RECORD, b"a,,1\nb,,2\n", "table.csv") == []
    assert told(ENTRY_POINTS, b"[console_scripts]\nx = a:b\n", "settings.ini") == []
    assert not ENTRY_POINTS.matches(Glance(BytesSource(b"[section]\nkey = 1\n")))
    assert not CORE_METADATA.matches(Glance(BytesSource(b"The Metadata-Version: header is first.\n")))


def test_what_is_too_long_is_left() -> None:
    _, error = reads(CORE_METADATA, metadata_of("x", "1") + bytes(5 << 20))
    assert isinstance(error, OverBudgetError)


@given(st.text(alphabet="Aa-: \t\n\r\x00é", max_size=60))
def test_headers_are_read_whatever_stands_there(text: str) -> None:
    found, _ = headers(text.encode())
    assert all(values for values in found.values())
    assert all(name == name.lower() for name in found)


def test_a_record_fits_the_wheel_that_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "x-1.0-py3-none-any.whl"
    path.write_bytes(wheel("x", "1.0", {"x/a,b.py": "x = 1\n"}))
    import zipfile

    with zipfile.ZipFile(path) as archive:
        (said,) = told(RECORD, archive.read("x-1.0.dist-info/RECORD"), "x-1.0.dist-info/RECORD")
    assert isinstance(said, Installed)
    assert "x/a,b.py" in said.paths
