"""A package names another repository as its source than the releases that it is held against.

Projects move. Whoever takes over the name of one on an index sends people to a repository of their own.

## What to do

Look in the repository that was named before whether it says where it went.

## What this rule cannot see

Changes of who owns a repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-changes-home",
    title="The release names another repository as its home",
    severity=Severity.MEDIUM,
    cwe=346,
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "home":
        message = f"{fact.name} says that its home is {fact.detail} (as {fact.other} says)"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
