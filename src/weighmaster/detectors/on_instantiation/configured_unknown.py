"""A configuration names a class or function that nobody here has judged, and its loader calls it.

What such a name does depends on the library it belongs to, and on whether that library is installed. Lists of bad names
have been bypassed time and again; so what is not known waits for a person.

## What to do

Find out which library the name belongs to, and whether its loader is meant to call it with these arguments.

## What this rule cannot see

Whether the module that is imported is the one its author meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.fact import Instantiation
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="configured-unknown",
    title="A configuration makes its loader call what is not known",
    severity=Severity.MEDIUM,
    cwe=470,
)


def _detect(fact: Instantiation) -> Iterator[Finding]:
    judged = judgement(fact.by, fact.module, fact.name)
    if judged.kind == "unknown":
        message = f"makes {fact.by} call {fact.dotted}, which {judged.reason}"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Instantiation, detect=_detect)
