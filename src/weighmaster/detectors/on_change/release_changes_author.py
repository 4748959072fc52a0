"""A package names another author than the releases that it is held against.

Authors change, and anybody can write any name.

## What to do

Nothing, if the project says so.

## What this rule cannot see

Who published the release: see `publisher-changed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-changes-author", title="The release names another author", severity=Severity.LOW, cwe=346
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "author":
        message = f"{fact.name} says that it is by {fact.detail} (as {fact.other} says)"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
