"""Names that lie, files that are two things, and text that acts."""

# ruff: noqa: RUF001 - other languages are the point

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.vetting import rules_on, verdict_on

from weighmaster.detectors.on_artifact.deceptive_name import DETECTOR as DECEPTIVE_NAME
from weighmaster.detectors.on_artifact.name_lies import DETECTOR as NAME_LIES
from weighmaster.detectors.on_artifact.polyglot import DETECTOR as POLYGLOT
from weighmaster.detectors.on_metadata.unsafe_metadata import DETECTOR as UNSAFE_METADATA
from weighmaster.detectors.on_repository.archive_carries_script import DETECTOR as ARCHIVE_CARRIES_SCRIPT
from weighmaster.model.fact import Artifact, Metadata, Script
from weighmaster.model.repository import Repository
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Member, Where

PICKLE = program(proto(4), name("posix", "system"), text("true"), TUPLE1, REDUCE, STOP)
PLACE = Where.file("model.bin")


def whole(script: Script) -> Repository:
    return Repository(where=PLACE, folder=False, artifacts=(), facts=(script,))


def artifact(name: str, *formats: str) -> Artifact:
    return Artifact(where=Where.file(name), size=1, sha256="0" * 64, formats=formats)


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "model.ONNX",
        "config.json",
        "a.npy",
        "weights.h5",
        "m.gguf",
        "vocab.txt",
        "logo.jpg",
        "a.b.png",
    ],
)
@pytest.mark.parametrize("format_", ["pickle", "zip", "gzip", "executable"])
def test_a_name_that_promises_data_and_bytes_that_can_run_code_are_told(name: str, format_: str) -> None:
    assert list(NAME_LIES.detect(artifact(name, format_)))


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("model.bin", ["pickle"]),
        ("model.pt", ["zip"]),
        ("a", ["pickle"]),
        ("x.tar", ["pickle"]),
        (".json", ["text"]),
        ("a.npy", ["npy"]),
        ("config.json", ["json", "text"]),
        ("vocab.txt", ["text", "pickle"]),
        ("a.jpg", ["image"]),
        ("a.json", []),
        ("a.json", ["empty"]),
        ("photo.jpg", ["text"]),
        ("model.safetensors", ["safetensors"]),
    ],
)
def test_other_names_promise_nothing_or_hold_it(name: str, formats: list[str]) -> None:
    assert not list(NAME_LIES.detect(artifact(name, *formats)))


@pytest.mark.parametrize("name", ["model.safetensors", "a.onnx", "a.json", "a.npy", "a.h5", "a.gguf"])
def test_a_pickle_under_any_name_is_blocked_and_its_name_is_told(name: str) -> None:
    assert verdict_on(PICKLE, name) is Outcome.BLOCK
    assert "name-lies" in rules_on(PICKLE, name)


def test_the_name_of_a_member_counts_and_that_of_a_span_does_not() -> None:
    member = Artifact(where=PLACE / Member(name="x.json"), size=1, sha256="0", formats=("pickle",))
    span = Artifact(where=Where.file("x.json").span(3, 4), size=1, sha256="0", formats=("pickle",))
    assert list(NAME_LIES.detect(member))
    assert not list(NAME_LIES.detect(span))


@pytest.mark.parametrize(
    "name",
    [
        "model\u202egnp.exe",
        "model\u200b.pt",
        "m\u043edel.pt",
        "mode\u04cf.pt",
        "a\tb.pt",
        "a\x1b[2J.pt",
        "model.txt     .pkl",
        "model.pt ",
        "\u0430lpha.bin",
        "folder/\u2066x.pt",
    ],
)
def test_a_name_that_shows_something_else_is_told(name: str) -> None:
    (finding,) = DECEPTIVE_NAME.detect(artifact(name))
    assert finding.message.isascii()


@pytest.mark.parametrize(
    "name",
    [
        "model.pt",
        "модель.pt",
        "μοντέλο.bin",
        "模型.bin",
        "نموذج.bin",
        "my model (1).pt",
        "modèle.pt",
        "σ_reparam.pt",
        "β1.json",
        "👩🏽‍💻.txt",
    ],
)
def test_a_name_in_any_language_is_no_deceit(name: str) -> None:
    assert not list(DECEPTIVE_NAME.detect(artifact(name)))


@given(st.text(max_size=40))
def test_any_name_can_be_told(name: str) -> None:
    for finding in DECEPTIVE_NAME.detect(artifact(name)):
        assert finding.message.isprintable()


@pytest.mark.parametrize(
    "formats",
    [
        ("pickle", "zip"),
        ("image", "zip"),
        ("pickle", "safetensors"),
        ("torch-legacy", "torch-zip", "zip"),
        ("executable", "zip"),
    ],
)
def test_a_file_that_is_two_things_is_told(formats: tuple[str, ...]) -> None:
    assert list(POLYGLOT.detect(artifact("a.bin", *formats)))


@pytest.mark.parametrize(
    "formats",
    [(), ("zip", "torch-zip", "torchscript"), ("text", "json"), ("text", "pickle"), ("pickle",), ("tar", "torch-tar")],
)
def test_layers_of_one_reading_are_no_polyglot(formats: tuple[str, ...]) -> None:
    assert not list(POLYGLOT.detect(artifact("a.bin", *formats)))


@pytest.mark.parametrize(
    "text_",
    [
        "<script>alert(1)</script>",
        "<ScRiPt src=//x>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:x'>",
        "<iframe src=x>",
        '<a href = "data:text/html,x">',
        "\x1b[2J",
        "a\x00b",
        "<svg/onload=x>",
        "<svg onload=x>",
    ],
)
def test_metadata_that_acts_is_told(text_: str) -> None:
    assert list(UNSAFE_METADATA.detect(Metadata(where=PLACE, key="k", text=text_)))
    assert list(UNSAFE_METADATA.detect(Metadata(where=PLACE, key=text_, text="v")))


@pytest.mark.parametrize(
    "text_",
    [
        "pt",
        '{"a": "<b>bold</b>"}',
        "a < b and c > d",
        "line\r\n\tline",
        "on = 3",
        "<|im_start|> only = 1",
        "déjà vu 😀",
        "x" * 10**6,
    ],
)
def test_other_metadata_is_left_alone(text_: str) -> None:
    assert not list(UNSAFE_METADATA.detect(Metadata(where=PLACE, key="k", text=text_)))


@pytest.mark.parametrize(
    ("member", "language", "told"),
    [
        ("handler.py", "python", True),
        ("pkg/module.py", "python", True),
        ("run.sh", "bash", True),
        ("a.html", "html", False),
        ("archive/code/__torch__/net.py", "python", False),
        ("code/__torch__.py", "python", False),
        ("x/mycode/__torch__/a.py", "python", True),
    ],
)
def test_source_inside_an_archive_is_told_but_not_that_of_torchscript(
    member: str, language: str, *, told: bool
) -> None:
    script = Script(where=PLACE / Member(name=member), language=language, excerpt="import os")
    assert bool(list(ARCHIVE_CARRIES_SCRIPT.detect(whole(script)))) is told
    assert not list(ARCHIVE_CARRIES_SCRIPT.detect(whole(Script(where=PLACE, language=language, excerpt="x"))))
