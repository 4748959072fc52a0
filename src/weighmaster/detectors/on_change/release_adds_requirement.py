"""A package asks for another that the releases it is held against do not ask for.

Whatever a package asks for is installed and runs with it: to add a requirement is enough to bring in code.

## What to do

Vet what is new as well.

## What this rule cannot see

Requirements of requirements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-adds-requirement",
    title="The release wants a package that others do not",
    severity=Severity.LOW,
    cwe=829,
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "requirement":
        message = f"{fact.name} asks for {fact.detail}, and {fact.other} does not"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
