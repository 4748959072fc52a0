"""A package is taken from a place that is neither a known index nor one of the large hosts of source code.

Its bytes are fixed by a hash or a commit: it cannot change, but nobody else has looked at it either.

## What to do

Look at what lies there, or vouch for the place.

## What this rule cannot see

What lies there. Addresses that fix nothing are `requirement-unhashed-address` and `requirement-mutable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.knowledge.dependencies.indexes import is_forge, is_known
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.reading.dependencies.wanted import is_commit

_RULE: Final = Rule(
    id="requirement-elsewhere",
    title="A package comes from a place that nobody here knows",
    severity=Severity.LOW,
    cwe=829,
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    fixed = fact.hashes if fact.source == "url" else is_commit(fact.revision, fact.target)
    if fact.source in {"url", "vcs"} and fixed and not (is_known(fact.target) or is_forge(fact.target)):
        message = f"{at(fact)}{called(fact)} comes from {fact.target}, which nobody here knows"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
