"""Ranges of versions, of names whose publishers number as they like: `>=1.0,<1.4`, `==2024-06-01`, `v3*`.

Versions of models follow no one scheme, so they are compared as people sort them: runs of digits as numbers, the rest
as text. What cannot be compared counts as in the range: a recall errs on the side of caution.

>>> in_range("1.3.9", ">=1.0,<1.4"), in_range("1.4", ">=1.0,<1.4"), in_range("1.10", "<1.9")
(True, False, False)
>>> in_range("1.4rc1", "<1.4"), in_range("v1.2", "==1.2"), in_range("2.0", "v2*")
(True, True, True)
>>> in_range("latest", "<1.4")
True
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import ConfigError

_CLAUSE: Final = re.compile(r"(==|!=|<=|>=|<|>)\s*([^\s,<>=!*?\[\]]{1,100})\Z")
_PLAIN: Final = re.compile(r"[^\s,<>=!\[\]]{1,100}\Z")
_PART: Final = re.compile(r"\d+|[a-z]+", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"v?\d", re.IGNORECASE)
_MOST: Final = 20
_BEFORE: Final = frozenset({"dev", "a", "alpha", "b", "beta", "c", "pre", "preview", "rc"})
"""Words that stand in a version before the final one."""


def check_range(text: str) -> None:
    """Refuse what is no range.

    Raises:
        ConfigError: it is none.
    """
    list(_clauses(text))


def in_range(version: str, text: str) -> bool:
    """Say whether a version is in a range.

    Raises:
        ConfigError: it is no range.
    """
    return all(_holds(version, operator, bound) for operator, bound in _clauses(text))


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > _MOST:
        raise ConfigError(f"versions: more than {_MOST} clauses")
    for part in parts:
        if hit := _CLAUSE.match(part):
            yield hit[1], hit[2]
        elif _PLAIN.match(part):
            yield "~", part
        else:
            raise ConfigError(f"versions: {part[:40]!r} is no clause such as >=1.0, <2, ==1.5 or 1.*")


def _holds(version: str, operator: str, bound: str) -> bool:
    if operator == "~":
        return version == bound or fnmatch.fnmatchcase(_bare(version), _bare(bound))
    if operator in {"==", "!="}:
        same = _bare(version) == _bare(bound) or (_is_numbered(version, bound) and _key(version) == _key(bound))
        return same if operator == "==" else not same
    if not _is_numbered(version, bound):
        return True
    mine, other = _key(version), _key(bound)
    return {"<": mine < other, "<=": mine <= other, ">": mine > other, ">=": mine >= other}[operator]


def _is_numbered(*versions: str) -> bool:
    return all(_NUMBERED.match(version) for version in versions)


def _bare(version: str) -> str:
    return version[1:] if re.match(r"[vV]\d", version) else version


def _key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts as the version does: `1.4rc1` before `1.4`, and that before `1.4.post1` and `1.4.1`."""
    parts = [_part(part) for part in _PART.findall(_bare(version).partition("+")[0])]
    count = next((at for at, part in enumerate(parts) if part[1] < 0), len(parts))
    numbers, rest = parts[:count], parts[count:]
    while numbers and numbers[-1] == (2, 0, ""):
        numbers.pop()
    return (*numbers, *rest, (1, 0, ""))


def _part(text: str) -> tuple[int, int, str]:
    if text.isdecimal():
        # Leading zeros mean nothing, and a number of a thousand digits is compared by its length first.
        digits = text.lstrip("0")
        return (2, len(digits), digits)
    return (0 if text.lower() in _BEFORE else 2, -1, text.lower())
