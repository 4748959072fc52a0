"""Values of documents that nobody vouches for: what is of another kind than it should be is as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def text(value: Any) -> str:
    """Return a text, or nothing."""
    return value if isinstance(value, str) else ""


def mapping(value: Any, *keys: str) -> dict[str, Any]:
    """Return a mapping, or the one that the keys lead to; an empty one where there is none.

    >>> mapping({"a": {"b": {"c": 1}}}, "a", "b")
    {'c': 1}
    """
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list, or an empty one."""
    return value if isinstance(value, list) else []


def texts(value: Any) -> Iterator[str]:
    """Yield the texts of a list, or a text that stands for a list of one."""
    if isinstance(value, str):
        yield value
    yield from (one for one in items(value) if isinstance(one, str))


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the mappings of a list."""
    return (one for one in items(value) if isinstance(one, dict))
