"""A file that may run code was added to a repository that had been left alone for a month or more.

A model is released, mended for some days, and then rests. Whoever takes over an account, or talks its owner into it,
adds a pickle or a source file later; who fetched the model before did not get it. The same is said where a repository
has lost its safetensors and has pickles instead.

## What to do

Read the commit that added the file. If you need no more than what was there before, fetch the commit before it.

## What this rule cannot see

Files that were there from the beginning, repositories that never rest, those with more than a thousand files, and
commits whose date was forged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="unsafe-file-added", title="A file that may run code was added later", severity=Severity.MEDIUM, cwe=829
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.by != "hub-history":
        return
    if fact.key == "file-added":
        message = f"was added after the repository had rested (one of {fact.value} that may run code)"
    elif fact.key == "safe-format-left":
        message = f"came in the place of {fact.value!r}, after the repository had rested"
    else:
        return
    yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
