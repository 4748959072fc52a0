"""The release was published from another repository than the one before.

Projects move, and repositories are renamed. Whoever takes over an account on an index can publish from a repository of
their own, with an attestation that holds.

## What to do

Read in the project's own pages whether it moved. A policy of trust with `publisher` says once who may publish it.

## What this rule cannot see

Who pushed to the repository. Releases without attestations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="publisher-changed",
    title="The release was published by somebody else than the one before",
    severity=Severity.MEDIUM,
    cwe=345,
)


def _detect(fact: Release) -> Iterator[Finding]:
    new, old = fact.publisher, fact.previous_publisher
    if new and old and new.lower() != old.lower():
        message = f"{fact.name} {fact.version} was published by {shown(new)}, and {fact.previous} by {shown(old)}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
