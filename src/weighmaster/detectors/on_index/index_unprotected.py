"""Packages are asked for over a connection that nothing protects.

Whoever stands between you and the index (a wireless network, a proxy, a router) can give out another package under the
same name, and installing it runs its code. Hashes in a lock would show that; without them nothing does.

## What to do

Name the index by `https://`.

## What this rule cannot see

Whether every package that comes from there is held to a hash. Indexes on this machine itself are not reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at
from weighmaster.knowledge.dependencies.indexes import is_unprotected
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Index

_RULE: Final = Rule(
    id="index-unprotected",
    title="An index is asked over a connection that nothing protects",
    severity=Severity.MEDIUM,
    cwe=319,
)


def _detect(fact: Index) -> Iterator[Finding]:
    if fact.role not in {"trusted-host", "strategy"} and is_unprotected(fact.target):
        message = f"{at(fact)}{fact.target} is asked over a connection that nothing protects"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Index, detect=_detect)
