"""The document acts when it is opened.

A PDF may run JavaScript, start a program or fetch data as soon as a reader shows it. A model card or a paper has no
need of that; forms do, and are seldom found beside a model.

## What to do

Do not open it in a reader that runs what it is told. It has no effect on a model.

## What this rule cannot see

What stands in compressed parts of the file, and what the action does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Operation
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="active-document", title="A document that acts when it is opened", severity=Severity.MEDIUM, cwe=829
)


def _detect(fact: Operation) -> Iterator[Finding]:
    if fact.dialect == "pdf":
        message = f"the document has an action of the kind {fact.name}"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Operation, detect=_detect)
