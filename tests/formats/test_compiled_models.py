"""Engines, RKNN models and llamafiles: what is said of machine code."""

from __future__ import annotations

import struct

import pytest
from tests.samples.ggufs import TEXT, gguf_of
from tests.samples.vetting import reads, report_on, rules_on, verdict_on
from tests.samples.whole.gguf_and_templates import engine, llamafile, noted_engine, rknn

from weighmaster.formats import rknn as rknn_format
from weighmaster.formats import tensorrt
from weighmaster.model.errors import EncryptedError, UnreadableError
from weighmaster.model.fact import Engine, Executable, Metadata, Tensor

_HOST = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(44)


@pytest.mark.parametrize("data", [engine(), noted_engine(), b"ptrt" + bytes(60)])
def test_an_engine_is_for_a_person_to_look_at(data: bytes) -> None:
    assert rules_on(data, "model.engine") == {"compiled-model"}
    assert verdict_on(data, "model.plan") == "review"


def test_notes_in_front_of_an_engine_are_told() -> None:
    found, _ = reads(tensorrt.FORMAT, noted_engine())
    assert {read.key for read in found if isinstance(read, Metadata)} == {"description", "task"}
    assert [read for read in found if isinstance(read, Engine)]


def test_a_library_inside_an_engine_is_told_and_code_for_the_gpu_is_not() -> None:
    assert not [read for read in reads(tensorrt.FORMAT, engine())[0] if isinstance(read, Executable)]
    assert [read for read in reads(tensorrt.FORMAT, engine() + _HOST)[0] if isinstance(read, Executable)]
    assert "executable-inside" in rules_on(engine() + _HOST, "m.engine")


def test_an_rknn_model_is_read_around_its_code() -> None:
    found, error = reads(rknn_format.FORMAT, rknn())
    assert error is None
    assert [read.name for read in found if isinstance(read, Tensor)] == ["in"]
    assert rules_on(rknn(), "m.rknn") == {"compiled-model"}


def test_broken_and_encrypted_rknn_models_say_so() -> None:
    assert isinstance(reads(rknn_format.FORMAT, rknn()[:40])[1], UnreadableError)
    assert isinstance(
        reads(rknn_format.FORMAT, b"RKNN" + bytes(4) + struct.pack("<2Q", 6, 1 << 63))[1], UnreadableError
    )
    assert isinstance(reads(rknn_format.FORMAT, b"CYPTRKNN" + bytes(40))[1], EncryptedError)
    assert isinstance(reads(rknn_format.FORMAT, rknn()[:-3] + b"]]]")[1], UnreadableError)
    assert verdict_on(rknn() + b"\x01more of it, in the open", "m.rknn") != "allow"


def test_a_llamafile_is_called_what_it_is_and_its_model_is_read() -> None:
    report = report_on(llamafile(), "model.llamafile")
    assert "llamafile" in report.artifacts[0].formats
    assert any("gguf" in artifact.formats for artifact in report.artifacts)
    assert {finding.rule.id for finding in report.findings} >= {"executable-inside"}
    assert "polyglot" not in {finding.rule.id for finding in report.findings}
    assert verdict_on(llamafile(), "model.llamafile") == "review"


def test_a_hostile_template_inside_a_llamafile_is_blocked() -> None:
    import io
    import zipfile

    stream = io.BytesIO(llamafile())
    with zipfile.ZipFile(stream, "a") as archive:
        text = "{{ lipsum.__globals__ }}"
        archive.writestr("second.gguf", gguf_of([("tokenizer.chat_template", TEXT, text)]))
    assert verdict_on(stream.getvalue(), "model.llamafile") == "block"


def test_a_program_with_another_zip_behind_it_is_no_llamafile() -> None:
    import io
    import zipfile

    stream = io.BytesIO()
    stream.write(_HOST)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("data.txt", "words")
    assert "llamafile" not in report_on(stream.getvalue(), "setup").artifacts[0].formats
