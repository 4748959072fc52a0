"""The name of a package as indexes compare it."""

from __future__ import annotations

from typing import Final

from weighmaster.reading.pattern import pattern

_RUNS: Final = pattern(r"[-_.]+")


def normal(name: str) -> str:
    """Return the name of a package as indexes compare it.

    Specification: <https://packaging.python.org/en/latest/specifications/name-normalization/>.

    >>> normal("Typing.Extensions"), normal("huggingface__hub")
    ('typing-extensions', 'huggingface-hub')
    """
    return _RUNS.sub("-", name).lower()
