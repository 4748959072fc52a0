"""A package is taken from an address, and no hash says which bytes that must be.

What lies there can be replaced at any time by whoever holds the address, or the domain after them.

## What to do

Add the hash: `name @ https://host/file.whl#sha256=…`, or `--hash=sha256:…` behind it.

## What this rule cannot see

What lies at the address. Files at the hosts of known indexes are as good as packages that are taken from those by
version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.knowledge.dependencies.indexes import is_known, is_loopback
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency

_RULE: Final = Rule(
    id="requirement-unhashed-address",
    title="A package is taken from an address without a hash",
    severity=Severity.MEDIUM,
    cwe=494,
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    if fact.source == "url" and not fact.hashes and not is_known(fact.target) and not is_loopback(fact.target):
        message = f"{at(fact)}{called(fact)} is taken from {fact.target}, and no hash says what must lie there"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
