"""A package is taken from an address over a connection that nothing protects.

Whoever stands between you and that address can give out something else. A commit or a hash would show it for what it
is; this has neither.

## What to do

Take it over `https://` or `ssh://`, and name its hash or its commit.

## What this rule cannot see

Addresses that stand in variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.knowledge.dependencies.indexes import is_unprotected
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.reading.dependencies.wanted import is_commit

_RULE: Final = Rule(
    id="requirement-unprotected",
    title="A package comes over a connection that nothing protects",
    severity=Severity.MEDIUM,
    cwe=319,
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    fixed = fact.hashes or (fact.source == "vcs" and is_commit(fact.revision, fact.target))
    if fact.source in {"url", "vcs"} and is_unprotected(fact.target) and not fixed:
        message = f"{at(fact)}{called(fact)} comes from {fact.target}, over a connection that nothing protects"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
