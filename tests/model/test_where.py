import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.model.errors import InvalidWhereError
from weighmaster.model.where import Member, Span, Where

_steps = st.one_of(
    st.builds(Member, name=st.text(st.characters())),
    st.builds(Span, start=st.integers(0, 2**40), end=st.integers(0, 2**40)),
)
_names = st.text(st.characters(), max_size=20) | st.text("!@%/\\\u202e\ud800 aé", max_size=20)


@given(_names, st.lists(_steps, max_size=5))
def test_text_reads_back_as_the_same_place(root: str, steps: list[Member | Span]) -> None:
    where = Where(root=root, steps=tuple(steps))
    assert Where.parse(str(where)) == where


@given(_names)
def test_text_holds_nothing_that_a_terminal_would_obey(name: str) -> None:
    assert str(Where.file("model.zip") / Member(name=name)).isprintable()


@pytest.mark.parametrize("text", ["a@1", "a@x-2", "a@1-", "a@\u0661-2", "%FF", "a!%80"])
def test_text_that_no_place_writes_is_refused(text: str) -> None:
    with pytest.raises(InvalidWhereError):
        Where.parse(text)
