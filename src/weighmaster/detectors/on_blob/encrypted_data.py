"""A file is encrypted, or nobody can tell it from one that is.

Its bytes are of no format that is known, and spread as only a cipher or chance spreads them; or they begin as those of
a program for encryption do. Whatever decrypts them decides what they are: weights that nobody could vet, or code.

## What to do

Ask for the plain file. If it must be encrypted, decrypt it where nothing can happen, and vet what comes out.

## What this rule cannot see

Encrypted bytes inside a format that is known, such as tensors that hold a ciphertext. What is merely compressed, in a
way that nobody here knows, may look the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Blob

_RULE: Final = Rule(id="encrypted-data", title="A file that may be encrypted", severity=Severity.MEDIUM, cwe=506)


def _detect(fact: Blob) -> Iterator[Finding]:
    if fact.form == "encrypted":
        message = f"{fact.size} bytes are encrypted ({fact.detail})"
    elif fact.form == "random":
        message = f"{fact.size} bytes of no known kind are as random as encrypted ones ({fact.entropy} bits each)"
    else:
        return
    yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Blob, detect=_detect)
