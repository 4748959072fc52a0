"""A bill of materials as SPDX 3.0.1 has it, in JSON-LD: profiles Core, Software, AI, Dataset and SimpleLicensing.

Specification: <https://spdx.github.io/spdx-spec/v3.0.1/>. Where a word comes from is an annotation of the model, of the
content type `application/json`: field, source, file, and what is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from weighmaster.bom.completeness import sentences
from weighmaster.bom.cyclonedx import identity, pypi_purl
from weighmaster.bom.inventory import Dataset, File, Inventory, Origin, Said
from weighmaster.bom.properties import counted, text
from weighmaster.bom.reading import hub_purl
from weighmaster.knowledge.licences import expression, spdx
from weighmaster.knowledge.remote_code import another_repository
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM
from weighmaster.version import VERSION

CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION: Final = "_:creation"
_PURPOSES: Final = MappingProxyType({
    "weights": "model", "adapter": "model", "code": "source", "configuration": "configuration", "card": "documentation",
    "documentation": "documentation", "data": "data", "tokenizer": "data", "licence": "documentation",
    "template": "configuration", "other": "other",
})  # fmt: skip
_HYPER: Final = (
    "parameters", "dtype", "quantization", "context-length", "vocabulary", "layers", "width", "experts", "tokenizer",
    "file-type", "model-type",
)  # fmt: skip
_REFERENCE: Final = re.compile(r"[^A-Za-z0-9.-]+")


def document(it: Inventory, *, timestamp: datetime) -> dict[str, Any]:
    """Return an inventory as an SPDX document; `timestamp` is when it was made, with a time zone."""
    return _Document(it, timestamp).whole()


class _Document:
    """Gathers the elements of one document."""

    def __init__(self, it: Inventory, timestamp: datetime) -> None:
        self._it = it
        self._created = timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._space = f"urn:uuid:{identity(it)}"
        self._elements: list[dict[str, Any]] = []

    def whole(self) -> dict[str, Any]:
        """Return the document."""
        maker = self._add("SoftwareAgent", "weighmaster", name="weighmaster")
        model = self._model()
        self._relate(model, "contains", [self._file(n, file) for n, file in enumerate(self._it.files)])
        self._relate(model, "trainedOn", [self._dataset(n, data) for n, data in enumerate(self._it.datasets)])
        self._relate(model, "descendantOf", [self._origin(n, one) for n, one in enumerate(self._it.origins)])
        self._relate(model, "dependsOn", list(self._packages()))
        self._licences(model)
        self._annotations(model)
        members = [element["spdxId"] for element in self._elements]
        bill = self._add("software_Sbom", "bill", rootElement=[model], element=members, software_sbomType=["analyzed"])
        profiles = ["core", "software", "ai", "dataset", "simpleLicensing"]
        self._add("SpdxDocument", "document", rootElement=[bill], element=[bill, *members], profileConformance=profiles)
        creation = {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": "3.0.1",
            "created": self._created,
            "createdBy": [maker],
            "comment": f"weighmaster {VERSION}",
        }
        return {"@context": CONTEXT, "@graph": [creation, *self._elements]}

    def _add(self, kind: str, id: str, **fields: Any) -> str:
        """Add an element, and return its identifier; fields without a value are left out."""
        spdx_id = f"{self._space}#{id}"
        said = {name: value for name, value in fields.items() if value not in (None, "", [])}
        self._elements.append({"type": kind, "spdxId": spdx_id, "creationInfo": _CREATION, **said})
        return spdx_id

    def _relate(self, one: str, kind: str, others: list[str]) -> None:
        if others:
            self._add(
                "Relationship",
                f"relationship-{kind}",
                **{"from": one, "to": others, "relationshipType": kind, "completeness": self._completeness(kind)},
            )

    def _completeness(self, kind: str) -> str:
        return "complete" if kind == "contains" and not self._it.gaps else "noAssertion"

    def _model(self) -> str:
        it = self._it
        purl = it.purl.value if it.purl else None
        author = it.value("author")
        authors = [self._add("Agent", "author", name=text(author))] if author else []
        files = it.files if len(it.files) == 1 else ()
        identifier = {
            "type": "ExternalIdentifier",
            "externalIdentifierType": "other",
            "identifier": f"{TREE_ALGORITHM}:{it.tree}",
            "comment": "the digest of all files with their names and sizes",
        }
        return self._add(
            "ai_AIPackage",
            "model",
            name=text(it.name.value),
            description=text(it.value("description") or it.value("section:description")),
            software_packageVersion=text(it.version.value) if it.version else None,
            software_packageUrl=text(purl) if purl else None,
            software_downloadLocation=_address(purl or ""),
            originatedBy=authors,
            software_primaryPurpose="model",
            externalIdentifier=[identifier] if it.tree else [],
            verifiedUsing=[_hash(file.sha256) for file in files if file.sha256],
            ai_typeOfModel=_values(it, "architecture", "model-type"),
            ai_domain=_values(it, "task", "pipeline"),
            ai_hyperparameter=list(self._hyperparameters()),
            ai_metric=[_entry(f"{one.measure} {one.on}".strip(), one.value) for one in it.scores],
            ai_limitation=text(it.value("section:limitations")),
            ai_informationAboutTraining=text(
                it.value("section:training-data") or it.value("section:training-procedure")
            ),
            ai_informationAboutApplication=text(it.value("section:intended-use")),
            comment=text("; ".join(f"{cluster}: {sentence}" for cluster, sentence in sentences(it))),
        )

    def _hyperparameters(self) -> Iterator[dict[str, str]]:
        it = self._it
        if it.parameters is not None:
            yield _entry("parameters", str(it.parameters))
        for field in _HYPER:
            if said := it.value(field):
                yield _entry(field, said)
        for one in it.weights:
            yield _entry(f"weights {one.files[0]}", counted(one))

    def _file(self, number: int, file: File) -> str:
        return self._add(
            "software_File",
            f"file-{number}",
            name=text(file.path),
            software_primaryPurpose=_PURPOSES[file.role],
            verifiedUsing=[_hash(file.sha256)] if file.sha256 else [],
            comment=f"{file.size} bytes; {', '.join(file.formats) or 'a format that is not known'}",
        )

    def _dataset(self, number: int, data: Dataset) -> str:
        manifest = data.manifest
        entries = manifest.entries if manifest else ()
        hub = manifest is None and another_repository(data.name)
        id = self._add(
            "dataset_DatasetPackage",
            f"data-{number}",
            name=text(data.name),
            dataset_datasetType=["noAssertion"],
            dataset_datasetSize=sum(entry.size for entry in entries) if manifest else None,
            software_primaryPurpose="data",
            software_downloadLocation=f"https://huggingface.co/datasets/{data.name}" if hub else None,
            verifiedUsing=[_hash(entries[0].sha256)] if len(entries) == 1 else [],
            comment=f"said by: {data.said.origin}" + (f"; {TREE_ALGORITHM}:{manifest.tree}" if manifest else ""),
        )
        if len(entries) > 1:
            inner = [
                self._add(
                    "software_File",
                    f"data-{number}-{place}",
                    name=entry.path,
                    software_primaryPurpose="data",
                    verifiedUsing=[_hash(entry.sha256)],
                )
                for place, entry in enumerate(entries)
            ]
            fields = {"from": id, "to": inner, "relationshipType": "contains", "completeness": "complete"}
            self._add("Relationship", f"relationship-data-{number}", **fields)
        return id

    def _origin(self, number: int, origin: Origin) -> str:
        name, _, revision = origin.name.partition("@")
        known = another_repository(origin.name)
        return self._add(
            "ai_AIPackage",
            f"base-{number}",
            name=text(origin.name),
            software_primaryPurpose="model",
            software_packageUrl=hub_purl(name, revision) if known else None,
            comment=f"said by: {text(origin.said.origin)}" + (f"; {origin.relation}" if origin.relation else ""),
        )

    def _packages(self) -> Iterator[str]:
        for number, package in enumerate(self._it.packages):
            yield self._add(
                "software_Package",
                f"package-{number}",
                name=text(package.name),
                software_packageVersion=text(package.version),
                software_packageUrl=pypi_purl(package) if package.index else None,
                software_primaryPurpose="library",
                comment=f"said by: {text(package.said.origin)}",
            )

    def _licences(self, model: str) -> None:
        names = list(dict.fromkeys(said.value for said in self._it.fields.get("licence", ()) if said.value))
        declared = [self._licence(number, name) for number, name in enumerate(names)]
        self._relate(model, "hasDeclaredLicense", declared)

    def _licence(self, number: int, name: str) -> str:
        known = spdx(name) or expression(name)
        if known is None:
            # A licence that SPDX does not list: its name is all that is known of it.
            return self._add("simplelicensing_SimpleLicensingText", f"licence-{number}", **_unlisted(name))
        fields = {"simplelicensing_licenseExpression": known}
        return self._add("simplelicensing_LicenseExpression", f"licence-{number}", **fields)

    def _annotations(self, model: str) -> None:
        for number, record in enumerate(_sources(self._it)):
            self._add(
                "Annotation",
                f"annotation-{number}",
                annotationType="other",
                subject=model,
                contentType="application/json",
                statement=json.dumps({key: text(value) for key, value in record.items()}, ensure_ascii=False),
            )


def _address(purl: str) -> str | None:
    """Return where a model can be fetched from, if its package URL is one of a hub."""
    hub, _, revision = purl.removeprefix("pkg:huggingface/").partition("@")
    if hub == purl or not another_repository(hub):
        return None
    return f"https://huggingface.co/{hub}" + (f"/tree/{revision}" if revision.isalnum() else "")


def _unlisted(name: str) -> dict[str, str]:
    id = _REFERENCE.sub("-", name).strip("-") or "unnamed"
    return {"name": f"LicenseRef-{id}", "simplelicensing_licenseText": text(name)}


def _sources(it: Inventory) -> Iterator[dict[str, str]]:
    """Yield where each word comes from, what contradicts it, and what was not read."""
    single = (("name", it.name), ("version", it.version), ("purl", it.purl))
    said: Iterable[tuple[str, Said]] = [(field, one) for field, one in single if one is not None]
    for field, one in said:
        yield _source(field, one)
    if it.parameters is not None:
        yield _source("parameters", Said(value=str(it.parameters), source="bytes"))
    for field, several in it.fields.items():
        for one in several:
            yield _source(field, one)
    for one in it.code:
        yield _source("code", one)
    for who, what in it.contradictions:
        yield {"contradiction": f"{who} {what}"}
    if it.excluded:
        yield {"excluded": str(it.excluded)}
    for gap in it.gaps:
        yield {"gap": str(gap.where), "reason": gap.reason, "detail": gap.detail}


def _source(field: str, said: Said) -> dict[str, str]:
    return {"field": field, "value": said.value, "source": said.source, "file": said.file}


def _values(it: Inventory, *fields: str) -> list[str]:
    return list(dict.fromkeys(text(said.value) for field in fields for said in it.fields.get(field, ())))


def _hash(sha256: str) -> dict[str, str]:
    return {"type": "Hash", "algorithm": "sha256", "hashValue": sha256}


def _entry(key: str, value: str) -> dict[str, str]:
    return {"type": "DictionaryEntry", "key": text(key), "value": text(value)}
