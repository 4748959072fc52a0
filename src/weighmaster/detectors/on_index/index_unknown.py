"""Packages are taken from an index, or a list of packages, that nobody here knows.

What is installed is what that place gives out on the day, to you. It may be your own organisation's index; then say so
with a waiver. It may be somebody else's.

## What to do

Take the packages from the usual index, held to hashes; or vouch for the place.

## What this rule cannot see

What the place gives out. An index that only some packages name is not reported: it is asked for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at
from weighmaster.knowledge.dependencies.indexes import is_known, is_loopback, is_unprotected
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Index

_RULE: Final = Rule(
    id="index-unknown", title="Packages come from an index that nobody here knows", severity=Severity.MEDIUM, cwe=829
)

_ROLES: Final = frozenset({"primary", "find-links", "channel"})


def _detect(fact: Index) -> Iterator[Finding]:
    if fact.role not in _ROLES or "://" not in fact.target or fact.target.startswith("file:"):
        return
    if not (is_known(fact.target) or is_unprotected(fact.target) or is_loopback(fact.target)):
        what = (
            "a list of packages" if fact.role == "find-links" else "a channel" if fact.role == "channel" else "an index"
        )
        message = f"{at(fact)}{fact.target} is {what} that nobody here knows"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Index, detect=_detect)
