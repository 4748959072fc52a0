"""A list of recalls names the target, and warns of it without asking for anything.

See `recalled` for what lists of recalls are.

## What to do

Read the reason in the message, and take what it offers in its place where you can.

## What this rule cannot see

What `recalled` cannot see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Recalled
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="recall-warns", title="A recall warns of it", severity=Severity.LOW, cwe=1357)


def _detect(fact: Recalled) -> Iterator[Finding]:
    if fact.action == "warn":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Recalled, detect=_detect)
