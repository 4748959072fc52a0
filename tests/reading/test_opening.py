"""Words are looked for in each word of a text once; what is found is what looking through all of it finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.extend.format import Glance
from weighmaster.formats.yaml import FORMAT as YAML
from weighmaster.knowledge.names.likeness import skeleton, skeletons
from weighmaster.reading.blobs import _BEGIN, _BEGINS, _BEGINS_WORD, _ESCAPED, _ESCAPED_MARKS, _ESCAPED_RUN
from weighmaster.reading.opening import holds, words
from weighmaster.reading.source import BytesSource

_PIECES = st.sampled_from([b"hf", b"_", b" ", b'"', b",", b"'", b"\n", b"://", b"x", b"()", b":", b"\xff\xfe", b"\0"])
_TEXTS = st.lists(_PIECES, max_size=40).map(b"".join)
_MARKS = st.lists(st.lists(_PIECES, min_size=1, max_size=4).map(b"".join).filter(lambda x: x.strip(b"\"', \n")))


@given(begin=_TEXTS, filled=st.integers(0, 3), marks=_MARKS)
def test_a_word_is_found_where_it_stands(begin: bytes, filled: int, marks: list[bytes]) -> None:
    text = begin + b" lorem ipsum" * 40 * filled + begin[::-1]
    assert holds(BytesSource(text), text, tuple(marks)) == any(mark in text for mark in marks)


def test_text_of_two_bytes_a_character_is_looked_through_as_what_it_says() -> None:
    said = "\u4e16" * 4000 + "\n--- {_target_: os.system, _args_: [ls]}\n"
    assert YAML.matches(Glance(BytesSource(b"\xff\xfe" + said.encode("utf-16-le"))))


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz01|.-_\u0441", min_size=1)))
def test_words_are_drawn_together_as_alone(words: list[str]) -> None:
    assert skeletons(words) == [skeleton(word) for word in words]


def test_what_begins_as_an_artifact_does_is_looked_for_in_each_of_its_forms() -> None:
    assert all(_BEGINS.fullmatch(begin) for begin in _BEGIN)
    assert all(_BEGINS_WORD.fullmatch(begin[1:]) for begin in _BEGIN)


@pytest.mark.parametrize("begun", ["", " ", "[", "(b", "x = ", ",", "\n"])
@pytest.mark.parametrize("begin", _BEGIN)
def test_how_an_artifact_begins_stands_among_the_words_of_a_text(begun: str, begin: bytes) -> None:
    text = begun.encode() + begin + b"AA" + b" lorem ipsum" * 200
    assert _BEGINS_WORD.search(words(BytesSource(text)))
    text = b" lorem ipsum" * 200 + text
    assert _BEGINS_WORD.search(words(BytesSource(text)))


@given(st.from_regex(_ESCAPED.pattern))
def test_what_a_literal_may_begin_with_is_looked_for(text: bytes) -> None:
    assert any(mark in text for mark in _ESCAPED_MARKS) or _ESCAPED_RUN.search(text)
