"""Digests that evidence names: in any predicate, whatever its type; a recalled digest is one wherever it stands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.model.value import Value
from weighmaster.trust.evidence.statement import Statement

_ALONE: Final = re.compile(r"(?:(?:sha-?256|blake3|tree):)?([0-9a-fA-F]{64})\Z")
_INSIDE: Final = re.compile(r"(?:sha256[:=]|sha256%3[aA])([0-9a-fA-F]{64})(?![0-9a-fA-F])")
_MOST: Final = 1_000_000
"""Digests of one statement."""
_LABELS: Final = ("name", "uri", "purl", "downloadLocation")


class Named(Value):
    """A digest (64 hexadecimal digits, lower case) that evidence names, where it does, and what it calls the thing."""

    digest: str
    place: str
    label: str = ""


def named_by(statement: Statement, place: str) -> Iterator[Named]:
    """Yield the digests in a predicate; `place` says where the statement stands."""
    for digest, path, label in itertools.islice(_walk(statement.predicate), _MOST):
        yield Named(digest=digest, place=f"{place}: {path}", label=label)


def _walk(value: Any) -> Iterator[tuple[str, str, str]]:
    waiting: list[tuple[Any, str, str]] = [(value, "predicate", "")]
    while waiting:
        value, path, label = waiting.pop()
        match value:
            case dict():
                label = next((text for key in _LABELS if isinstance(text := value.get(key), str)), label)
                waiting += [(inner, f"{path}.{key}", label) for key, inner in reversed(value.items())]
            case list():
                waiting += [(value[at], f"{path}[{at}]", label) for at in reversed(range(len(value)))]
            case str():
                yield from ((digest.lower(), path, label) for digest in _digests(value))
            case _:
                pass


def _digests(text: str) -> Iterator[str]:
    if len(text) < 64:
        return
    if hit := _ALONE.match(text):
        yield hit[1]
    else:
        yield from _INSIDE.findall(text)
