"""A package runs something without being asked, and other releases of it do not.

A path file, `sitecustomize.py`, a plugin that is loaded where it is installed, or `setup.py`: code that runs as Python
starts, or as the package is installed. Releases of projects that were taken over add one.

## What to do

Read what it runs. Ask the project why, or stay with the release before.

## What this rule cannot see

Code that was there before and does something else now; code that runs as the package is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-adds-hook",
    title="Code that other releases do not have runs without being asked for",
    severity=Severity.MEDIUM,
    cwe=506,
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "hook":
        message = f"{fact.name} runs something that {fact.other} does not: {fact.detail}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
