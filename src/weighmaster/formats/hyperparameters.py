"""Hyperparameters inside a pickle: the configuration that a training loop keeps beside the weights.

Lightning: `hyper_parameters`, from which `load_from_checkpoint` takes `_instantiator`, a dotted name that it imports
and calls: <https://github.com/Lightning-AI/pytorch-lightning/blob/master/src/lightning/pytorch/core/saving.py>. What
else such a configuration names (`_target_`) is called by programs that hand it to Hydra, so only what does harm is
told. The pickle itself is the business of its own reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.machine.run import follow
from weighmaster.machine.shadow import Items, Result, Shadow, Table
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Instantiation
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import Source

_MARKS: Final = (b"_target_", b"_instantiator")
_LONGEST: Final = 16 << 20
_DEEPEST: Final = 24
_BY_ITSELF: Final = "lightning"


def _matches(glance: Glance) -> bool:
    if glance.head[:1] != b"\x80" or glance.size > _LONGEST or not is_marked(glance):
        return False
    try:
        return next(_told(glance.source, Budget(), Where.file("")), None) is not None
    except OverBudgetError:
        return True  # Reading it says so again.


def is_marked(glance: Glance) -> bool:
    """Whether such a name stands near the beginning or the end: hyperparameters follow the weights."""
    return any(mark in glance.head or mark in glance.tail for mark in _MARKS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from _told(cursor.source, cursor.budget, where)


def _told(source: Source, budget: Budget, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.configured import told
    from weighmaster.knowledge.instantiation import judgement

    for trace in follow(source, allow=lambda _: budget.check_time()):
        for fact in told(_plain(trace.top, {}, _DEEPEST), where):
            if isinstance(fact, Instantiation) and (
                fact.by == _BY_ITSELF or judgement(fact.by, fact.module, fact.name).kind == "danger"
            ):
                yield fact


def _plain(value: object, seen: dict[int, Any], depth: int) -> Any:
    """Return what a shadow stands for, as far as it is mappings, lists and text."""
    if isinstance(value, str):
        return value
    if not isinstance(value, (Shadow, tuple, list)) or not depth:
        return ""
    if id(value) in seen:
        return seen[id(value)]
    below = depth - 1
    if isinstance(value, Table):
        found: dict[str, Any] = {}
        seen[id(value)] = found
        for key, item in zip(value.pairs[::2], value.pairs[1::2], strict=False):
            found[key if isinstance(key, str) else f"? {len(found)}"] = _plain(item, seen, below)
        return found
    listed: list[Any] = []
    seen[id(value)] = listed
    if isinstance(value, Result):
        held: list[object] = [value.arguments, *(value.states or ())]
    else:
        held = value.items if isinstance(value, Items) else list(value) if isinstance(value, (tuple, list)) else []
    listed += (_plain(item, seen, below) for item in held)
    return listed


FORMAT: Final = Format(id="hyperparameters", title="Hyperparameters in a pickle", matches=_matches, read=_read)
