"""A text carries bytes that are encrypted, or that nobody can tell from encrypted ones.

A kilobyte or more stands in Base64 or hexadecimal, is of no kind that is known, and is spread as only a cipher or
chance spreads bytes. Keys, digests and test vectors look like that, and so does a payload that the code beside it
decrypts; that code is judged on its own.

## What to do

Find what reads it. Numbers for a test are harmless; what is decrypted and then run or loaded is not.

## What this rule cannot see

What the bytes are. Bytes that a weak code leaves uneven, such as another letter for each, look like data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Blob

_RULE: Final = Rule(
    id="opaque-constant", title="A text carries bytes that may be encrypted", severity=Severity.LOW, cwe=506
)


def _detect(fact: Blob) -> Iterator[Finding]:
    if fact.form == "opaque":
        message = f"{fact.size} characters of {fact.detail}, of no kind that is known"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Blob, detect=_detect)
