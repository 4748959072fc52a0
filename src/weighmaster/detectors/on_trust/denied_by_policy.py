"""The policy of trust denies this file, this tree, or whoever signed it.

A file or a tree that is denied by its digest is refused whatever the mode of the rule, and whoever signed it. A key or
an identity that is denied fills no role any more with what it signed, unless a timestamp shows that it signed before.

## What to do

The message gives the reason that stands in the policy. Do not use the target.

## What this rule cannot see

The same content under another digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="denied-by-policy", title="The policy denies it", severity=Severity.HIGH, cwe=1357)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "denied" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
