"""What every reader owes, whatever the bytes: only facts, or a typed error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster import shipped
from weighmaster.extend.format import Format, Glance, Inner
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
