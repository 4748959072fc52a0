"""Whoever serves this file contradicts itself.

A part came that was not asked for, the length or the entity tag changed while the file was read, or the bytes have
another digest than was declared. A server that is broken does this, a file that was replaced in the middle of the look,
and one that shows a scanner something else than it gives to others.

## What to do

Try again later. If it goes on, fetch the whole file, look at that (`--full`), and load no other copy.

## What this rule cannot see

A server that consistently serves other bytes to other clients: only a digest that somebody else vouches for tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.disagreements import SERVED
from weighmaster.model.fact import Disagreement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="server-contradicts-itself",
    title="Whoever serves the file contradicts itself",
    severity=Severity.HIGH,
    cwe=345,
)


def _detect(fact: Disagreement) -> Iterator[Finding]:
    if fact.kind in SERVED:
        yield Finding(rule=_RULE, where=fact.where, message=f"the server: {fact.detail}", evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Disagreement, detect=_detect)
