"""The follower of Python source, as Python and compiled: hostile source must end it no way but one that is told of."""

from __future__ import annotations

import os
import threading

import pytest

from weighmaster.knowledge.source.sources import Reading
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.where import Where
from weighmaster.reading.python import walk


def test_the_follower_under_test_is_compiled_where_that_is_asked_for() -> None:
    compiled = not str(walk.__file__).endswith(".py")
    assert compiled == bool(os.environ.get("WEIGHMASTER_COMPILED"))


def deep(count: int) -> dict[str, str]:
    """Return source that nests so deep, in each of the ways that the syntax has."""
    blocks = min(count, 90)
    return {
        "attributes": "x" + ".a" * count,
        "arguments": "f(" * count + "1" + ")" * count,
        "calls": "import os\nos" + ".a()" * count,
        "signs": "-" * count + "x",
        "negations": "not " * count + "x",
        "lists": "[" * count + "1" + "]" * count,
        "items": "x" + "[0]" * count,
        "lambdas": "lambda: " * count + "x",
        "conditions": "x if y else " * count + "z",
        "powers": "x ** " * count + "y",
        "branches": "if x: pass\n" + "elif x: pass\n" * count,
        "blocks": "".join(" " * at + "if x:\n" for at in range(blocks)) + " " * blocks + "pass\n",
        "functions": "".join(" " * at + "def f(a=f):\n" for at in range(blocks)) + " " * blocks + "f(f)\n",
        "partials": "import functools\n" + "x = functools.partial(x, 1)\n" * count + "x()\n",
        "classes": "class C0: pass\n" + "".join(f"class C{at + 1}(C{at}): pass\n" for at in range(count)),
        "methods": "y = 'a'" + ".join('b')" * count,
        "texts": f"exec({'x' + '.a' * count!r})",
    }


def follow(text: str) -> None:
    reading = Reading(Where.file("a.py"), lambda: None)
    try:
        reading.read(text)
        list(reading.facts())
    except (OverBudgetError, UnreadableError):
        return


@pytest.mark.parametrize("way", sorted(deep(1)))
def test_source_that_nests_deep_is_followed_or_told_of(way: str) -> None:
    for count in (90, 300, 900, 2_500, 10_000):
        follow(deep(count)[way])


def test_source_that_nests_deep_is_no_danger_to_a_small_stack() -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for text in deep(2_500).values():
                follow(text)
        except BaseException as error:  # noqa: BLE001 - it is asked for below
            failed.append(error)

    before = threading.stack_size(1 << 20)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert not failed
