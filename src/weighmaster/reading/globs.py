"""Patterns of paths, as people write them in an ignore file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_GLOB: Final = r"\*\*/|\*\*|\*|\?|\[[!^]?(?:\][^\]/]*|[^\]/]+)\]"
_WILDCARDS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_RANGE: Final = r"(?s)(.)-(.)|(.)"


def matcher(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """Compile patterns as people write them in an ignore file.

    `*.md` and `docs` match at any depth; `docs/*.md` from the target on. `*` stays in a folder, `**` does not.
    """
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns))


def leaves_out(pattern: re.Pattern[str] | None, path: str) -> bool:
    """Say whether patterns match a path, or a folder that it lies in."""
    if pattern is None:
        return False
    parts = path.split("/")
    return any(pattern.match("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def _expression(pattern: str) -> str:
    plain = pattern.removesuffix("/")
    anchored = "/" in plain
    plain = plain.removeprefix("/")
    out: list[str] = []
    last = 0
    for hit in re.finditer(_GLOB, plain):
        out += [re.escape(plain[last : hit.start()]), _wildcard(hit[0])]
        last = hit.end()
    return ("" if anchored else "(?:.*/)?") + "".join(out) + re.escape(plain[last:]) + r"\Z"


def _wildcard(text: str) -> str:
    if text in _WILDCARDS:
        return _WILDCARDS[text]
    inside = text[1:-1]
    negated = inside[:1] in {"!", "^"}
    pairs = [(hit[1] or hit[3], hit[2] or hit[3]) for hit in re.finditer(_RANGE, inside[negated:])]
    members = "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in pairs if first <= last)
    if negated:
        return f"[^/{members}]"
    return f"[{members}]" if members else "(?!)"  # A range from z to a holds nothing.
