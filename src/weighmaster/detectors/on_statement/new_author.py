"""Somebody who had never committed to this repository changed a file that may run code, after a rest of a month.

That is what a stolen token looks like, and a pull request that nobody read. It is also what a new colleague looks like.

## What to do

Read the commit. Ask the publisher, where the change is not explained.

## What this rule cannot see

A thief who commits under the owner's name; commits before the last three hundred; folders of more files than the hub
lists at once; commits whose date or author was forged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="new-author", title="A newcomer changed a file that may run code", severity=Severity.MEDIUM, cwe=829
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.key == "changed-by-newcomer" and fact.by == "hub-history":
        message = f"was last changed by {fact.value!r}, who had never committed here before"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
