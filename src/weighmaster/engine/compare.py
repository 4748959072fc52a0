"""The same model in two formats: whether the numbers are the same. A poisoned copy hides beside a clean one.

Names differ between formats, so tensors are told by what they are: dtype, shape and bytes. Only tensors whose elements
stand one after the other are compared.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from weighmaster.extend.format import Glance
from weighmaster.extend.registry import Registry
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Comparison, Tensor
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.value import Value
from weighmaster.model.where import Span, Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.digest import sha256
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import FileSource, Source

_SAFE: Final = ".safetensors"
_OTHERS: Final = (".bin", ".pt", ".pth", ".ckpt")
_SHARD: Final = pattern(r"-\d{5}-of-\d{5}\Z")
_ALIASES: Final = {"pytorch_model": "model"}
"""Names that libraries give to the same weights in another format."""
_CHUNK: Final = 1 << 20

_Kind: TypeAlias = tuple[str, tuple[int, ...]]


class Pair(Value):
    """The files of one model in safetensors, and those of the same model in another format."""

    safe: tuple[str, ...]
    other: tuple[str, ...]


def pairs(names: Iterable[str]) -> Iterator[Pair]:
    """Yield what the names say is one model in two formats."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending in {_SAFE, *_OTHERS}:
            folder, slash, base = _SHARD.sub("", stem).rpartition("/")
            key = folder + slash + _ALIASES.get(base, base)
            groups.setdefault(key, ([], []))[ending != _SAFE].append(name)
    for safe, other in groups.values():
        if safe and other:
            yield Pair(safe=tuple(sorted(safe)), other=tuple(sorted(other)))


def compare(pair: Pair, paths: Mapping[str, str], registry: Registry, limits: Limits) -> Iterator[Item]:
    """Compare the tensors of a pair; what cannot be read was said when it was looked at."""
    budget = Budget(limits)
    where = Where.file(pair.other[0])
    try:
        there = Counter(_digests(pair.safe, paths, registry, budget))
        here = Counter(_digests(pair.other, paths, registry, budget))
    except (WeighmasterError, OSError) as error:
        detail = f"not compared with {pair.safe[0]}: {error}"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
        return
    if not there or not here:
        return
    kinds = {kind for kind, _ in there}
    alone = sum(count for (kind, _), count in here.items() if kind not in kinds)
    # The same numbers under two names are written twice in one format and once in another.
    equal = sum(count for key, count in here.items() if key in there)
    unlike = sum(here.values()) - alone - equal
    fact = Comparison(where=where, other=pair.safe[0], equal=equal, unlike=unlike, alone=alone)
    yield from registry.detect(fact)


def _digests(
    names: Sequence[str], paths: Mapping[str, str], registry: Registry, budget: Budget
) -> Iterator[tuple[_Kind, str]]:
    for name in names:
        descriptor = os.open(paths[name], os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            source = FileSource(descriptor, os.fstat(descriptor).st_size)
            for tensor, span in tensors_in(source, Where.file(name), registry, budget):
                yield (tensor.dtype, tensor.shape), _digest(source, span, budget)
        finally:
            os.close(descriptor)


def tensors_in(source: Source, where: Where, registry: Registry, budget: Budget) -> Iterator[tuple[Tensor, Span]]:
    """Yield the tensors that stand in a file as they are, and the bytes of each."""
    for format_ in registry.claiming(Glance(source)):
        try:
            for read in format_.read(Cursor(source, budget), where):
                if isinstance(read, Tensor) and len(read.where.steps) == 1 and isinstance(read.where.steps[0], Span):
                    yield read, read.where.steps[0]
        except WeighmasterError:
            budget.check_time()


def _digest(source: Source, span: Span, budget: Budget) -> str:
    state = sha256()
    for at in range(span.start, span.end, _CHUNK):
        state.update(source.read_at(at, min(_CHUNK, span.end - at)))
        budget.check_time()
    return state.hexdigest()
