"""Some programs refuse this container, and others load it.

A checksum does not fit, or a directory is not where or as long as it says. A careful reader stops there, and with it a
scanner that is built on it; PyTorch, for one, loads the file all the same. A damaged copy looks like this, and so does
a file whose author wants scanners to give up.

## What to do

Fetch the file again and compare its digest with the publisher's. If the digest is right, ask the publisher.

## What this rule cannot see

Wrong checksums of members that are raw numbers, or larger than 32 MiB: these are not computed, because that would cost
as much as reading the file once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.disagreements import REFUSED
from weighmaster.model.fact import Disagreement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="some-readers-refuse",
    title="Some readers refuse what others load",
    severity=Severity.MEDIUM,
    cwe=354,
)


def _detect(fact: Disagreement) -> Iterator[Finding]:
    if fact.kind in REFUSED:
        yield Finding(
            rule=_RULE, where=fact.where, message=f"some readers refuse this: {fact.detail}", evidence=(fact,)
        )


DETECTOR: Final = Detector(rule=_RULE, on=Disagreement, detect=_detect)
