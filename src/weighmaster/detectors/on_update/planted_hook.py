"""Loading this file plants a hook that Python calls by itself.

The state that BUILD sets on an object may hold `__setstate__`, `__reduce__`, `__getattr__` or `__class__`. The next
BUILD, copy or attribute access then calls what the file put there.

## What to do

Do not load the file.

## What this rule cannot see

Methods with ordinary names that a library calls later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.machine.shadow import HOOKS
from weighmaster.model.fact import Update
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.term import Constant

_RULE: Final = Rule(id="planted-hook", title="Loading plants a hook on an object", severity=Severity.HIGH, cwe=502)


def _detect(fact: Update) -> Iterator[Finding]:
    if fact.opcode != "BUILD":
        return
    planted = [key.text for key in fact.keys if isinstance(key, Constant) and key.text in HOOKS]
    if planted:
        message = f"sets {', '.join(planted)} on {fact.target}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Update, detect=_detect)
