"""A list of recalls names the target, and asks to keep it away until a person has looked.

It is not known yet whether it must not be used; see `recalled` for what lists of recalls are.

## What to do

Read the reason in the message. The list will say later whether it blocks the target, or withdraw the entry.

## What this rule cannot see

What `recalled` cannot see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Recalled
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="recall-quarantines", title="A recall asks for a person to look", severity=Severity.MEDIUM, cwe=1357
)


def _detect(fact: Recalled) -> Iterator[Finding]:
    if fact.action == "quarantine":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Recalled, detect=_detect)
