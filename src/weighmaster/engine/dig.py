"""From a place back to its bytes: what `explain` shows of a finding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner
from weighmaster.extend.registry import Registry
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.value import Value
from weighmaster.model.where import Span, Where
from weighmaster.reading import listing
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import FileSource, Source

_MARGIN: Final = 16
_MOST: Final = 256


class Excerpt(Value):
    """Bytes around a place: `data` begins at `offset`; the place itself is `start` to `end`, which may lie beyond.

    `opcodes` is the listing around the place, where that is the opcode of a pickle.
    """

    within: Where
    offset: int
    data: bytes
    start: int
    end: int
    opcodes: tuple[tuple[int, str], ...] = ()


def dig(path: str, where: Where, registry: Registry, limits: Limits, *, pickled: bool = False) -> Excerpt | None:
    """Return the bytes around `where` in the file at `path`; nothing where they cannot be reached again.

    With `pickled` the place is an opcode of a pickle, and those around it are listed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        source: Source = FileSource(descriptor, os.fstat(descriptor).st_size)
        return _descend(source, where, registry, Budget(limits), pickled=pickled)
    except (WeighmasterError, OSError):
        return None
    finally:
        os.close(descriptor)


def _descend(source: Source, where: Where, registry: Registry, budget: Budget, *, pickled: bool) -> Excerpt | None:
    at = Where.file(where.root)
    while not all(isinstance(step, Span) for step in where.steps[len(at.steps) :]):
        inner = next(_towards(source, at, where, registry, budget), None)
        if inner is None:
            return None
        source, at = inner.open(), inner.where
    spans = [step for step in where.steps[len(at.steps) :] if isinstance(step, Span)]
    start = sum(span.start for span in spans)
    end = start + spans[-1].end - spans[-1].start if spans else source.size
    offset = max(0, start - start % _MARGIN - _MARGIN) if spans else 0
    wanted = end + _MARGIN - offset
    data = source.read_at(offset, min(_MOST, wanted + -wanted % _MARGIN))
    opcodes = tuple(listing.around(source, start)) if pickled else ()
    return Excerpt(within=at, offset=offset, data=data, start=start, end=end, opcodes=opcodes)


def _towards(source: Source, at: Where, where: Where, registry: Registry, budget: Budget) -> Iterator[Inner]:
    """Yield the artifacts in `source` that the place lies in."""
    for format_ in _claiming(source, registry):
        try:
            for read in format_.read(Cursor(source, budget), at):
                if isinstance(read, Inner) and len(read.where.steps) > len(at.steps) and _leads(read.where, where):
                    yield read
        except (WeighmasterError, OSError):
            continue  # The look itself said so; another format may still lead there.


def _claiming(source: Source, registry: Registry) -> list[Format]:
    glance = Glance(source)
    claiming = registry.claiming(glance)
    if all(format_.layer for format_ in claiming):
        claiming = [*claiming, *registry.claiming(glance, last=True)]
    return claiming


def _leads(way: Where, where: Where) -> bool:
    return way.root == where.root and way.steps == where.steps[: len(way.steps)]
