"""The contract `weighmaster.report/1`: what was vetted, as plain dictionaries, lists and texts."""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.showing import encodable, facts, identity
from weighmaster.model.fact import Artifact
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Judged, Vetted
from weighmaster.version import VERSION

SCHEMA: Final = "weighmaster.report/1"


def record(vetted: Vetted) -> dict[str, Any]:
    """Return one target's report and verdict as the contract says."""
    report, verdict = vetted.report, vetted.verdict
    return {
        "schema": SCHEMA,
        "tool": {"name": "weighmaster", "version": VERSION},
        "target": encodable(report.target),
        "verdict": verdict.outcome.value,
        "policy": {"id": verdict.policy, "because": [encodable(sentence) for sentence in verdict.because]},
        "summary": {
            "files": report.files,
            "examined": report.examined,
            "unread": len(report.gaps),
            "excluded": report.excluded,
            "partial": report.partial,
        },
        "artifacts": [_artifact(artifact) for artifact in report.artifacts],
        "findings": [_finding(judged) for judged in verdict.findings],
        "gaps": [_gap(gap) for gap in report.gaps],
    }


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "where": str(artifact.where),
        "size": artifact.size,
        "sha256": artifact.sha256 or None,
        "digest": artifact.digest,
        "formats": list(artifact.formats),
    }


def _finding(judged: Judged) -> dict[str, Any]:
    finding = judged.finding
    return {
        "id": identity(finding),
        "rule": finding.rule.id,
        "severity": judged.severity.word,
        "confidence": finding.confidence.word,
        "where": str(finding.where),
        "message": encodable(finding.message),
        "evidence": [{"fact": kind, **values} for kind, values in facts(finding)],
        "cwe": None if finding.rule.cwe is None else f"CWE-{finding.rule.cwe}",
        "waived": None if judged.waived is None else encodable(judged.waived),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"where": str(gap.where), "reason": gap.reason.value, "detail": encodable(gap.detail)}
