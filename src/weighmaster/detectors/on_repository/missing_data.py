"""A model's numbers lie in a file that is not there.

Formats that keep numbers beside the model name the file. Where it is missing, the loader fails, or finds another file
of that name: one that somebody else may have put there.

## What to do

Fetch the target again, whole. If the file is not in the publisher's copy either, ask for it.

## What this rule cannot see

Files that were left out of the look, and what lies behind links.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import numbers_beside
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="missing-data", title="A file that the model's numbers lie in is missing", severity=Severity.LOW, cwe=1288
)


def _detect(fact: Repository) -> Iterator[Finding]:
    if not fact.folder:
        return
    for reference, size in numbers_beside(fact):
        if size is None:
            message = f"{reference.target!r}, which {reference.by} reads, is not there"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
