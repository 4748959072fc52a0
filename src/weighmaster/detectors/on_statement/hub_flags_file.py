"""The hub that serves this file says itself that it is unsafe.

Hubs have scanners of their own: for viruses, for the names that pickles import, for known tricks. Here one says that
the file is unsafe which does more than count imports. It may be wrong; it has seen more files than you.

## What to do

Do not fetch the file. Read what the hub's page of the file says, and ask the publisher.

## What this rule cannot see

Why the scanner says so. Files that the hub has not looked at yet, and hubs that have no scanners.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.hub import SCANNERS
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(id="hub-flags-file", title="The hub says that a file is unsafe", severity=Severity.HIGH, cwe=506)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.key != "scanned-unsafe" or fact.by != "hub-scanners":
        return
    spoke = [SCANNERS[key] for key in fact.value.split() if key in SCANNERS and key != "pickleImportScan"]
    if spoke or fact.value == "hub":
        message = f"the hub says that the file is unsafe ({', '.join(spoke) or 'no scanner named'})"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
