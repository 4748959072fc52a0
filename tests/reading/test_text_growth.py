"""Text that costs much more to read than it is long."""

from __future__ import annotations

import tracemalloc

import pytest
from tests.samples.vetting import report_on

from weighmaster.model.errors import OverBudgetError
from weighmaster.reading.budget import Budget
from weighmaster.reading.payload import decoded
from weighmaster.reading.prototext import events
from weighmaster.reading.python.source import parsed
from weighmaster.reading.source import BytesSource


def test_long_hexadecimal_takes_no_more_memory_than_it_stands_for() -> None:
    text = b"0123456789abcdef" * 100_000
    tracemalloc.start()
    assert decoded(text) == ("hex", bytes.fromhex(text.decode()))
    assert tracemalloc.get_traced_memory()[1] < 4 * len(text)
    tracemalloc.stop()


@pytest.mark.parametrize("text", [b"0" * 65, b"0" * 63])
def test_an_odd_number_of_digits_is_no_hexadecimal(text: bytes) -> None:
    assert (decoded(text) or ("",))[0] != "hex"


def test_a_long_text_in_a_text_of_fields_is_one() -> None:
    text = b'x\\n\\"' * 100_000
    found = list(events(BytesSource(b'name: "' + text + b'"'), Budget()))
    assert [len(event.text) for event in found] == [300_000]


@pytest.mark.parametrize(
    "source",
    [
        "import os\n" + "x=1;" * 600_000,
        "import os\nx = [" + "1," * 1_100_000 + "]\n",
        "import os\nx = f'" + "{a}" * 60_000 + "'\n",
    ],
)
def test_source_that_is_too_dear_to_parse_is_refused_and_said(source: str) -> None:
    with pytest.raises(OverBudgetError):
        parsed(source)
    assert report_on(source.encode(), "x.py").gaps


def test_long_source_of_the_usual_kind_is_parsed() -> None:
    body = 'def f{}(a, b):\n    """What it does, in a sentence."""\n    return {{"a": a, "b": f"{{b}}"}}\n\n\n'
    assert parsed("".join(body.format(number) for number in range(5000))).body
