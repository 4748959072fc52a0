"""The weights of a model are others than they were before the repository's last rest of a month.

What was tested, measured or reviewed then is not what is served now. Publishers mend their models; few say so.

## What to do

If you rely on what somebody said about the model, fetch the commit that they looked at.

## What this rule cannot see

Weights that were changed while the repository was busy, and commits whose date was forged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="weights-changed-lately", title="Weights were replaced after a rest", severity=Severity.NOTE, cwe=345
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.key == "weights-replaced" and fact.by == "hub-history":
        message = f"was replaced after the repository had rested (one of {fact.value})"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
