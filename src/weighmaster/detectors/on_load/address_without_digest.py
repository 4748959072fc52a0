"""Source fetches a file of weights from an address and compares it with no digest.

Whoever holds the address, or stands between, decides what the program loads. Over plain HTTP that is anybody on the
way.

## What to do

Give the digest: `hash_prefix=`, `check_hash=True` with a digest in the name, `file_hash=`, `known_hash=`. Use HTTPS.

## What this rule cannot see

Digests that are compared later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import has_digest, is_test, place_of, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="address-without-digest",
    title="Weights are fetched from an address, and nothing says what they are",
    severity=Severity.LOW,
    cwe=494,
)


def _detect(fact: Load) -> Iterator[Finding]:
    if place_of(fact) != "address" or has_digest(fact) or is_test(path_of(fact.where)):
        return
    plain = " over plain HTTP" if fact.target.lower().startswith(("http:", "ftp:")) else ""
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"{told(fact)}{plain}: no digest is given",
        confidence=Confidence.HIGH,
        evidence=(fact,),
    )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
