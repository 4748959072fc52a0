"""The model card claims a score that cannot be, or one that rose much while the weights stayed the same.

A card is text that anybody with access may write. An accuracy of 101 is a mistake; one that rises by twenty points
without other weights is a mistake or an advertisement.

## What to do

Measure the model yourself, on data that you know.

## What this rule cannot see

Claims that stand in the text of the card, and those that are wrong and look right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="claimed-score-jumps", title="The card claims a score that does not hold", severity=Severity.LOW, cwe=345
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.by != "hub-history":
        return
    if fact.key == "claimed-score":
        message = f"the card claims a score that cannot be: {fact.value}"
    elif fact.key == "claimed-score-rose":
        message = f"the card claims a score that rose while the weights stayed the same: {fact.value}"
    else:
        return
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
