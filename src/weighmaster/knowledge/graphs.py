"""What operators of graphs can do beyond computing, one table for each dialect: `operators/<dialect>.tsv`.

Five columns with a tab between: `name`, `power`, `when`, `reason`, `source`. The rows of a table are sorted.

* `name`: as the graph spells it; of an operator in a domain of its own, `domain::name`. `domain::*` stands for all of
  a domain, `*::name` for that name in any domain; the exact name goes first.
* `power`: one of the words of `weighmaster.knowledge.callables.POWERS`; `-` for what only computes.
* `when`: `-` always; `path` only where it is given a path, which the operation's `detail` tells; `outside` only where
  that path leaves the folder of the artifact, or was put together by the graph (`COMPUTED`).
* `reason`, `source`: one short sentence, and where that is written.

What no table knows is `None`: an operator of a library that nobody here knows.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import Final

from weighmaster.knowledge.references import leads_out
from weighmaster.model.value import Value

COMPUTED: Final = "(computed by the graph)"
"""The `detail` of an operation that is given what the graph puts together, and not the one who runs it."""

_HERE: Final = os.path.join(os.path.dirname(__file__), "operators")


class Operator(Value):
    """What is known about an operator."""

    name: str
    power: str
    when: str
    reason: str
    source: str

    def acts(self, detail: str) -> bool:
        """Whether it uses its power when it is given `detail`."""
        if self.power == "-" or self.when == "-":
            return self.power != "-"
        if self.when == "path":
            return bool(detail)
        return detail == COMPUTED or (bool(detail) and leads_out(detail) is not None)


@lru_cache(maxsize=4096)  # Several rules ask about each operation, and graphs repeat theirs.
def operator(dialect: str, name: str) -> Operator | None:
    """Return what is known about the operator `name` of `dialect`."""
    table = _table(dialect)
    domain, colons, bare = name.rpartition("::")
    spellings = (name, f"*::{bare}", f"{domain}::*") if colons else (name, f"*::{name}")
    for spelling in spellings:
        if (found := _find(table, spelling)) is not None:
            return found
    return None


def is_judged(dialect: str) -> bool:
    """Whether there is a table for `dialect`."""
    return bool(_table(dialect))


def _find(table: str, name: str) -> Operator | None:
    start = table.find(f"\n{name}\t") if name.isprintable() else -1
    if start < 0:
        return None
    spelled, power, when, reason, source = table[start + 1 : table.index("\n", start + 1)].split("\t")
    return Operator(name=spelled, power=power, when=when, reason=reason, source=source)


@cache
def _table(dialect: str) -> str:
    # Text, searched as it is: see docs/adr/0003.
    path = os.path.join(_HERE, f"{dialect}.tsv")
    if not (dialect.isidentifier() and os.path.isfile(path)):
        return ""
    with open(path, encoding="utf-8", newline="\n") as file:
        return "\n" + file.read()
