"""A bill of materials as CycloneDX 1.6 and 1.7 have it, in JSON: the model, its files, its data, its origins.

Specification: <https://cyclonedx.org/docs/1.6/json/>, <https://cyclonedx.org/docs/1.7/json/>. Where a word comes from
stands beside it as a property `weighmaster:source:<field>`. The same inventory at the same time gives the same
document: the serial number is made of the tree digest.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from weighmaster.bom.inventory import Dataset, File, Inventory, Origin, Package
from weighmaster.bom.properties import properties, property_of, text
from weighmaster.bom.reading import hub_purl
from weighmaster.knowledge.licences import expression, spdx
from weighmaster.knowledge.remote_code import another_repository
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM
from weighmaster.version import VERSION

VERSIONS: Final = ("1.6", "1.7")
PREDICATE: Final = "https://cyclonedx.org/bom"
"""The type of an in-toto statement whose predicate is such a document."""
MAIN: Final = "model"
_SPACE: Final = uuid.UUID("6f6a4f5c-2f0e-5c43-9d5e-0c9b6f0e2a11")
_TYPES: Final = MappingProxyType({"data": "data", "code": "file"})
_MODALITIES: Final = MappingProxyType({"text": "text", "image": "image", "audio": "audio", "video": "video"})


def document(it: Inventory, *, spec_version: str = "1.6", timestamp: datetime) -> dict[str, Any]:
    """Return an inventory as a CycloneDX document; `timestamp` is when it was made, with a time zone."""
    components = [*_files(it), *_datasets(it), *_origins(it), *_packages(it)]
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{spec_version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": spec_version,
        "serialNumber": f"urn:uuid:{identity(it)}",
        "version": 1,
        "metadata": {
            "timestamp": timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "weighmaster", "version": VERSION}]},
            "component": _model(it),
        },
        "components": components,
        "dependencies": _dependencies(components),
        "compositions": [{"aggregate": "incomplete" if it.gaps else "complete", "assemblies": [MAIN]}],
    }


def identity(it: Inventory) -> uuid.UUID:
    """Return the name of a bill: the same for the same files under the same name."""
    files = it.tree or "\n".join(f"{file.path}\0{file.size}\0{file.sha256}" for file in it.files)
    data = "\n".join(f"{data.name}\0{data.manifest.tree}" for data in it.datasets if data.manifest)
    version = it.version.value if it.version else ""
    return uuid.uuid5(_SPACE, text(f"{it.name.value}\n{version}\n{files}\n{data}"))


def _model(it: Inventory) -> dict[str, Any]:
    """Return the component that the document is about."""
    found: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": MAIN, "name": text(it.name.value)}
    if it.version is not None:
        found["version"] = text(it.version.value)
    if author := it.value("author"):
        found["authors"] = [{"name": text(author)}]
    if described := it.value("description") or it.value("section:description"):
        found["description"] = text(described)
    if len(it.files) == 1 and it.files[0].sha256:
        found["hashes"] = [{"alg": "SHA-256", "content": it.files[0].sha256}]
    if licences := _licences(it):
        found["licenses"] = licences
    if it.purl is not None:
        found["purl"] = text(it.purl.value)
    if it.origins:
        found["pedigree"] = {"ancestors": [_origin(origin, f"ancestor:{n}") for n, origin in enumerate(it.origins)]}
    found["evidence"] = _evidence(it)
    found["modelCard"] = _card(it)
    found["properties"] = list(properties(it))
    return found


def _licences(it: Inventory) -> list[dict[str, Any]]:
    """Return the licences that are declared; a document has either one expression or a list."""
    names = list(dict.fromkeys(said.value for said in it.fields.get("licence", ()) if said.value))
    own = it.value("licence-name")
    if len(names) == 1 and (whole := expression(names[0])):
        return [{"expression": whole, "acknowledgement": "declared"}]
    found = []
    for name in names:
        id_ = spdx(name)
        shown = own if name == "other" and own else name
        found.append({"license": ({"id": id_} if id_ else {"name": text(shown)}) | {"acknowledgement": "declared"}})
    return found


def _evidence(it: Inventory) -> dict[str, Any]:
    """Return where the model was found: its files of weights, and the text of a licence beside them."""
    found: dict[str, Any] = {}
    if it.tree:
        method = {"technique": "binary-analysis", "confidence": 1, "value": f"{TREE_ALGORITHM}:{it.tree}"}
        found["identity"] = [{"field": "hash", "confidence": 1, "methods": [method]}]
    places = [file.path for file in it.files if file.role in {"weights", "adapter"}]
    if places:
        found["occurrences"] = [{"location": text(place)} for place in places]
    texts = [spdx(said.value) or spdx(f"{said.value}-only") or said.value for said in it.fields.get("licence-text", ())]
    if texts:
        found["licenses"] = [
            {"license": {"id": text} if spdx(text) else {"name": text}} for text in dict.fromkeys(texts)
        ]
    return found


def _card(it: Inventory) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if task := it.value("task") or it.value("pipeline"):
        parameters["task"] = text(task)
    if family := it.value("model-type"):
        parameters["architectureFamily"] = text(family)
    if architecture := it.value("architecture"):
        parameters["modelArchitecture"] = text(architecture)
    if it.datasets:
        parameters["datasets"] = [{"ref": f"data:{number}"} for number in range(len(it.datasets))]
    parameters |= _modalities(task)
    found: dict[str, Any] = {"bom-ref": "model-card"}
    if parameters:
        found["modelParameters"] = parameters
    if it.scores:
        metrics = [
            {"type": text(score.measure), "value": text(score.value)} | ({"slice": text(score.on)} if score.on else {})
            for score in it.scores
        ]
        found["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    if considerations := _considerations(it):
        found["considerations"] = considerations
    return found


def _modalities(task: str) -> dict[str, Any]:
    """Return what goes in and out, where the name of the task says both: `image-to-text`, `text-generation`."""
    first, to, second = task.partition("-to-")
    if to and {first, second} <= _MODALITIES.keys():
        return {"inputs": [{"format": first}], "outputs": [{"format": second}]}
    if task in {"text-generation", "fill-mask", "summarization", "translation", "text2text-generation"}:
        return {"inputs": [{"format": "text"}], "outputs": [{"format": "text"}]}
    return {}


def _considerations(it: Inventory) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, field in (("useCases", "intended-use"), ("technicalLimitations", "limitations")):
        if section := it.value(f"section:{field}"):
            found[key] = [text(section)]
    if scope := it.value("section:out-of-scope"):
        found["technicalLimitations"] = [*found.get("technicalLimitations", ()), f"Out of scope: {text(scope)}"]
    if ethics := it.value("section:ethics"):
        found["ethicalConsiderations"] = [{"name": text(ethics)}]
    carbon = [
        property_of(field, said.value)
        for field in ("carbon", "carbon:source", "carbon:training_type", "carbon:geographical_location",
                      "carbon:hardware_used", "section:carbon")
        if (said := it.first(field))
    ]  # fmt: skip
    if carbon:
        found["environmentalConsiderations"] = {"properties": carbon}
    return found


def _files(it: Inventory) -> Iterator[dict[str, Any]]:
    for number, file in enumerate(it.files):
        found: dict[str, Any] = {
            "type": _TYPES.get(file.role, "file"),
            "bom-ref": f"file:{number}",
            "name": text(file.path),
        }
        if file.sha256:
            found["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
        found["properties"] = list(_of_file(file))
        yield found


def _of_file(file: File) -> Iterator[dict[str, str]]:
    yield property_of("size", str(file.size))
    yield property_of("role", file.role)
    if file.formats:
        yield property_of("formats", ", ".join(file.formats))


def _datasets(it: Inventory) -> Iterator[dict[str, Any]]:
    for number, data in enumerate(it.datasets):
        found: dict[str, Any] = {"type": "data", "bom-ref": f"data:{number}", "name": text(data.name)}
        content: dict[str, Any] = {"type": "dataset", "name": text(data.name)}
        if data.manifest is not None:
            found |= _given(data)
        elif another_repository(data.name):
            content["contents"] = {"url": f"https://huggingface.co/datasets/{data.name}"}
        found["data"] = [content]
        found.setdefault("properties", []).append(property_of("source:name", data.said.origin))
        yield found


def _given(data: Dataset) -> dict[str, Any]:
    """Return what is known of data whose bytes were hashed: each file is a component in it."""
    entries = data.manifest.entries if data.manifest is not None else ()
    found: dict[str, Any] = {}
    if len(entries) == 1:
        found["hashes"] = [{"alg": "SHA-256", "content": entries[0].sha256}]
    found["properties"] = [
        property_of(f"digest:{TREE_ALGORITHM}", data.manifest.tree if data.manifest is not None else ""),
        property_of("size", str(sum(entry.size for entry in entries))),
        property_of("files", str(len(entries))),
    ]
    if len(entries) > 1:
        found["components"] = [
            {
                "type": "file",
                "name": entry.path,
                "hashes": [{"alg": "SHA-256", "content": entry.sha256}],
                "properties": [property_of("size", str(entry.size))],
            }
            for entry in entries
        ]
    return found


def _origin(origin: Origin, ref: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": ref, "name": text(origin.name)}
    if another_repository(origin.name):
        name, _, revision = origin.name.partition("@")
        found["purl"] = hub_purl(name, revision)
    found["properties"] = [property_of("source:name", origin.said.origin)]
    if origin.relation:
        found["properties"].append(property_of("relation", origin.relation))
    return found


def _origins(it: Inventory) -> Iterator[dict[str, Any]]:
    return (_origin(origin, f"base:{number}") for number, origin in enumerate(it.origins))


def _packages(it: Inventory) -> Iterator[dict[str, Any]]:
    for number, package in enumerate(it.packages):
        found: dict[str, Any] = {"type": "library", "bom-ref": f"package:{number}", "name": text(package.name)}
        if package.version:
            found["version"] = text(package.version)
        if package.index:
            found["purl"] = pypi_purl(package)
        found["properties"] = [property_of("source:name", package.said.origin)]
        if package.said.value not in {package.name, package.version}:
            found["properties"].append(property_of("required", package.said.value))
        yield found


def pypi_purl(package: Package) -> str:
    """Return the package URL of a distribution: its name in lower case, with hyphens."""
    from urllib.parse import quote

    name = quote(text(package.name).lower().replace("_", "-"), safe=".-")
    return f"pkg:pypi/{name}" + (f"@{quote(text(package.version), safe='.-_')}" if package.version else "")


def _dependencies(components: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    refs = [component["bom-ref"] for component in components]
    # What a model is made of hangs on it; adapters and what they were made for, too.
    return [{"ref": MAIN, "dependsOn": refs}, *({"ref": ref} for ref in refs)]
