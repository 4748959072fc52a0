"""A blob is not the one that its name says it is.

In an OCI layout every blob is named by its digest, and manifests refer to it by that. Whoever checked the manifest, or
its signature, has checked the digests; bytes that have another digest were put there afterwards.

## What to do

Do not use the layout. Pull it again with a tool that checks digests.

## What this rule cannot see

Blobs that are missing, and layouts inside an archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="blob-is-another", title="A blob that is not the one it is named for", severity=Severity.HIGH, cwe=354
)
_BLOB: Final = pattern(r"(?:.*[/\\])?blobs[/\\]sha256[/\\:-]?([0-9a-f]{64})")


def _detect(fact: Repository) -> Iterator[Finding]:
    for artifact in fact.artifacts:
        named = _BLOB.fullmatch(artifact.where.root) if artifact.sha256 and not artifact.where.steps else None
        if named is not None and named[1] != artifact.sha256:
            message = f"is named by the digest {named[1][:16]}..., and has {artifact.sha256[:16]}..."
            yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=(artifact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
