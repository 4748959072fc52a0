"""What packages carry beside code is followed to its end: fonts, time zones, libraries, encrypted files."""

from __future__ import annotations

import random
import zoneinfo
from importlib.resources import files
from pathlib import Path

import pytest
from tests.samples.packages.blobs import PAYLOAD
from tests.samples.vetting import report_on, rules_on, verdict_on
from tests.samples.whole.blobs import ar, collection, descriptor, font, sound, tzif, woff

from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome

WHOLE = {"tzif": tzif(), "font": font(), "collection": collection(), "woff": woff(), "ar": ar({"a.txt": b"abc"})}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_one_is_allowed(kind: str) -> None:
    report = report_on(WHOLE[kind])
    assert not report.findings
    assert not report.gaps


@pytest.mark.parametrize("kind", [*WHOLE, "sound"])
def test_a_pickle_behind_its_end_is_found(kind: str) -> None:
    data = (WHOLE | {"sound": sound()})[kind]
    assert verdict_on(data + b"\n" * (len(data) % 2) + PAYLOAD) is Outcome.BLOCK


@pytest.mark.parametrize("kind", ["tzif", "font", "woff"])
def test_one_that_is_cut_off_is_not_allowed(kind: str) -> None:
    assert verdict_on(WHOLE[kind][:-12]) is not Outcome.ALLOW


def test_a_pickle_between_the_tables_of_a_font_is_found() -> None:
    data = bytearray(font())
    # The second table moves back by the length of the payload.
    at = int.from_bytes(data[12 + 16 + 8 : 12 + 16 + 12], "big")
    data[12 + 16 + 8 : 12 + 16 + 12] = (at + len(PAYLOAD)).to_bytes(4, "big")
    data[at:at] = PAYLOAD
    assert verdict_on(bytes(data)) is Outcome.BLOCK


def test_a_pickle_in_a_static_library_is_found() -> None:
    assert verdict_on(ar({"weights.pkl": PAYLOAD}), "libx.a") is Outcome.BLOCK


def test_time_zones_of_the_system_are_read_to_their_ends() -> None:
    folders = [Path(folder) for folder in zoneinfo.TZPATH if Path(folder, "Europe").is_dir()]
    for folder in folders[:1]:
        for path in sorted(folder.glob("Europe/*"))[:40]:
            assert verdict_on(path.read_bytes(), path.name) is Outcome.ALLOW, path


def test_fonts_of_matplotlib_are_read_to_their_ends() -> None:
    pytest.importorskip("matplotlib")
    fonts = files("matplotlib") / "mpl-data" / "fonts" / "ttf"
    for path in [path for path in fonts.iterdir() if path.name.endswith(".ttf")][:12]:
        assert verdict_on(path.read_bytes(), path.name) is Outcome.ALLOW, path.name


def test_a_description_of_messages_is_no_graph() -> None:
    assert report_on(descriptor(), "a.proto.bin").artifacts[0].formats == ("protobuf-descriptor",)


@pytest.mark.parametrize(
    "begin", [b"Salted__", b"age-encryption.org/v1\n", b"$ANSIBLE_VAULT;1.1;AES256\n", b"AES\x02\0"]
)
def test_an_encrypted_file_says_so(begin: bytes) -> None:
    report = report_on(begin + random.Random(1).randbytes(5000), "weights.bin")
    assert GapReason.ENCRYPTED in {gap.reason for gap in report.gaps}
    assert "encrypted-data" in {finding.rule.id for finding in report.findings}


def test_random_bytes_are_said_to_be_like_encrypted_ones_and_numbers_are_not() -> None:
    assert rules_on(random.Random(2).randbytes(70_000)) == {"encrypted-data"}
    steps = b"".join(number.to_bytes(4, "little") for number in range(1 << 14))
    assert rules_on(b"\x01\x02" + steps) == set()
