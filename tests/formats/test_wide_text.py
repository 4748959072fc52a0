"""Text in UTF-16 and UTF-32 says what it says in UTF-8."""

from __future__ import annotations

import json
from typing import Final

import pytest
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on

from weighmaster.extend.format import Glance
from weighmaster.formats.wide_text import FORMAT
from weighmaster.model.report import GapReason
from weighmaster.reading.source import BytesSource

ENCODINGS: Final = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
HOSTILE: Final = json.dumps({"chat_template": "{{ cycler.__init__.__globals__.os.getcwd() }}"})


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_read_whatever_its_encoding(encoding: str) -> None:
    for text in (HOSTILE, f" \n{HOSTILE}", f"[{HOSTILE}]"):
        assert "template-escapes" in rules_on(text.encode(encoding), "tokenizer_config.json")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_ordinary_json_raises_no_alarm_whatever_its_encoding(encoding: str) -> None:
    data = json.dumps({"a": "world, 世界"}, ensure_ascii=False).encode(encoding)
    report = report_on(data, "x.json")
    assert not report.findings
    # Whether such bytes are text alone only a byte order mark in UTF-16 says: else what may hide in them is looked for.
    known = data[:2] in {b"\xff\xfe", b"\xfe\xff"} and data[2:4] != b"\0\0"
    assert [gap.reason for gap in report.gaps] == ([] if known else [GapReason.UNKNOWN_FORMAT])


def test_the_text_is_handed_on_in_utf_8() -> None:
    found, error = reads(FORMAT, "a: é".encode("utf-16"))
    assert error is None
    assert inner_bytes(found) == ["a: é".encode()]


def test_other_bytes_that_begin_so_are_no_text() -> None:
    for data in (
        b"\xff\xfe",
        b"\xff\xfe" + bytes(range(256)) * 4,
        b"{\0" + b"\xff" * 40,
        b"{\0\0",
        "{".encode("utf-16-le")[:1],
    ):
        assert not FORMAT.matches(Glance(BytesSource(data)))
