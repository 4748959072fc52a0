"""What functions of R can do, for code in R that runs without being called.

One table, `rlang.tsv`, five columns with a tab between: `name`, `power`, `where`, `reason`, `source`. `power` is one of
the words of `weighmaster.knowledge.callables.POWERS`; `where` is `named` for a name that stands for nothing else, so
that any mention of it counts, in a text too, and `called` for one that counts only where it is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from weighmaster.model.value import Value

_TABLE: Final = os.path.join(os.path.dirname(__file__), "rlang.tsv")


class Function(Value):
    """What is known about a function."""

    name: str
    power: str
    named: bool
    reason: str


def acting(calls: Iterable[str], mentions: Iterable[str]) -> Iterator[Function]:
    """Yield what is known about the functions that code calls, and about those it mentions under their own name."""
    table = _table()
    for name in calls:
        if (found := table.get(name)) is not None:
            yield found
    for name in mentions:
        if (found := table.get(name)) is not None and found.named:
            yield found


def is_known(word: str) -> bool:
    """Whether something is known about a function of that name."""
    return word in _table()


@cache
def _table() -> dict[str, Function]:
    found: dict[str, Function] = {}
    with open(_TABLE, encoding="utf-8") as file:
        for line in file:
            name, power, where, reason, _source = line.rstrip("\n").split("\t")
            if name in found:
                raise ValueError(f"{_TABLE}: {name} is there twice")
            found[name] = Function(name=name, power=power, named=where == "named", reason=reason)
    return found
