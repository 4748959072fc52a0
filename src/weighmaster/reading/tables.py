"""TOML documents out of targets, each parsed once however many formats look at it.

Specification: <https://toml.io/en/v1.0.0>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

LONGEST: Final = 16 << 20
"""Bytes of a document that are parsed."""
_DEEPEST: Final = 200
"""Parts of a key: each is looked up from the root again."""
_DOTS: Final = 100_000
_PART: Final = r"(?:[\w-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
_KEY: Final = pattern(rf"[ \t]*\[{{0,2}}[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
"""How a line begins that gives a key: elsewhere dots cost nothing, as in a script of a million on one line."""

_last: list[tuple[Source, dict[str, Any] | None, str, bool]] = []


def table(source: Source) -> dict[str, Any] | None:
    """Return what a source holds as TOML, or None where it is none, or too long."""
    return _seen(source)[0]


def text_of(source: Source) -> str:
    """Return the text of a source that is TOML."""
    return _seen(source)[1]


def is_heavy(source: Source) -> bool:
    """Say whether a source that may be TOML would take too long to parse, and was not."""
    return _seen(source)[2]


def _seen(source: Source) -> tuple[dict[str, Any] | None, str, bool]:
    if _last and _last[0][0] is source:
        return _last[0][1:]
    found: tuple[dict[str, Any] | None, str, bool] = (None, "", False)
    if source.size <= LONGEST:
        text = source.read_at(0, source.size).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        heavy = _is_heavy(text)
        found = None if heavy else _parsed(text), text, heavy
    _last[:] = [(source, *found)]
    return found


def _is_heavy(text: str) -> bool:
    """Say whether a text has so many dots in keys that walking from the root for each takes too long."""
    dots = 0
    for line in text.splitlines():
        if "." not in line:
            continue
        key = _KEY.match(line)
        count = key[0].count(".") if key else 0
        if count > _DEEPEST:
            return True
        dots += count
    return dots > _DOTS


def _parsed(text: str) -> dict[str, Any] | None:
    import tomllib

    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return None
