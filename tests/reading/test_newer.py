"""Source younger than the Python that reads it is read all the same, and said not to be read whole."""

from __future__ import annotations

import ast
import sys
from typing import Final

import pytest
from tests.samples.vetting import report_on, rules_on

from weighmaster.reading.python.newer import older

ACTS: Final = "import os\nos.system('true weighmaster_fired')\n"
NEWER: Final = [
    "type A = int\n",
    "type A[T] = list[T]\n",
    "def f[T](x: T) -> T:\n    return x\n",
    "class A[T: (int, str)]:\n    x = 1\n",
    "async def f[**P, *Ts]() -> None:\n    pass\n",
    "x = t'hi'\n",
    "try:\n    pass\nexcept OSError, ValueError:\n    pass\n",
    'x = {"a": 1}\ny = f"{x["a"]}"\n',
    "if True:\n    x = = 1\n",
]


@pytest.mark.parametrize("text", NEWER)
def test_what_stands_around_newer_syntax_is_read(text: str) -> None:
    for source in (text + ACTS, ACTS + text):
        assert "source-acts-on-import" in rules_on(source.encode(), "modeling_x.py")
        assert older(source) is not None
        ast.parse(older(source) or "")


def test_that_something_was_left_out_is_said() -> None:
    assert report_on(("x = = 1\n" + ACTS).encode(), "modeling_x.py").gaps


def test_what_takes_more_than_a_few_lines_is_given_up() -> None:
    assert older("x = = 1\n" * 50) is None
    assert older("x = (\n" * 50) is None


def test_what_this_python_parses_stays_what_it_does() -> None:
    source = "type = 3\nkind[type] = t if type else 'x'\n"
    assert ast.dump(ast.parse(older(source) or "")) == ast.dump(ast.parse(source)) or sys.version_info >= (3, 15)
