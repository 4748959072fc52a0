"""Somebody whom the policy of trust names signed what it asks for, about exactly these files: a role is filled.

This says who that was, and since when a trusted clock shows it. It says nothing of what the files do: a publisher may
be wrong, or somebody else by now.

## What to do

Nothing.

## What this rule cannot see

Whether what the signers say is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="trusted", title="Signed by who may sign it", severity=Severity.NOTE)


def _detect(fact: Trust) -> Iterator[Finding]:
    if not fact.lack:
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
