"""What every reader owes, whatever the bytes: only facts, or a typed error."""

import zlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.archives import seven_zip_of
from tools.fuzz import containers, damage

from weighmaster import formats, shipped
from weighmaster.extend.format import Format, Glance, Inner
from weighmaster.extend.registry import Shelf
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import BytesSource

FORMATS = list(shipped.registry().formats.values())


@pytest.mark.parametrize("format_", FORMATS, ids=lambda f: f.id)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_give_facts_or_a_typed_error(format_: Format, data: bytes) -> None:
    cursor = Cursor(BytesSource(data), Budget())
    assert format_.matches(Glance(BytesSource(data))) in (True, False)
    try:
        for read in format_.read(cursor, Where.file("f")):
            assert read.where.root == "f"
            if isinstance(read, Inner):
                assert read.open().size >= 0
    except WeighmasterError:
        return


@pytest.mark.parametrize("format_", FORMATS, ids=lambda f: f.id)
def test_says_what_it_is_in_a_line(format_: Format) -> None:
    assert 3 < len(format_.title) < 80
    assert not format_.title.endswith(".")


def _whole() -> list[bytes]:
    import lz4.frame
    import zstandard

    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
    packed = [zstandard.compress(b"x" * 90), lz4.frame.compress(b"x" * 90)]
    zfile = b"ZF" + hex(90).ljust(19).encode() + zlib.compress(b"x" * 90)
    return [*containers(), *packed, *(skippable + data for data in packed), zfile, seven_zip_of({"a": b"x" * 9})]


WHOLE = _whole()
_damaged = st.builds(
    lambda one, other, seed: damage(one, other, Random(seed)),
    st.sampled_from(WHOLE),
    st.sampled_from(WHOLE),
    st.integers(),
)


@pytest.mark.parametrize("format_", FORMATS, ids=lambda f: f.id)
@settings(max_examples=150, deadline=None)
@given(data=st.sampled_from(WHOLE) | _damaged | st.binary(max_size=700))
def test_what_a_format_claims_is_worth_asking_it_about(format_: Format, data: bytes) -> None:
    glance = Glance(BytesSource(data))
    if format_.matches(glance) and not format_.fallback:
        assert format_.id.replace("-", "_") in Shelf(formats).worth_asking(glance)


def test_formats_for_what_no_other_claims_are_asked_last() -> None:
    assert {format_.id.replace("-", "_") for format_ in FORMATS if format_.fallback} == formats.LAST


def test_every_format_that_has_a_test_on_loading_exists() -> None:
    assert {format_.id.replace("-", "_") for format_ in FORMATS} >= formats.WORTH_ASKING.keys() | formats.BEGINS.keys()
