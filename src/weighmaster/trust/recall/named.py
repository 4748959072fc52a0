"""Digests that evidence names: in any predicate, whatever its type; a recalled digest is one wherever it stands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from weighmaster.model.value import Value
from weighmaster.trust.evidence.statement import Statement

_ALONE: Final = re.compile(r"(?:(?:sha-?256|blake3|tree):)?([0-9a-fA-F]{64})\Z")
_INSIDE: Final = re.compile(r"(?:sha256[:=]|sha256%3[aA])([0-9a-fA-F]{64})(?![0-9a-fA-F])")
_MOST: Final = 1_000_000
"""Digests of one statement."""
_SHOWN: Final = 64
_LONGEST: Final = 256
"""Characters of a key, and of a place, that are told."""
_Path: TypeAlias = "tuple[_Path, str | int] | None"
_LABELS: Final = ("name", "uri", "purl", "downloadLocation")


class Named(Value):
    """A digest (64 hexadecimal digits, lower case) that evidence names, where it does, and what it calls the thing."""

    digest: str
    place: str
    label: str = ""


def named_by(statement: Statement, place: str) -> Iterator[Named]:
    """Yield the digests in a predicate; `place` says where the statement stands."""
    for digest, path, label in itertools.islice(_walk(statement.predicate, (None, "predicate"), ""), _MOST):
        yield Named(digest=digest, place=f"{place}: {path}", label=label)


def _walk(value: Any, path: _Path, label: str) -> Iterator[tuple[str, str, str]]:
    match value:
        case dict():
            label = next((text for key in _LABELS if isinstance(text := value.get(key), str)), label)
            for key, inner in value.items():
                yield from _walk(inner, (path, f".{key[:_SHOWN]}"), label)
        case list():
            for at, inner in enumerate(value):
                if not isinstance(inner, int | float):
                    yield from _walk(inner, (path, at), label)
        case str():
            yield from ((digest.lower(), _told(path), label) for digest in _digests(value))
        case _:
            pass


def _told(path: _Path) -> str:
    """Return a place in a predicate: only now, since long keys above many items would be written many times."""
    steps = []
    while path is not None:
        path, step = path
        steps.append(f"[{step}]" if isinstance(step, int) else step)
    text = "".join(reversed(steps))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _digests(text: str) -> Iterator[str]:
    if len(text) < 64:
        return
    if hit := _ALONE.match(text):
        yield hit[1]
    else:
        yield from _INSIDE.findall(text)
