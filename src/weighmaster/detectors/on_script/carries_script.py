"""Source code stands beside the model.

A training script, a shell script, a notebook, a page with a script in it. Vetting a model does not run it, and neither
does loading a file that has nothing to do with it; whoever runs it should have read it.

## What to do

Nothing, unless you mean to run it or a loader is told to (`trust_remote_code`): then read it first.

## What this rule cannot see

What the code does. Source in a text that is mostly prose, such as the examples of a README, is not reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Script
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(id="carries-script", title="Source code beside the model", severity=Severity.LOW, cwe=829)


def _detect(fact: Script) -> Iterator[Finding]:
    message = f"source code in {fact.language}: {fact.excerpt.splitlines()[0] if fact.excerpt else ''}"
    yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Script, detect=_detect)
