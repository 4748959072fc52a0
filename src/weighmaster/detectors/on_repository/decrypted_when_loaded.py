"""A target carries bytes that are encrypted, and source that decrypts what it then loads or runs.

Nobody can vet such bytes: what they are is decided by the source, with a key that may come from anywhere. This is how
weights with a payload get past every scanner; those who sell weights do the same to keep them from being copied.

## What to do

Ask for the plain file. Or run the decryption alone, where nothing can happen, and vet what comes out of it.

## What this rule cannot see

Decryption with a cipher of somebody's own making, a key that comes later, bytes that a weak cipher leaves uneven.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.packages import owner_of
from weighmaster.knowledge.repository import path_of
from weighmaster.model.fact import Use
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Blob
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where

_RULE: Final = Rule(
    id="decrypted-when-loaded", title="Encrypted bytes beside source that decrypts and loads",
    severity=Severity.HIGH, cwe=506,
)  # fmt: skip
_FORMS: Final = frozenset({"encrypted", "opaque", "random"})
_DEEDS: Final = frozenset({"decrypts-and-loads", "decrypts-and-runs"})
_MOST: Final = 20


def _detect(whole: Repository) -> Iterator[Finding]:
    deeds: dict[Where | None, Use] = {}
    for fact in whole.facts:
        if isinstance(fact, Use) and not fact.module and fact.name in _DEEDS:
            deeds.setdefault(_owner(whole, fact), fact)
    blobs = [fact for fact in whole.facts if isinstance(fact, Blob) and fact.form in _FORMS] if deeds else []
    for blob in blobs[:_MOST]:
        deed = deeds.get(_owner(whole, blob))
        if deed is not None:
            place = f"{path_of(deed.where)}, line {deed.line}," if deed.line else path_of(deed.where)
            message = f"{blob.size} bytes may be encrypted, and {place} makes objects out of what it decrypts"
            yield Finding(
                rule=_RULE, where=blob.where, message=message, confidence=Confidence.MEDIUM, evidence=(blob, deed)
            )


def _owner(whole: Repository, fact: Blob | Use) -> Where | None:
    package = owner_of(whole, path_of(fact.where))
    return None if package is None else package.where


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
