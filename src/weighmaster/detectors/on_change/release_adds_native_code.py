"""A package brings machine code, and the releases or builds that it is held against bring none.

What was pure Python, and is for other machines still, has a program or library in this build only.

## What to do

Ask the project how the file is built, and compare with the source of the release.

## What this rule cannot see

Machine code that takes the place of other machine code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-adds-native-code",
    title="The release brings machine code, and others do not",
    severity=Severity.MEDIUM,
    cwe=506,
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "native":
        message = f"{fact.name} brings machine code ({fact.detail}), and {fact.other} brings none"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
