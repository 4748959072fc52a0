"""A look at the words of a source first tells when its names need no look: never when one of them would be told of."""

from __future__ import annotations

import ast
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.knowledge.source.disguises import _imitated as imitated
from weighmaster.knowledge.source.disguises import disguises
from weighmaster.model.where import Where
from weighmaster.reading.python.triggers import may_hide, may_wait

PLACE = Where.file("a.py")
LETTERS = st.text(
    alphabet="aepx_1\u0430\u0435\u0440\u0445\u0391\u03bf\U0001d6a8\u0301\u00e9\ufb01\u4e00", min_size=1, max_size=6
)
SHAPES = st.sampled_from(["{} = 1", "a.{}", "def {}(): pass", "import {}", "f({}=1)", "'{}'", "# {}", "x;{}", "{}"])


@given(st.lists(st.tuples(SHAPES, LETTERS), min_size=1, max_size=5))
def test_names_that_imitate_are_told_of_as_a_walk_over_all_names_would(pieces: list[tuple[str, str]]) -> None:
    text = "\n".join(shape.format(name) for shape, name in pieces)
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    told = {use.detail for use in disguises(text, tree, PLACE) if use.name == "imitates-letters"}
    assert told == {detail for _, _, detail in imitated(tree)}


UNSEEN = ["\u00ad", "\u034f", "\u061c", "\u180e", "\u200b", "\u202e", "\u2060", "\ufeff", "\U000e0041"]


@pytest.mark.parametrize("letter", UNSEEN)
def test_letters_that_nobody_sees_are_seen_however_they_are_written(letter: str) -> None:
    number = ord(letter)
    written = [letter, f"\\U{number:08x}", f"\\U{number:08X}", "\\N{ZERO WIDTH SPACE}"]
    if number <= 0xFFFF:
        written += [f"\\u{number:04x}", f"\\u{number:04X}"]
    assert all(may_hide(f"x = '{each}'") for each in written)


@pytest.mark.parametrize("written", ["\\xad", "\\xAD", "\\255"])
def test_a_soft_hyphen_may_be_written_in_two_digits(written: str) -> None:
    assert codecs.decode(written, "unicode_escape") == "\u00ad"
    assert may_hide(f"if x == '{written}': pass")


@pytest.mark.parametrize("name", ["b.BIN'", 'b.pth"', "b.\u017fafetensor\u017f'", "b.h5'", "b.c\u212apt'"])
def test_weights_are_seen_in_letters_of_either_size(name: str) -> None:
    assert may_wait(f"if os.getenv('X') == 'y': name = '{name}")
    assert may_wait("if time.time() > 3: model.load_adapter(x)")
