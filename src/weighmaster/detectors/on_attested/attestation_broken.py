"""The file has an attestation, and that does not hold.

It is about another file, was altered, or nobody vouches for whom it names. A publisher whose attestations are right
makes no such file: the file was replaced after it was published, or the attestation was copied.

## What to do

Do not use the file. Get it again from the index itself, and compare the digests.

## What this rule cannot see

Files that have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Attested

_RULE: Final = Rule(
    id="attestation-broken", title="An attestation of the file does not hold", severity=Severity.HIGH, cwe=345
)


def _detect(fact: Attested) -> Iterator[Finding]:
    if fact.state == "broken":
        message = f"{shown(fact.by)} does not hold: {fact.detail}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Attested, detect=_detect)
