"""A manifest asks for a package that its lock does not hold.

The lock is older than the manifest: whoever installs either stops, or takes whatever version is newest on the day.

## What to do

Make the lock again.

## What this rule cannot see

Packages that are left out on purpose for a platform. Locks that hold only some groups (`pylock.toml`) are not looked
at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import Files, named
from weighmaster.knowledge.dependencies.drift import left_out
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="lock-incomplete", title="A manifest wants what its lock does not have", severity=Severity.LOW, cwe=1357
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Dependency) and fact.locked for fact in whole.facts):
        return
    files = Files(tree_of(whole))
    for said in files.all:
        for lock in files.locks_of(said):
            lacking = [*left_out(said, lock)]
            if lacking:
                message = f"{lock.path} does not hold {named(lacking)}, which {said.path} asks for"
                yield Finding(rule=_RULE, where=lacking[0].where, message=message, evidence=tuple(lacking[:20]))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
