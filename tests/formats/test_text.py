"""Text is text to its last byte, and says whether it is source code."""

import base64
import json
import pickle
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster.extend.format import Glance
from weighmaster.formats.text import FORMAT
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Script
from weighmaster.model.verdict import Outcome
from weighmaster.reading.source import BytesSource

PAYLOAD = program(proto(4), name("posix", "system"), text("true"), TUPLE1, REDUCE, STOP)
GLOBAL = b"cposix\nsystem\n(S'true'\ntR."
INST = b"(S'true'\niposix\nsystem\n."


def languages(source: str | bytes) -> list[str]:
    data = source.encode() if isinstance(source, str) else source
    assert FORMAT.matches(Glance(BytesSource(data)))
    found, error = reads(FORMAT, data)
    assert error is None
    return [read.language for read in found if isinstance(read, Script)]


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("import os\n", "python"),
        ("x = 1\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    pass\n", "python"),
        ("__import__('os').system('true')", "python"),
        ("# a comment\n\nprint('x')\n", "python"),
        ("print 'of Python 2'\nimport os\nimport sys\n", "python"),
        ("#!/bin/sh\ntrue\n", "sh"),
        ("#!/usr/bin/env python3\npass\n", "python"),
        ("#!/usr/bin/env -S bash -e\ntrue\n", "bash"),
        ("@echo off\r\ndir\r\n", "batch"),
        ("<html><body><script>alert(1)</script></body></html>", "html"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "html"),
        ("<?php echo 1; ?>", "php"),
        ("\ufeffimport os\n", "python"),
    ],
)
def test_source_code_is_known_by_its_content(source: str, language: str) -> None:
    assert languages(source) == [language]


@pytest.mark.parametrize(
    "source",
    [
        "hello",
        "a, b, c\n",
        "1\n2\n",
        "key = 'value'\n",
        '{"a": [1, 2]}',
        "Import this model into your program.\n",
        "class\nimport\ndef\n",
        "# Title\n\n```python\nimport os\n```\nSee above. It is short.\n",
        "numpy==1.26\ntorch>=2\n",
        "the (first) line.\nthe second.\n",
        "a: 1\nb: [2, 3]\n",
        "\n\n",
        "f(x) is a function of x\n",
    ],
)
def test_what_does_nothing_is_no_source_code(source: str) -> None:
    assert languages(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import a\na" + ".b" * 9000,
        "import a\n" + "a+" * 9000 + "a",
        "import a\n" + "(" * 9000,
        "import a\n" + "-" * 9000 + "1",
        "import a\n" + "\n".join(" " * i + "if a:" for i in range(200)),
        "f" + "()" * 9000,
        "f(1)" + "[0]" * 6000,
        "import a\n" + "lambda:" * 2000 + "a",
        "x(" + "'a'\n" * 60_000,
    ],
    ids=range(9),
)
def test_source_that_would_exhaust_a_parser_is_survived(source: str) -> None:
    languages(source)


@pytest.mark.parametrize("before", [10, 4090, 5000, 1 << 20, (1 << 20) - 3])
def test_text_with_a_binary_tail_hides_nothing(before: int) -> None:
    data = b"a line of text, \xc3\xa9.\n" * (before // 20 + 1)
    assert verdict_on(data + PAYLOAD, "a.txt") is Outcome.BLOCK
    assert verdict_on(data + b"\0\1\2\3" * 40 + PAYLOAD + b"\n" + data, "a.txt") is Outcome.BLOCK


def test_the_binary_part_in_the_middle_is_an_artifact_of_its_own() -> None:
    data = b"text\n" * 2000 + PAYLOAD + b"text\n" * 20_000
    found, error = reads(FORMAT, data)
    assert isinstance(error, UnreadableError)
    (rest,) = inner_bytes(found)
    assert rest.endswith(b"text\n")
    assert verdict_on(data, "a.txt") is Outcome.BLOCK


@pytest.mark.parametrize("payload", [GLOBAL, INST])
@pytest.mark.parametrize(
    "header",
    [b"# my own header, of 64 bytes\n" * 2, b"\xff\xfe" + b"a\0b\0" * 8, b"\xe9t\xe9 \n" * 9, b"x" * (1 << 20)],
)
def test_a_pickle_of_protocol_0_behind_a_text_header_is_found(payload: bytes, header: bytes) -> None:
    assert verdict_on(header + payload, "model.dat") is Outcome.BLOCK


def test_many_such_pickles_do_not_multiply() -> None:
    assert verdict_on(b"x\n" + (GLOBAL + b"\n") * 300, "a.txt") is Outcome.BLOCK


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1", "cp1252", "utf-8"])
def test_encodings_of_text_are_known(encoding: str) -> None:
    assert verdict_on("Grüße an alle, déjà vu.\r\n".encode(encoding) * 400, "a.txt") is Outcome.ALLOW


@pytest.mark.parametrize("size", [4093, 4094, 4095, 4096, 4097, (1 << 20) - 1, (1 << 20) + 1])
def test_a_character_may_cross_any_border(size: int) -> None:
    assert verdict_on(b"a" * size + "€😀é".encode() * 50, "a.txt") is Outcome.ALLOW


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_no_text_is_blocked_and_all_of_it_is_known(content: str) -> None:
    report = report_on(content.encode(), "a.txt")
    assert report.artifacts[0].formats
    assert not report.gaps


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_with_control_characters_are_no_text(data: bytes) -> None:
    if any(byte < 0x20 and byte not in b"\t\n\f\r\x08\x1b" for byte in data) and data[:2] not in {
        b"\xff\xfe",
        b"\xfe\xff",
    }:
        assert not FORMAT.matches(Glance(BytesSource(data)))


@pytest.mark.parametrize("lead", [0, 4095, (64 << 10) + 4090, (1 << 20) - 1, 1 << 20])
@pytest.mark.parametrize("piece", [b"\x1b[32mINFO\x1b[0m loss 0.5\r\n", b"1/9 [>...]" + b"\x08" * 10 + b"2/9 [=>..]\n"])
def test_what_a_terminal_was_told_is_text(lead: int, piece: bytes) -> None:
    assert verdict_on(b"a" * lead + piece * 9, "train.log") is Outcome.ALLOW


@pytest.mark.parametrize("piece", [b"\x1bc", b"a\x08b", b"\x8c\x08builtins", b"a\0", b"\x1b\x1b[0m", b"a\x07"])
def test_other_control_characters_are_none_of_it(piece: bytes) -> None:
    for data in (b"log\n" + piece + b"\n", b"a" * 200_000 + piece + b"a" * 200_000):
        assert verdict_on(data, "train.log") is not Outcome.ALLOW


_LINE: Final = b"const f = (a) => { return a };\n"


_IMPORTS: Final = b"import{" + b",".join(b"$%d as a%d" % (n, n) for n in range(400)) + b'}from"./a.js";\n'


@pytest.mark.parametrize("imports", [b"", _IMPORTS])
@pytest.mark.parametrize("at", [1000, 300_000, 599_000])
def test_a_bundle_may_have_a_control_character_in_a_literal_wherever_it_stands(at: int, imports: bytes) -> None:
    data = imports + _LINE * 20_000
    literal = b"t=t.replace(/@@/g,`\x01`);\n"
    for most, outcome in ((1, Outcome.ALLOW), (200, Outcome.REVIEW)):
        assert verdict_on(data[:at] + literal * most + data[at:], "assets/editor.js") is outcome
    for other in (b"\0", b"\x80\x02}q\x01."):
        assert verdict_on(data[:at] + other + data[at:], "assets/editor.js") is not Outcome.ALLOW


@pytest.mark.parametrize("at", [0, 300, 599_000, 620_000])
def test_what_acts_in_such_a_bundle_is_found(at: int) -> None:
    data = _LINE * 20_000 + b"`\x01`\n"
    for pickled in (GLOBAL, PAYLOAD):
        assert verdict_on(data[:at] + pickled + data[at:], "assets/editor.js") is not Outcome.ALLOW


def test_a_script_beside_a_model_is_told_and_allowed() -> None:
    assert rules_on(b"import os\nprint(os.name)\n", "train.py") == {"carries-script"}
    assert verdict_on(b"import os\nprint(os.name)\n", "train.py") is Outcome.ALLOW


@pytest.mark.parametrize("words", ["cat\ndog\nimport\nos\nsystem\n" * 50, "code\nsystem\nopen\n", "import\nos\n"])
def test_a_list_of_words_is_no_pickle_of_a_module_that_nobody_has(words: str) -> None:
    assert verdict_on(words.encode(), "vocab.txt") is Outcome.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        b"cs.CL\ncs.LG\ncs.AI\n",
        b"cs.AI\ncs.CL\nmath.CO\nstat.ML\n",
        b"com.example.Foo\ncom.example.Bar\ncom.example.Baz\n",
    ],
)
def test_dotted_words_below_each_other_are_no_import(text: bytes) -> None:
    assert verdict_on(text, "labels.txt") is Outcome.ALLOW
    assert verdict_on(text + b"(S'true'\nRcos\nsystem\n(S'true'\ntR.", "labels.txt") is not Outcome.ALLOW


@pytest.mark.parametrize(
    "text", [b"cos\nsystem\n", b"cshutil\nrmtree\n", b"cx.y\nz.w\n(tR.", b"cshutil\nos.system\n(S'a'\ntR."]
)
def test_an_import_that_could_be_one_is(text: bytes) -> None:
    assert verdict_on(text, "labels.txt") is not Outcome.ALLOW


@pytest.mark.parametrize(
    "text",
    [
        '{"policy": {":serialized:": "%s"}}',
        "weights: !!binary |\n  %s\n",
        "name,object\nfirst,%s\n",
        "# A page\n\n```\n%s\n```\n",
        '{"object": "data:application/octet-stream;base64,%s"}',
    ],
)
def test_a_pickle_in_base64_is_found_wherever_it_stands_in_a_text(text: str) -> None:
    for encoded in (base64.b64encode(PAYLOAD), base64.urlsafe_b64encode(PAYLOAD)):
        assert "dangerous-import" in rules_on((text % encoded.decode()).encode(), "file")


def test_a_pickle_in_lines_of_base64_inside_a_text_of_json_is_found() -> None:
    lines = base64.encodebytes(PAYLOAD * 3).decode()
    assert "dangerous-import" in rules_on(json.dumps({"object": lines}).encode(), "file.json")


def test_words_and_harmless_pickles_in_base64_are_no_finding() -> None:
    harmless = base64.b64encode(pickle.dumps({"a": [1, 2, 3], "b": "x" * 100})).decode()
    for said in (json.dumps({"object": harmless}), "gAAAAABl" + "Ab3_" * 50, "gAJabcdefghijklmnopqrstuvwxyz " * 5):
        assert verdict_on(said.encode(), "file") == Outcome.ALLOW


def test_json_is_no_program_and_what_calls_without_a_name_is() -> None:
    assert languages('["".__class__.__mro__[1].__subclasses__()[9]("id")]\n') == ["python"]
    assert languages('[f"{exec(input())}"]\n') == ["python"]
    assert languages('{"a": "import os", "b": [1e5, true, null, "exec(1)"]}\n') == []
    assert languages('{"a": "def f(): pass"}\n{"b": "x()"}\n') == []
