"""A list of recalls in the words of others: OSV records, and CycloneDX VEX.

Specifications: <https://ossf.github.io/osv-schema/>, <https://cyclonedx.org/docs/1.6/json/>. Neither knows of
tree digests or of recalled signers; these stand in `database_specific` and in `properties`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.trust.claims.predicate import without_empty, written
from weighmaster.trust.recall.entries import Action, Kind, Recall, RecallList
from weighmaster.version import VERSION

_OSV: Final = "1.7.0"
_SUMMARY: Final = 120
_TYPES: Final = {
    Kind.FILE: "file",
    Kind.TREE: "machine-learning-model",
    Kind.BASE: "machine-learning-model",
    Kind.NAME: "machine-learning-model",
    Kind.DATASET: "data",
    Kind.KEY: "cryptographic-asset",
    Kind.CERTIFICATE: "cryptographic-asset",
    Kind.IDENTITY: "application",
}


def osv(recalls: RecallList) -> list[dict[str, Any]]:
    """Return a record for each entry, withdrawn ones too."""
    return [_osv(entry) for entry in recalls.entries]


def vex(recalls: RecallList) -> dict[str, Any]:
    """Return a CycloneDX 1.6 document that says of each entry that it is affected, or no longer."""
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_uuid(recalls)}",
        "version": max(1, recalls.sequence),
        "metadata": {"tools": {"components": [{"type": "application", "name": "weighmaster", "version": VERSION}]}},
        "components": [_component(entry) for entry in recalls.entries],
        "vulnerabilities": [_vulnerability(entry) for entry in recalls.entries],
    }
    if recalls.updated:
        document["metadata"]["timestamp"] = written(recalls.updated)
    return document


def _osv(entry: Recall) -> dict[str, Any]:
    line = entry.reason.strip().partition("\n")[0]
    affected: dict[str, Any] = {"database_specific": _specific(entry)}
    if entry.versions.startswith("==") and "," not in entry.versions:
        affected["versions"] = [entry.versions.removeprefix("==").strip()]
    return without_empty(
        {
            "schema_version": _OSV,
            "id": entry.id,
            "modified": written(entry.withdrawn or entry.added),
            "published": written(entry.added),
            "withdrawn": written(entry.withdrawn) if entry.withdrawn else "",
            "aliases": [entry.advisory] if entry.advisory and entry.advisory != entry.id else [],
            "summary": line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1]}…",
            "details": "\n\n".join(_details(entry)),
            "affected": [affected],
            "references": [{"type": "ADVISORY", "url": entry.url}] if entry.url else [],
        }
    )


def _details(entry: Recall) -> Iterator[str]:
    yield entry.reason
    yield f"Recalled: {entry.what}. Action: {entry.action}."
    if entry.replacement:
        yield f"Use {entry.replacement} in its place."
    if entry.since:
        yield f"What was signed before {written(entry.since)}, by a trusted clock, still counts."
    if entry.withdrawn:
        yield f"Withdrawn: {entry.withdrawal}"


def _specific(entry: Recall) -> dict[str, Any]:
    return without_empty(
        {
            "kind": str(entry.kind),
            "value": entry.value,
            "issuer": entry.issuer,
            "versions": entry.versions,
            "action": str(entry.action),
            "replacement": entry.replacement,
            "since": written(entry.since) if entry.since else "",
        }
    )


def _component(entry: Recall) -> dict[str, Any]:
    component: dict[str, Any] = {"type": _TYPES[entry.kind], "bom-ref": f"what-{entry.id}", "name": entry.value}
    if entry.kind is Kind.FILE:
        component["hashes"] = [{"alg": "SHA-256", "content": entry.value}]
    if entry.kind in {Kind.KEY, Kind.CERTIFICATE}:
        what = "related-crypto-material" if entry.kind is Kind.KEY else "certificate"
        component["cryptoProperties"] = {"assetType": what}
    if entry.value.startswith("pkg:"):
        component["purl"] = entry.value
    component["properties"] = [
        {"name": f"weighmaster:recall:{name}", "value": value} for name, value in _specific(entry).items()
    ]
    return component


def _vulnerability(entry: Recall) -> dict[str, Any]:
    affects: dict[str, Any] = {"ref": f"what-{entry.id}"}
    if entry.versions:
        bounds = "|".join(clause.strip() for clause in entry.versions.split(","))
        status = "unaffected" if entry.withdrawn else "affected"
        affects["versions"] = [{"range": f"vers:generic/{bounds}", "status": status}]
    return without_empty(
        {
            "bom-ref": entry.id,
            "id": entry.advisory or entry.id,
            "source": without_empty({"name": "recall list", "url": entry.url}),
            "description": entry.reason,
            "recommendation": f"Use {entry.replacement} in its place." if entry.replacement else "",
            "advisories": [{"title": entry.advisory or entry.id, "url": entry.url}] if entry.url else [],
            "created": written(entry.added),
            "updated": written(entry.withdrawn or entry.added),
            "rejected": written(entry.withdrawn) if entry.withdrawn else "",
            "analysis": _analysis(entry),
            "affects": [affects],
        }
    )


def _analysis(entry: Recall) -> dict[str, Any]:
    if entry.withdrawn:
        return {"state": "false_positive", "detail": entry.withdrawal}
    state = "exploitable" if entry.action is Action.BLOCK else "in_triage"
    found: dict[str, Any] = {"state": state, "detail": f"Action: {entry.action}."}
    return found | ({"response": ["update"]} if entry.replacement else {})


def _uuid(recalls: RecallList) -> uuid.UUID:
    """Return the same number for the same entries: nothing random, and no clock."""
    ids = "\n".join(f"{entry.id} {entry.kind} {entry.value}" for entry in recalls.entries)
    return uuid.UUID(bytes=hashlib.sha256(ids.encode()).digest()[:16], version=5)
