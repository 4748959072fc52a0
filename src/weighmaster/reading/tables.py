"""TOML documents out of targets, each parsed once however many formats look at it.

Specification: <https://toml.io/en/v1.0.0>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.reading.source import Source

LONGEST: Final = 16 << 20
"""Bytes of a document that are parsed."""
_DEEPEST: Final = 200
"""Parts of a key: each is looked up from the root again."""

_last: list[tuple[Source, dict[str, Any] | None, str]] = []


def table(source: Source) -> dict[str, Any] | None:
    """Return what a source holds as TOML, or None where it is none, or too long."""
    return _seen(source)[0]


def text_of(source: Source) -> str:
    """Return the text of a source that is TOML."""
    return _seen(source)[1]


def _seen(source: Source) -> tuple[dict[str, Any] | None, str]:
    if _last and _last[0][0] is source:
        return _last[0][1:]
    found: tuple[dict[str, Any] | None, str] = (None, "")
    if source.size <= LONGEST:
        text = source.read_at(0, source.size).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        found = _parsed(text), text
    _last[:] = [(source, *found)]
    return found


def _parsed(text: str) -> dict[str, Any] | None:
    import tomllib

    for line in text.splitlines():
        # tomllib walks from the root for each header and key: dots times dots of the lines.
        head = line.partition("=")[0].partition("#")[0]
        if head.count(".") > _DEEPEST:
            return None
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return None
