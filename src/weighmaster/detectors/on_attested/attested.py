"""The file has an attestation that holds: it says from which repository the file was published.

It was verified without a network: against the roots of Sigstore that come with its library, and under this file's
name and digest. That tells who published it, not whether it does harm.

## What to do

Nothing. A policy of trust says who may publish a package: see `publisher` in the policy.

## What this rule cannot see

Whether that repository is the right one, or in good hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Attested

_RULE: Final = Rule(
    id="attested", title="The file was published from a repository that is named", severity=Severity.NOTE
)


def _detect(fact: Attested) -> Iterator[Finding]:
    if fact.state == "holds":
        message = f"published by {shown(fact.publisher)}: {fact.detail}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Attested, detect=_detect)
