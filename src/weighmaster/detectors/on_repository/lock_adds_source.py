"""A lock takes a package from an address or a repository, and no manifest beside it names any such place.

Packages of an index cannot ask for addresses, so what a lock takes from one was named in a manifest. Where none names
it, the lock was changed by hand: an installer takes what the lock says.

## What to do

Make the lock again from its manifest, and compare.

## What this rule cannot see

Locks whose manifests lie elsewhere, and those of which a manifest does name a place: that may ask for others in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import Files, at, called
from weighmaster.knowledge.dependencies.drift import added
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="lock-adds-source", title="A lock takes a package from where no manifest says", severity=Severity.MEDIUM, cwe=829
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Dependency) and fact.locked for fact in whole.facts):
        return
    files = Files(tree_of(whole))
    for lock, fact in added(files):
        message = f"{at(fact)}{called(fact)} is taken from {fact.target}, which no manifest of {lock.path} names"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
