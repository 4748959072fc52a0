"""A lock holds a package to a version that the manifest beside it rules out.

What is installed is what the lock says, and what people read is the manifest. A lock that was not made from this
manifest was made from another, or changed by hand.

## What to do

Make the lock again (`uv lock --check`, `poetry check --lock`, `pdm lock --check`, `pipenv verify` say whether it fits).

## What this rule cannot see

Changes that the manifest allows. Versions and ranges that Python's rules do not know are left out; so is what overrides
the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import Files, at, called
from weighmaster.knowledge.dependencies.drift import ruled_out
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="lock-drift", title="A lock installs what its manifest does not allow", severity=Severity.MEDIUM, cwe=1357
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Dependency) and fact.locked for fact in whole.facts):
        return
    files = Files(tree_of(whole))
    for said in files.all:
        for lock in files.locks_of(said):
            for wanted, locked in ruled_out(said, lock):
                versions = ", ".join(sorted({fact.version for fact in locked}))
                message = f"{at(locked[0])}{called(wanted)} is locked at {versions}"
                message = f"{message}, and {said.path} asks for {wanted.specifier}"
                yield Finding(rule=_RULE, where=locked[0].where, message=message, evidence=(wanted, *locked[:5]))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
