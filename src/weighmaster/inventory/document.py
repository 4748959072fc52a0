"""An inventory as a CycloneDX document (1.6, 1.7) and as plain JSON.

The application is the target; models, data sets and packages are its components, each with the places where source
loads it. What is wrong with the way it is loaded stands in the properties `weighmaster:wrong`.
Specification: <https://cyclonedx.org/docs/1.6/json/>.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from weighmaster.bom.properties import property_of, text
from weighmaster.bom.reading import hub_purl
from weighmaster.inventory.summary import place
from weighmaster.inventory.uses import Held, Inventory, Used
from weighmaster.knowledge.loads.load_targets import is_commit, line_of
from weighmaster.model.finding import Finding
from weighmaster.model.package import Load
from weighmaster.version import VERSION

MAIN: Final = "application"
_SPACE: Final = uuid.UUID("f1a7a3f4-91f5-5a5e-9d0c-6a0b8d7b52c1")
_TYPES: Final = MappingProxyType({"dataset": "data", "hub-code": "library"})
_MOST: Final = 1_000


def document(it: Inventory, *, spec_version: str = "1.6", timestamp: datetime) -> dict[str, Any]:
    """Return an inventory as a CycloneDX document; `timestamp` is when it was made, with a time zone."""
    components = [*_used(it), *_held(it), *_packages(it), *_imported(it)]
    name = os.path.basename(os.path.abspath(it.target)) or it.target
    refs = [component["bom-ref"] for component in components]
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{spec_version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": spec_version,
        "serialNumber": f"urn:uuid:{_identity(name, components)}",
        "version": 1,
        "metadata": {
            "timestamp": timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "weighmaster", "version": VERSION}]},
            "component": {"type": "application", "bom-ref": MAIN, "name": text(name), "properties": list(_whole(it))},
        },
        "components": components,
        "dependencies": [{"ref": MAIN, "dependsOn": refs}, *({"ref": ref} for ref in refs)],
        "compositions": [{"aggregate": "incomplete" if _is_open(it) else "complete", "assemblies": [MAIN]}],
    }


def _is_open(it: Inventory) -> bool:
    return bool(it.gaps or it.unresolved or it.unknown or it.excluded)


def _identity(name: str, components: list[dict[str, Any]]) -> uuid.UUID:
    return uuid.uuid5(_SPACE, text(f"{name}\n{components!r}"))


def _whole(it: Inventory) -> Iterator[dict[str, str]]:
    yield property_of("files-of-source", str(it.sources))
    if it.unresolved:
        yield property_of("loads-not-resolved", str(len(it.unresolved)))
    for load in it.unresolved[:_MOST]:
        yield property_of("load-not-resolved", f"{place(load)} {load.loader}")
    for finding in it.about_all:
        yield property_of("wrong", f"{finding.rule.id}: {finding.message}")
    for gap in it.gaps[:_MOST]:
        yield property_of("not-read", f"{gap.where}: {gap.detail}")
    for note in it.notes:
        yield property_of("note", note)
    if it.unknown:
        yield property_of("files-of-unknown-format", str(it.unknown))
    if it.excluded:
        yield property_of("files-left-out", str(it.excluded))


def _used(it: Inventory) -> Iterator[dict[str, Any]]:
    for number, one in enumerate((*it.used, *it.files)):
        found: dict[str, Any] = {
            "type": _TYPES.get(one.kind, "machine-learning-model") if one.place != "path" else "file",
            "bom-ref": f"used:{number}",
            "name": text(one.name),
        }
        versions = [version for version in one.versions if version not in {"", "?"}]
        if len(versions) == 1 == len(one.versions):
            found["version"] = text(versions[0])
        if one.place == "hub":
            found["purl"] = _purl(one, versions)
        if one.place == "service":
            found["scope"] = "required"
        found["evidence"] = {"occurrences": [_occurrence(load) for load in one.loads[:_MOST]]}
        found["properties"] = list(_of_used(one))
        yield found


def _purl(one: Used, versions: list[str]) -> str:
    """Return the package URL of a repository: a version only where it is one that nobody can move."""
    fixed = versions[0] if len(versions) == 1 == len(one.versions) and is_commit(versions[0]) else ""
    return hub_purl(one.name, fixed)


def _occurrence(load: Load) -> dict[str, Any]:
    found: dict[str, Any] = {"location": text(str(load.where))}
    if line_of(load):
        found["line"] = line_of(load)
    found["symbol"] = text(load.loader)
    return found


def _of_used(one: Used) -> Iterator[dict[str, str]]:
    yield property_of("kind", one.kind)
    yield property_of("from", one.place)
    if "" in one.versions:
        yield property_of("version", "none is asked for")
    for resolved in sorted({load.resolved for load in one.loads}):
        yield property_of("resolved", resolved)
    if one.in_tests:
        yield property_of("in-tests", "true")
    for wrong in dict.fromkeys(f"{finding.rule.severity.word} {finding.rule.id}" for finding in one.wrong):
        yield property_of("wrong", wrong)


def _held(it: Inventory) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(it.held):
        found: dict[str, Any] = {
            "type": "machine-learning-model",
            "bom-ref": f"held:{number}",
            "name": text(one.origin or one.path.rpartition("/")[2]),
        }
        if one.version:
            found["version"] = text(one.version)
        if one.sha256:
            found["hashes"] = [{"alg": "SHA-256", "content": one.sha256}]
        if "/" in one.origin and is_commit(one.version):
            found["purl"] = hub_purl(one.origin, one.version)
        found["evidence"] = {"occurrences": [{"location": text(one.path)}]}
        found["properties"] = list(_of_held(one))
        yield found


def _of_held(one: Held) -> Iterator[dict[str, str]]:
    yield property_of("size", str(one.size))
    yield property_of("formats", ", ".join(one.formats) or "unknown")
    if one.parameters:
        yield property_of("parameters", str(one.parameters))
    if one.package:
        yield property_of("package", one.package)


def _packages(it: Inventory) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(it.packages):
        found: dict[str, Any] = {"type": "library", "bom-ref": f"package:{number}", "name": text(one.name)}
        if one.version:
            found["version"] = text(one.version)
        if one.by == "conda-meta":
            found["purl"] = _purl_of("conda", one.name, one.version)
        elif not one.by.startswith("conda"):
            found["purl"] = _pypi(one.name, one.version)
        found["evidence"] = {"occurrences": [{"location": text(path)} for path in one.paths[:_MOST]]}
        found["properties"] = [property_of("source:name", one.by)]
        if one.specifier:
            found["properties"].append(property_of("required", one.specifier))
        yield found


def _imported(it: Inventory) -> Iterator[dict[str, Any]]:
    """Yield the packages that source imports and nothing asks for."""
    for number, one in enumerate(one for one in it.imported if not one.asked):
        found: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"imported:{number}",
            "name": text(one.packages[0] if one.packages else one.module),
        }
        if one.packages:
            found["purl"] = _pypi(one.packages[0], "")
        found["evidence"] = {"occurrences": [{"location": text(path)} for path in one.paths[:_MOST]]}
        found["properties"] = [property_of("source:name", "import"), property_of("imported-as", one.module)]
        found["properties"] += (property_of("or-package", name) for name in one.packages[1:])
        found["properties"].append(property_of("asked-for", "nowhere"))
        if one.alike:
            found["properties"].append(property_of("looks-like", one.alike))
        if one.in_tests:
            found["properties"].append(property_of("in-tests", "true"))
        yield found


def _pypi(name: str, version: str) -> str:
    return _purl_of("pypi", name, version)


def _purl_of(sort: str, name: str, version: str) -> str:
    from urllib.parse import quote

    versioned = f"@{quote(text(version), safe='.-_')}" if version else ""
    return f"pkg:{sort}/{quote(text(name), safe='.-')}{versioned}"


def record(it: Inventory) -> dict[str, Any]:
    """Return an inventory as values that JSON can hold."""
    return {
        "target": text(it.target),
        "used": [_record(one) for one in (*it.used, *it.files)],
        "unresolved": [_load(load, it.wrong[load]) for load in it.unresolved],
        "models": [
            {"path": text(one.path), "size": one.size, "sha256": one.sha256, "formats": list(one.formats),
             "parameters": one.parameters, "origin": text(one.origin), "version": text(one.version),
             "package": text(one.package)}
            for one in it.held
        ],
        "packages": [
            {"name": text(one.name), "version": text(one.version), "specifier": text(one.specifier), "by": one.by,
             "paths": [text(path) for path in one.paths]}
            for one in it.packages
        ],
        "imported": [
            {"module": text(one.module), "packages": list(one.packages), "known_by": one.how,
             "asked_for": [text(path) for path in one.asked], "paths": [text(path) for path in one.paths],
             "in_tests": one.in_tests, "looks_like": one.alike}
            for one in it.imported
        ],
        "about_all": [_wrong(finding) for finding in it.about_all],
        "not_read": [
            {"place": text(str(gap.where)), "reason": gap.reason.value, "detail": text(gap.detail)} for gap in it.gaps
        ],
        "notes": [text(note) for note in it.notes],
        "files_of_source": it.sources,
        "files_of_unknown_format": it.unknown,
        "files_left_out": it.excluded,
    }  # fmt: skip


def _record(one: Used) -> Mapping[str, Any]:
    by_load: dict[Load, list[Finding]] = {}
    for finding in one.wrong:
        for fact in finding.evidence:
            if isinstance(fact, Load):
                by_load.setdefault(fact, []).append(finding)
    return {
        "name": text(one.name),
        "kind": one.kind,
        "from": one.place,
        "versions": [text(version) for version in one.versions],
        "in_tests": one.in_tests,
        "loads": [_load(load, by_load.get(load, ())) for load in one.loads],
    }


def _load(load: Load, wrong: Any) -> dict[str, Any]:
    return {
        "place": text(str(load.where)),
        "line": line_of(load),
        "loader": text(load.loader),
        "kind": load.kind,
        "resolved": load.resolved,
        "revision": text(load.revision),
        "options": [text(option) for option in load.options],
        "when": load.when,
        "wrong": [_wrong(finding) for finding in wrong],
    }


def _wrong(finding: Finding) -> dict[str, str]:
    return {"rule": finding.rule.id, "severity": finding.rule.severity.word, "message": text(finding.message)}
