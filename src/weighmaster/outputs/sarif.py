"""SARIF 2.1.0, with what code hosts ask for: fingerprints, rule help, severities, relative addresses, suppressions.

Specification: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html (the numbers below are its clauses).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from weighmaster.extend.contract import record
from weighmaster.extend.output import Output, Style
from weighmaster.extend.showing import encodable, identity, plain, summary
from weighmaster.model.finding import Rule, Severity
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.verdict import Judged, Vetted
from weighmaster.model.where import Member, Span, Where
from weighmaster.version import VERSION

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: Final = {
    Severity.NOTE: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
_SCORES: Final = {
    Severity.NOTE: "0.1",
    Severity.LOW: "2.5",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
"""What GitHub shows as low (below 4), medium (below 7), high (below 9) and critical."""
_FAILED: Final = frozenset({GapReason.DEFECT, GapReason.CRASHED, GapReason.INTERRUPTED})


def _render(vetted: Sequence[Vetted], style: Style) -> str:
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(vetted, style.pages)]}, indent=2) + "\n"


def _run(vetted: Sequence[Vetted], pages: Mapping[str, str]) -> dict[str, Any]:
    rules = {judged.finding.rule.id: judged.finding.rule for one in vetted for judged in one.verdict.findings}
    index = {id: number for number, id in enumerate(sorted(rules))}
    gaps = [(one.report, gap) for one in vetted for gap in one.report.gaps]
    return {
        "tool": {
            "driver": {
                "name": "weighmaster",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": [_rule(rules[id], pages.get(id, "")) for id in index],
                "notifications": [
                    {"id": reason.value, "shortDescription": {"text": f"not read: {reason}"}} for reason in GapReason
                ],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not any(gap.reason in _FAILED for _, gap in gaps),
                "toolExecutionNotifications": [_notification(report, gap) for report, gap in gaps],
            }
        ],
        "columnKind": "utf16CodeUnits",
        "artifacts": _unique(artifact for one in vetted for artifact in _artifacts(one.report)),
        "results": [
            _result(one.report, judged, index[judged.finding.rule.id])
            for one in vetted
            for judged in one.verdict.findings
        ],
        "properties": {"targets": [_target(one) for one in vetted]},
    }


def _unique(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    # The schema wants each artifact once; the same file may lie in two targets.
    return list({json.dumps(value): value for value in values}.values())


def _target(vetted: Vetted) -> dict[str, Any]:
    whole = record(vetted)
    return {key: whole[key] for key in ("target", "verdict", "policy", "summary")}


def _rule(rule: Rule, page: str) -> dict[str, Any]:
    tags = ["security"] if rule.cwe is None else ["security", f"external/cwe/cwe-{rule.cwe}"]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": summary(page) or rule.title},
        "help": {"text": page or rule.title, "markdown": page or rule.title},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": tags, "precision": "high", "security-severity": _SCORES[rule.severity]},
    }


def _result(report: Report, judged: Judged, index: int) -> dict[str, Any]:
    finding = judged.finding
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": _LEVELS[judged.severity],
        "kind": "fail",
        "message": {"text": plain(finding.message)},
        "locations": [_location(report, finding.where)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{_fingerprint(judged)}:1",
            "weighmasterFinding/v1": _fingerprint(judged),
        },
        "suppressions": [{"kind": "external", "justification": encodable(judged.waived)}] if judged.waived else [],
        "properties": {
            "id": identity(finding),
            "severity": judged.severity.word,
            "confidence": finding.confidence.word,
            "where": str(finding.where),
        },
    }


def _fingerprint(judged: Judged) -> str:
    """Name the finding so that it is the same one when the bytes around it move (3.27.17)."""
    finding = judged.finding
    members = [step.name for step in finding.where.steps if isinstance(step, Member)]
    text = "\0".join((finding.rule.id, finding.where.root, *members, finding.message))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _notification(report: Report, gap: Gap) -> dict[str, Any]:
    return {
        "descriptor": {"id": gap.reason.value},
        "level": "error" if gap.reason in _FAILED else "warning",
        "message": {"text": f"{gap.where} was not read: {plain(gap.detail)}"},
        "locations": [_location(report, gap.where)],
    }


def _location(report: Report, where: Where) -> dict[str, Any]:
    return {
        "physicalLocation": {"artifactLocation": {"uri": _uri(report, where)}, "region": _region(where)},
        "logicalLocations": [{"fullyQualifiedName": str(where), "kind": "object"}],
    }


def _region(where: Where) -> dict[str, Any]:
    # Code hosts show nothing that has no line, and a model file has none.
    region: dict[str, Any] = {"startLine": 1}
    spans = [step for step in where.steps if isinstance(step, Span)]
    if spans and len(spans) == len(where.steps):
        start = sum(span.start for span in spans)
        region |= {"byteOffset": start, "byteLength": max(0, spans[-1].end - spans[-1].start)}
    return region


def _artifacts(report: Report) -> Iterator[dict[str, Any]]:
    for artifact in report.artifacts:
        if not artifact.where.steps:
            yield {
                "location": {"uri": _uri(report, artifact.where)},
                "length": artifact.size,
                "hashes": {"sha-256": artifact.sha256} if artifact.sha256 else {},
                "properties": {"formats": list(artifact.formats), "digest": artifact.digest},
            }


def _uri(report: Report, where: Where) -> str:
    """Return the address of a file: of one on this machine as seen from the folder that targets are named in."""
    from urllib.parse import quote

    scheme, mark, rest = report.target.partition("://")
    if mark and scheme.isalnum():
        # It lies elsewhere, where its address is the same for all.
        inside = "" if rest.endswith(f"/{where.root}") else f"/{where.root}"
        return f"{scheme}://{quote(rest + inside, safe='/@:?&=%+')}"
    target = report.target.replace("\\", "/")
    parts = [part for part in target.split("/") if part not in {"", ".", ".."}]
    if target.startswith("/"):
        parts = parts[-1:]
    if parts and parts[-1] == where.root:
        parts.pop()
    # A first part with a colon would read as a scheme: quote escapes it.
    path = "/".join((*parts, where.root))
    try:
        raw = path.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # a half of a surrogate pair that stands for no byte of a file name
        raw = path.encode(errors="surrogatepass")
    return quote(raw, safe="/") or "."


OUTPUT: Final = Output(id="sarif", title="SARIF 2.1.0, for code hosts and editors", render=_render)
