"""The page on attacks names the tests that prove what it says; each of them is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)?::(test_\w+)`")


def _named() -> Iterator[tuple[str, str]]:
    path = ""
    for file, test in NAMED.findall((ROOT / "docs" / "trust.md").read_text(encoding="utf-8")):
        path = file or path
        yield path, test


def test_every_test_that_the_page_names_is_there() -> None:
    named = list(_named())
    assert len(named) > 40
    assert [(path, test) for path, test in named if f"def {test}(" not in (ROOT / path).read_text()] == []
