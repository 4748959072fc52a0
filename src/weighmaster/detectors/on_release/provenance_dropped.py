"""The release before came with attestations, and this one has none.

Attestations (PEP 740) say from which repository and workflow a file was published. A project that has them publishes
by a machine; a file without one was uploaded by hand, with a token that can be stolen: so were releases that turned
out to hold malware.

## What to do

Look for the release in the project's own repository: a tag, a run of its workflow, a note. Until then take the release
before.

## What this rule cannot see

Indexes that pass on no attestations. Whether one that is there holds: see `attestation-broken`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="provenance-dropped",
    title="The release has no attestations, and the one before had them",
    severity=Severity.MEDIUM,
    cwe=345,
)


def _detect(fact: Release) -> Iterator[Finding]:
    if fact.previous_provenance and not fact.provenance:
        message = f"{fact.name} {fact.version} has no attestation, and {fact.previous} had one for every file"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
