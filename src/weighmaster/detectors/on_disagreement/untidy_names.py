"""Names in this container differ in upper and lower case only.

On a file system that does not tell them apart the last one written wins. PyTorch looks members up in the same way. Each
of them was read.

## What to do

Nothing, unless the file is unpacked on Windows or macOS: then look at which one you need.

## What this rule cannot see

Names that differ in the way that one letter is encoded (Unicode normal forms).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.disagreements import UNTIDY
from weighmaster.model.fact import Disagreement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="untidy-names",
    title="Member names differ in case only",
    severity=Severity.LOW,
    cwe=178,
)


def _detect(fact: Disagreement) -> Iterator[Finding]:
    if fact.kind in UNTIDY:
        yield Finding(rule=_RULE, where=fact.where, message=f"differ in case only: {fact.detail}", evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Disagreement, detect=_detect)
