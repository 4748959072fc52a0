"""Native programs are told by their headers, and reviewed."""

import sys

import pytest
from tests.samples.vetting import reads, rules_on, verdict_on

from weighmaster.extend.format import Glance
from weighmaster.formats.executable import FORMAT
from weighmaster.model.fact import Executable
from weighmaster.model.verdict import Outcome
from weighmaster.reading.source import BytesSource

PE = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(20)
HEADERS = {
    "ELF": b"\x7fELF\x02\x01\x01" + bytes(60),
    "PE": PE,
    "Mach-O": b"\xcf\xfa\xed\xfe\x07\0\0\1" + bytes(60),
    "Java class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60),
    "WebAssembly": b"\0asm\1\0\0\0",
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_program_is_known_and_reviewed(kind: str) -> None:
    assert [read.kind for read in reads(FORMAT, HEADERS[kind])[0] if isinstance(read, Executable)] == [kind]
    assert rules_on(HEADERS[kind], "libop.bin") == {"executable-inside"}
    assert verdict_on(HEADERS[kind], "libop.bin") is Outcome.REVIEW


def test_a_fat_binary_is_no_java_class() -> None:
    data = b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(60)
    assert [read.kind for read in reads(FORMAT, data)[0] if isinstance(read, Executable)] == ["Mach-O"]


@pytest.mark.parametrize(
    "data", [b"MZ", b"MZ are letters of a text, and there are many more of them to come here.", b"\x7fEL", b""]
)
def test_what_only_begins_alike_is_no_program(data: bytes) -> None:
    assert not FORMAT.matches(Glance(BytesSource(data)))


def test_the_interpreter_is_a_program() -> None:
    with open(sys.executable, "rb") as file:
        assert FORMAT.matches(Glance(BytesSource(file.read(4096))))
