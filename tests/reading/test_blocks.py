"""Parts of far files, fetched in blocks: the same bytes, in fewer questions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.model.errors import UnreachableError
from weighmaster.reading.blocks import Blocks
from weighmaster.reading.far import Far

DATA = bytes(number % 251 for number in range(1000))
FILE = Far(name="a", size=len(DATA), locator="https://x/a")


@given(
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 300)), max_size=20), st.integers(1, 400), st.integers(1, 4)
)
def test_what_comes_is_what_stands_there(spans: list[tuple[int, int]], block: int, kept: int) -> None:
    blocks = Blocks(lambda _file, at, count: DATA[at : at + count], block=block, kept=kept)
    for at, count in spans:
        count = min(count, len(DATA) - at)  # noqa: PLW2901 - nobody asks beyond the end
        assert blocks(FILE, at, count) == DATA[at : at + count]


def test_a_block_is_asked_for_once_however_many_ask() -> None:
    asked: list[tuple[int, int]] = []

    def fetch(_file: Far, at: int, count: int) -> bytes:
        asked.append((at, count))
        return DATA[at : at + count]

    blocks = Blocks(fetch, block=400)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: blocks(FILE, at, 10), range(0, 990, 10)))
    assert b"".join(found) == DATA[:990]
    assert sorted(asked) == [(0, 400), (400, 400), (800, 200)]


def test_what_did_not_come_is_asked_for_again() -> None:
    answers: list[UnreachableError | bytes] = [UnreachableError("no"), DATA]

    def fetch(_file: Far, at: int, count: int) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer[at : at + count]

    blocks = Blocks(fetch, block=2000)
    with pytest.raises(UnreachableError):
        blocks(FILE, 5, 10)
    assert blocks(FILE, 5, 10) == DATA[5:15]
