"""TorchServe archives: the handler that the server imports."""

from __future__ import annotations

import json

import pytest
from tests.samples.vetting import reads, rules_on, verdict_on
from tests.samples.zips import member, zip_of

from weighmaster.formats.torchserve import FORMAT
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Reference


def _mar(model: object, path: str = "MAR-INF/MANIFEST.json") -> bytes:
    return zip_of([member(path, json.dumps({"model": model}).encode()), member("m.pt", b"\x80\x02}.")])


def test_the_servers_own_handlers_are_let_through() -> None:
    for handler in ("image_classifier", "text_classifier", "object_detector", "image_segmenter"):
        assert verdict_on(_mar({"handler": handler, "serializedFile": "m.pt"}), "m.mar") == "allow"


@pytest.mark.parametrize("handler", ["h.py", "h.py:run", "handler", "folder/h.py"])
def test_a_handler_of_the_archive_wants_a_look(handler: str) -> None:
    assert "imports-own-code" in rules_on(_mar({"handler": handler}), "m.mar")
    assert verdict_on(_mar({"handler": handler}), "m.mar") == "review"


def test_a_function_of_pythons_is_judged() -> None:
    assert verdict_on(_mar({"handler": "os:system"}), "m.mar") == "block"
    assert verdict_on(_mar({"handler": "mine:handle"}), "m.mar") == "review"


def test_a_model_file_is_code_and_weights_are_not() -> None:
    found, _ = reads(FORMAT, _mar({"handler": "image_classifier", "modelFile": "model.py", "serializedFile": "m.pt"}))
    assert {(read.kind, read.target) for read in found if isinstance(read, Reference)} == {
        ("code", "model.py"),
        ("weights", "m.pt"),
    }


def test_a_file_outside_is_blocked() -> None:
    assert verdict_on(_mar({"handler": "../../h.py"}), "m.mar") == "block"
    assert verdict_on(_mar({"handler": "image_classifier", "serializedFile": "/etc/m.pt"}), "m.mar") == "block"


def test_the_name_of_the_manifest_may_be_spelled_otherwise() -> None:
    for path in ("MAR-INF\\MANIFEST.json", "./MAR-INF/MANIFEST.json", "mar-inf/manifest.JSON"):
        assert "imports-own-code" in rules_on(_mar({"handler": "h.py"}, path), "m.mar")


def test_a_manifest_that_cannot_be_read_is_told() -> None:
    for data in (b"{", b"[]", b'{"model": 1}'):
        _, error = reads(FORMAT, zip_of([member("MAR-INF/MANIFEST.json", data)]))
        assert isinstance(error, UnreadableError)
