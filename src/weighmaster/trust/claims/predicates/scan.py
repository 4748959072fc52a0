"""A scan by this program: what looked, by which policy, what it found, and what it could not read.

It is made of a report on exactly the bytes that the statement is about: a file whose digest in the report is another is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from weighmaster.extend.showing import count, encodable
from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.fact import Artifact
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Judged, Outcome, Vetted
from weighmaster.model.where import Where
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate
from weighmaster.trust.manifests.manifest import EVIDENCE, Manifest
from weighmaster.version import VERSION

_TYPE: Final = "urn:weighmaster:scan:v1"
_LISTED: Final = 10_000
"""Findings and gaps that are written; `summary` counts all."""


class Scan(Meaning):
    """What a scan says."""

    outcome: str
    tool: str
    version: str
    policy: str
    findings: int
    unread: int


def build(vetted: Vetted, manifest: Manifest, *, at: datetime) -> dict[str, Any]:
    """Return a predicate.

    Raises:
        TrustError: the report is of other bytes than the manifest.
    """
    check_same(vetted.report.artifacts, vetted.report.gaps, manifest)
    report, verdict = vetted.report, vetted.verdict
    digests = {artifact.where: artifact.sha256 for artifact in report.artifacts}
    return {
        "tool": {"name": "weighmaster", "version": VERSION},
        "policy": {"id": verdict.policy, "because": [encodable(sentence) for sentence in verdict.because]},
        "outcome": verdict.outcome.value,
        "summary": {
            "files": report.files,
            "examined": report.examined,
            "findings": len(verdict.findings),
            "unread": len(report.gaps),
            "excluded": report.excluded,
            "partial": report.partial,
        },
        "findings": [_finding(judged, digests) for judged in verdict.findings[:_LISTED]],
        "gaps": [_gap(gap) for gap in report.gaps[:_LISTED]],
        "scannedOn": read.written(at),
    }


def check_same(artifacts: Iterable[Artifact], gaps: Iterable[Gap], manifest: Manifest) -> None:
    """Hold what a look saw to the bytes of a manifest: what was looked at is what is signed, and all of it.

    A file that was not read, as a gap says, may have no digest.

    Raises:
        TrustError: a file has other bytes, or is in one of the two alone.
    """
    seen = {one.where.root: one.sha256 for one in artifacts if not one.where.steps and one.digest == "computed"}
    unread = {gap.where.root for gap in gaps if not gap.where.steps}
    entries = manifest.by_path
    for path, entry in entries.items():
        found = seen.get(path, "")
        if found and found != entry.sha256:
            raise TrustError(f"{path} changed after it was looked at: its SHA-256 was {found} and is {entry.sha256}")
        if not found and path not in unread:
            raise TrustError(f"{path} was not looked at: its report would be of other files")
    if gone := sorted(seen.keys() - entries.keys() - EVIDENCE):
        raise TrustError(f"{gone[0]} was looked at, and is no part of the artifact")


def _finding(judged: Judged, digests: dict[Where, str]) -> dict[str, Any]:
    finding = judged.finding
    return read.without_empty(
        {
            "rule": finding.rule.id,
            "severity": judged.severity.word,
            "confidence": finding.confidence.word,
            "where": str(finding.where),
            "sha256": _nearest(finding.where, digests),
            "message": encodable(finding.message),
            "waived": None if judged.waived is None else encodable(judged.waived),
        }
    )


def _nearest(where: Where, digests: dict[Where, str]) -> str:
    """Return the digest of the innermost artifact around a place."""
    for length in range(len(where.steps), -1, -1):
        if found := digests.get(Where(root=where.root, steps=where.steps[:length])):
            return found
    return ""


def _gap(gap: Gap) -> dict[str, Any]:
    return {"where": str(gap.where), "reason": gap.reason.value, "detail": encodable(gap.detail)}


def _read(record: Record) -> Scan:
    tool, policy, summary = (read.inner(record, key) for key in ("tool", "policy", "summary"))
    outcome = record.get("outcome", str)
    if outcome not in set(Outcome):
        raise UnreadableError(f"predicate.outcome: one of {', '.join(Outcome)} wanted")
    findings, unread = _number(summary, "findings"), _number(summary, "unread")
    for one in read.each(record, "findings", needed=True):
        for key in ("rule", "severity", "where", "message"):
            one.get(key, str)
    for one in read.each(record, "gaps", needed=True):
        for key in ("where", "reason"):
            one.get(key, str)
    if outcome == Outcome.ALLOW and unread:
        raise UnreadableError("predicate.outcome: it allows what it did not read")
    name, version = read.text(tool, "name"), read.text(tool, "version")
    said = f"{count(findings, 'finding')}, {unread} not read"
    return Scan(
        line=f"{outcome} by {name} {version} under {read.text(policy, 'id')}: {said}",
        slot=f"{name}\0{policy.get('id', str)}",
        issued=read.moment(record, "scannedOn"),
        against="" if outcome == Outcome.ALLOW else f"its outcome is {outcome}",
        outcome=outcome,
        tool=name,
        version=version,
        policy=policy.get("id", str),
        findings=findings,
        unread=unread,
    )


def _number(record: Record, key: str) -> int:
    found = record.get(key, int)
    if found < 0:
        raise UnreadableError(f"{record.path}.{key}: a number below 0")
    return found


PREDICATE: Final = Predicate(id="scan", types=(_TYPE,), title="scan report", read=_read)
