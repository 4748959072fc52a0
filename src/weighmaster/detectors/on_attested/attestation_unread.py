"""The file has an attestation, and it was not verified here.

What it says of who published the file is not known to be true. Verifying takes a library that is not installed, or
roots that it does not know.

## What to do

`pip install "weighmaster[sigstore]"`, or the policy of trust that names the roots.

## What this rule cannot see

Whether it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.repository import shown
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Attested

_RULE: Final = Rule(
    id="attestation-unread", title="An attestation of the file was not verified", severity=Severity.NOTE, cwe=345
)


def _detect(fact: Attested) -> Iterator[Finding]:
    if fact.state == "unverified":
        message = f"{shown(fact.by)} was not verified: {fact.detail}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Attested, detect=_detect)
