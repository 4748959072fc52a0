"""A picture ends where its format says; what follows is read as what it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.harmless import harmless
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.vetting import inner_bytes, reads, verdict_on

from weighmaster.formats.image import FORMAT
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Metadata, Stray
from weighmaster.model.verdict import Outcome

PAYLOAD = program(proto(4), name("posix", "system"), text("true"), TUPLE1, REDUCE, STOP)
PICTURES = {n: data for n, data in harmless() if n.rsplit(".")[-1] in {"png", "jpeg", "gif", "webp", "bmp", "ico"}}
SOUND = b"RIFF" + (36 + 8).to_bytes(4, "little") + b"WAVEfmt " + bytes(36)


@pytest.mark.parametrize("name", PICTURES)
def test_the_end_of_a_picture_is_found_to_the_byte(name: str) -> None:
    data = PICTURES[name]
    assert not [read for read in reads(FORMAT, data)[0] if isinstance(read, Stray)]
    found, error = reads(FORMAT, data + PAYLOAD)
    assert error is None
    assert inner_bytes(found) == [PAYLOAD]


@pytest.mark.parametrize("name", [name for name in PICTURES if not name.endswith(("bmp", "ico"))])
def test_a_cut_off_picture_is_not_allowed(name: str) -> None:
    data = PICTURES[name]
    assert isinstance(reads(FORMAT, data[: len(data) * 2 // 3])[1], UnreadableError)


def test_a_sound_is_known() -> None:
    assert verdict_on(SOUND, "a.wav") is Outcome.ALLOW
    assert verdict_on(SOUND + PAYLOAD, "a.wav") is Outcome.BLOCK


def test_text_chunks_of_a_png_are_metadata() -> None:
    png = PICTURES["png_L.png"]
    body = b"Comment\0<script>alert(1)</script>"
    chunk = len(body).to_bytes(4, "big") + b"tEXt" + body + bytes(4)
    data = png[:33] + chunk + png[33:]
    assert [(r.key, r.text) for r in reads(FORMAT, data)[0] if isinstance(r, Metadata)] == [
        ("Comment", "<script>alert(1)</script>")
    ]
    assert verdict_on(data, "a.png") is Outcome.REVIEW


@settings(max_examples=300, deadline=None)
@given(
    picture=st.sampled_from(sorted(PICTURES)),
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_changed_picture_gives_facts_or_a_typed_error(picture: str, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(PICTURES[picture])
    for at, value in changes:
        changed[at % len(changed)] = value
    reads(FORMAT, bytes(changed))
