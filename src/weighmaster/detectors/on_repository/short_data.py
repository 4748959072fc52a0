"""A model's numbers lie in a file that ends too early.

The model says which bytes of a file beside it are its numbers, and the file has fewer. A careful loader stops; a
careless one maps the file and reads what lies behind it in memory. A copy that was cut off looks like this, too.

## What to do

Fetch the target again, whole. If the file is as short in the publisher's copy, do not load the model.

## What this rule cannot see

Whether the file holds what its publisher meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import numbers_beside
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="short-data", title="A file that the model's numbers lie in is too short", severity=Severity.MEDIUM, cwe=125
)


def _detect(fact: Repository) -> Iterator[Finding]:
    if not fact.folder:
        return
    for reference, size in numbers_beside(fact):
        if size is not None and size < reference.needs:
            message = f"{reference.target!r} has {size} bytes, and {reference.by} reads {reference.needs}"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
