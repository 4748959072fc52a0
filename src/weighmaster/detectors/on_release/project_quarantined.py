"""The index has put the project into quarantine: it thinks that it may do harm.

A project in quarantine is offered to nobody while somebody looks at it. Its files may still lie on mirrors, and in
caches. Specification: PEP 792 (<https://peps.python.org/pep-0792/>).

## What to do

Do not install it. Where it is installed already, treat the machine as one that ran it.

## What this rule cannot see

Indexes that do not pass the status on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="project-quarantined", title="The index holds the project in quarantine", severity=Severity.HIGH, cwe=506
)


def _detect(fact: Release) -> Iterator[Finding]:
    if fact.status == "quarantined":
        why = f": {shown(fact.reason)}" if fact.reason else ""
        message = f"{fact.name} is in quarantine on {fact.index}{why}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
