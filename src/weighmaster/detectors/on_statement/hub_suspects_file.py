"""The hub that serves this file says itself that it is suspicious, or that it imports what it need not.

The scanner that counts the imports of pickles calls names unsafe that honest pickles have, too (`getattr`). What this
program reads of the same pickle says more: it follows what is done with the names.

## What to do

Read what is found in the file itself, then what the hub's page of the file says. Prefer safetensors.

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

_RULE: Final = Rule(
    id="hub-suspects-file", title="The hub says that a file is suspicious", severity=Severity.MEDIUM, cwe=506
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.by != "hub-scanners":
        return
    spoke = ", ".join(SCANNERS.get(key, "no scanner named") for key in fact.value.split())
    if fact.key == "scanned-suspicious" or (fact.key == "scanned-unsafe" and fact.value == "pickleImportScan"):
        message = f"the hub says that the file is {fact.key.removeprefix('scanned-')} ({spoke})"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
