"""The target lacks what a rule of the policy of trust wants, and the rule's mode is `audit`.

Nothing is done about it: so one sees what a policy would do before it does it. The same goes for what no rule is for,
where the policy says `default = "audit"`.

## What to do

Nothing, or what the rules say that the mode `enforce` gives.

## What this rule cannot see

What those rules cannot see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="policy-notes", title="Something that the policy would refuse", severity=Severity.NOTE)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.mode == "audit" and fact.lack:
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
