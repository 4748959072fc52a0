"""The project is archived or deprecated: nobody mends it any more.

Whoever publishes it says so on the index. Specification: PEP 792 (<https://peps.python.org/pep-0792/>).

## What to do

Look for what took its place; the reason in the message may name it.

## What this rule cannot see

Projects that nobody mends and nobody archived.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="project-abandoned", title="The project is archived or deprecated", severity=Severity.NOTE, cwe=1104
)


def _detect(fact: Release) -> Iterator[Finding]:
    if fact.status in {"archived", "deprecated"}:
        why = f": {shown(fact.reason)}" if fact.reason else ""
        message = f"{fact.name} is {fact.status}{why}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
