"""Keys of TOML that would take too long."""

from __future__ import annotations

import time

import pytest

from weighmaster.reading.source import BytesSource
from weighmaster.reading.tables import is_heavy, table


@pytest.mark.parametrize(
    "key", ["a" + ".a" * 400, '"x"' + ".a" * 400, '"\\\\\\"="' + ".a" * 400, "[[ 'a'" + " . b" * 400 + "]]"]
)
def test_keys_of_too_many_parts_are_not_parsed(key: str) -> None:
    text = f"{key} = 1\n" if key[0] != "[" else f"{key}\n"
    assert is_heavy(BytesSource(text.encode()))


def test_dots_that_stand_in_no_key_are_free_and_cost_no_time() -> None:
    began = time.monotonic()
    assert not is_heavy(BytesSource(b"(self.a.b" + b".c" * 1_000_000 + b")=1\n"))
    assert not is_heavy(BytesSource(b"a = '" + b"b." * 1_000_000 + b"'\n"))
    assert table(BytesSource(b'[project]\nname = "a.b.c"\n')) == {"project": {"name": "a.b.c"}}
    assert time.monotonic() - began < 10
