"""Bytes that nobody knows are looked into, to a bound that is told."""

import os
import random
import time

import pytest
from tests.samples.pickles import EMPTY_DICT, POP, REDUCE, STOP, TUPLE1, code, name, program, proto, text
from tests.samples.vetting import reads, report_on, rules_on, verdict_on

from weighmaster.formats.embedded import FORMAT
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.verdict import Outcome

CALL = code(name("posix", "system"), text("true"), TUPLE1, REDUCE)
PAYLOADS = {
    "protocol 4": program(proto(4), CALL, STOP),
    "protocol 2": b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",
    "protocol 0": b"cposix\nsystem\n(S'true'\ntR.",
    "INST": b"(S'true'\niposix\nsystem\n.",
    "late call": program(proto(4), *[EMPTY_DICT, POP] * 5000, CALL, STOP),
    "cut off": program(proto(4), CALL),
}
HEADERS = {
    "64 random bytes": random.Random(1).randbytes(64),
    "zeros": bytes(512),
    "GGUF": b"GGUF\x03\0\0\0" + bytes(24),
    "a megabyte": random.Random(2).randbytes((1 << 20) - 3),
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("header", HEADERS)
def test_a_pickle_behind_an_unknown_header_is_found(header: str, payload: str) -> None:
    data = HEADERS[header] + PAYLOADS[payload]
    assert verdict_on(data, "model.bin") is Outcome.BLOCK
    assert verdict_on(data + bytes(100), "model.bin") is Outcome.BLOCK


def test_random_bytes_are_unknown_and_no_more() -> None:
    report = report_on(random.Random(3).randbytes(4 << 20))
    assert [gap.reason for gap in report.gaps] == [GapReason.UNKNOWN_FORMAT]
    assert len(report.artifacts) == 1


def test_a_program_inside_unknown_bytes_is_found() -> None:
    with open("/bin/sh", "rb") as file:
        program_file = file.read(4096)
    assert "executable-inside" in rules_on(bytes(100) + program_file)


def test_more_places_than_are_handed_on_are_a_gap() -> None:
    found, error = reads(FORMAT, bytes(8) + (PAYLOADS["protocol 4"] + bytes(8)) * 100)
    assert error is None
    assert [read.reason for read in found if isinstance(read, Gap)] == [GapReason.OVER_BUDGET]


@pytest.mark.parametrize("needle", [b"\x80\x04", b"ca\nb\n", b"PK\x03\x04", b"MZ", b"\xfd7zXZ\0", b"((((ia\nb\n"])
def test_bytes_made_to_waste_time_do_not(needle: bytes) -> None:
    start = time.process_time()
    _, error = reads(FORMAT, b"\0" + needle * (3_000_000 // len(needle)))
    assert time.process_time() - start < 30
    assert error is None or isinstance(error, OverBudgetError)


@pytest.mark.parametrize(
    "needle", [b"\xfd7zXZ\0abc", b"\x1f\x8b\x08\0abc", b"PK\x05\x06" + bytes(18), b"7z\xbc\xaf\x27\x1cab"]
)
def test_places_inside_places_do_not_multiply(needle: bytes) -> None:
    start = time.process_time()
    assert verdict_on(b"\0" + (needle + os.urandom(8)) * 40) is not Outcome.ALLOW
    assert time.process_time() - start < 20
