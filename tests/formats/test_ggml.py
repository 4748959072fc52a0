"""What stood before GGUF."""

from __future__ import annotations

import pytest
from tests.samples.vetting import reads, rules_on, verdict_on
from tests.samples.whole.gguf_and_templates import old

from weighmaster.formats.ggml import FORMAT
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Tensor


@pytest.mark.parametrize("data", old(), ids=["ggml", "ggmf", "ggjt", "ggla", "whisper"])
def test_a_file_of_each_kind_is_read_to_its_end(data: bytes) -> None:
    found, error = reads(FORMAT, data)
    assert error is None
    assert len([read for read in found if isinstance(read, Tensor)]) == 1
    assert verdict_on(data, "ggml-model.bin") == "allow"
    assert verdict_on(data, "model.ggml") == "allow"


@pytest.mark.parametrize("data", old(), ids=["ggml", "ggmf", "ggjt", "ggla", "whisper"])
def test_a_file_with_more_behind_it_is_not_let_through(data: bytes) -> None:
    assert isinstance(reads(FORMAT, data + b"more")[1], UnreadableError)
    assert verdict_on(data + b"more", "m.bin") == "review"


def test_a_pickle_that_only_begins_as_one_is_blocked() -> None:
    data = old()[0] + b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    assert verdict_on(data, "m.bin") != "allow"


def test_text_that_begins_like_one_is_no_ggml() -> None:
    assert "some-readers-refuse" not in rules_on(b"lmgg is an odd word, and this is a text of some length", "a.txt")
    assert verdict_on(b"lmgg is an odd word, and this is a text of some length", "a.txt") == "allow"
