from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from weighmaster import shipped
from weighmaster.engine.dig import Excerpt, dig
from weighmaster.engine.scan import scan_file
from weighmaster.model.finding import Finding
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits

HOSTILE = b"cposix\nsystem\n(S'id'\ntR."


def _zip(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _dig(path: Path, where: str) -> Excerpt | None:
    return dig(str(path), Where.parse(where), shipped.registry(), Limits())


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    path = tmp_path / "outer.zip"
    path.write_bytes(_zip(other=b"text", inner=_zip(pickled=HOSTILE)))
    return path


def test_every_finding_leads_back_to_its_bytes(nested: Path) -> None:
    found = [
        item for item in scan_file(str(nested), "outer.zip", shipped.registry(), Limits()) if isinstance(item, Finding)
    ]
    assert found
    for finding in found:
        excerpt = dig(str(nested), finding.where, shipped.registry(), Limits())
        assert excerpt is not None
        assert excerpt.data
        assert excerpt.start <= excerpt.end


def test_a_member_of_a_member_is_reached(nested: Path) -> None:
    excerpt = _dig(nested, "outer.zip!inner!pickled@7-13")
    assert excerpt is not None
    assert (str(excerpt.within), excerpt.start, excerpt.end) == ("outer.zip!inner!pickled", 7, 13)
    assert excerpt.data[excerpt.start - excerpt.offset : excerpt.end - excerpt.offset] == b"system"


def test_a_span_of_a_span_counts_from_the_outer_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 4)
    excerpt = _dig(path, "a@600-700@10-12")
    assert excerpt is not None
    assert (excerpt.start, excerpt.end, excerpt.offset) == (610, 612, 592)
    assert excerpt.data[:1] == bytes([592 % 256])


def test_a_long_place_is_shown_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(10_000))
    excerpt = _dig(path, "a")
    assert excerpt is not None
    assert (len(excerpt.data), excerpt.end) == (256, 10_000)


@pytest.mark.parametrize("where", ["outer.zip!missing", "outer.zip!other!deeper", "outer.zip!inner!pickled!x"])
def test_a_place_that_is_not_there_has_no_bytes(nested: Path, where: str) -> None:
    assert _dig(nested, where) is None


def test_a_file_that_is_not_there_has_no_bytes(tmp_path: Path) -> None:
    assert _dig(tmp_path / "missing", "missing@1-2") is None


def test_a_span_beyond_the_end_has_none_either(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"short")
    excerpt = _dig(path, "a@100-200")
    assert excerpt is not None
    assert excerpt.data == b""
