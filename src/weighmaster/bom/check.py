"""Is a bill of materials one, and does it tell of these files: held to its schema, and to the digests of what it names.

The libraries that hold the schemas are an extra: what is written here needs none of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

from weighmaster.bom import cyclonedx, spdx
from weighmaster.bom.inventory import Dataset, Said
from weighmaster.bom.properties import PREFIX
from weighmaster.model.errors import MissingExtraError, TrustError
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM, Manifest
from weighmaster.trust.strict import parsed

_EXTRA: Final = 'checking a bill of materials needs more libraries: pip install "weighmaster[bom]"'
_SHOWN: Final = 300


class Bill:
    """A bill that was read: its format, the digests of files that it lists, and the tree digest, if it has one."""

    __slots__ = ("digests", "document", "double", "format", "tree", "version")

    def __init__(self, data: bytes, name: str) -> None:
        """Read a bill.

        Raises:
            TrustError: it is no CycloneDX or SPDX document.
        """
        self.document: Mapping[str, Any] = parsed(data, name).values
        self.digests: dict[str, str] = {}
        self.double: set[str] = set()
        self.tree = ""
        if self.document.get("bomFormat") == "CycloneDX":
            self.format, self.version = "CycloneDX", str(self.document.get("specVersion"))
            self._cyclonedx()
        elif self.document.get("@context") == spdx.CONTEXT:
            self.format, self.version = "SPDX", "3.0.1"
            self._spdx()
        else:
            raise TrustError(f"{name} is no bill of materials: neither CycloneDX nor SPDX 3.0.1")

    def _cyclonedx(self) -> None:
        main = _mapping(_mapping(self.document.get("metadata")).get("component"))
        for said in _mappings(main.get("properties")):
            if said.get("name") == f"{PREFIX}:digest:{TREE_ALGORITHM}":
                self.tree = str(said.get("value"))
        for component in _mappings(self.document.get("components")):
            if component.get("type") == "file":
                for one in _mappings(component.get("hashes")):
                    if one.get("alg") == "SHA-256":
                        self._list(component.get("name"), one.get("content"))

    def _spdx(self) -> None:
        graph = list(_mappings(self.document.get("@graph")))
        elements = {str(one.get("spdxId")): one for one in graph if one.get("spdxId")}
        # Other models are named as well; the bill is about its root.
        roots = [str(root) for one in graph if one.get("type") == "software_Sbom" for root in _list(one, "rootElement")]
        for root in roots[:1]:
            for one in _mappings(elements.get(root, {}).get("externalIdentifier")):
                algorithm, _, digest = str(one.get("identifier")).partition(":")
                self.tree = digest if algorithm == TREE_ALGORITHM else self.tree
        for relation in graph:
            if relation.get("relationshipType") == "contains" and str(relation.get("from")) in roots[:1]:
                for id in _list(relation, "to"):
                    file = elements.get(str(id), {})
                    for one in _mappings(file.get("verifiedUsing")):
                        if one.get("algorithm") == "sha256":
                            self._list(file.get("name"), one.get("hashValue"))

    def _list(self, name: object, digest: object) -> None:
        if self.digests.setdefault(str(name), str(digest)) != str(digest):
            self.double.add(str(name))

    def invalid(self) -> str:
        """Say what breaks the schema; empty where nothing does.

        Raises:
            MissingExtraError: the libraries that hold the schemas are not installed.
        """
        return _cyclonedx_error(self) if self.format == "CycloneDX" else _spdx_error(self)

    def differs(self, target: str, *, follow_links: bool = False) -> Iterator[str]:
        """Yield how the files of `target` differ from those that the bill lists.

        Raises:
            ConfigError, TrustError: the files cannot be hashed; see `trust.hashing`.
        """
        manifest = hash_artifact(target, Hashing(follow_links=follow_links))
        there = {entry.path: entry.sha256 for entry in manifest.entries}
        yield from (f"{path} is listed with two digests" for path in sorted(self.double))
        for path, digest in sorted(self.digests.items()):
            if path not in there:
                yield f"{path} is listed, and not there"
            elif there[path] != digest:
                yield f"{path} has the SHA-256 {there[path][:16]}..., and {digest[:16]}... is listed"
        for path in sorted(there.keys() - self.digests.keys()):
            yield f"{path} is there, and not listed"
        if self.tree and self.tree != manifest.tree:
            yield f"the tree digest is {manifest.tree[:16]}..., and {self.tree[:16]}... is listed"


def training(path: str) -> Dataset:
    """Hash data that a model was trained on: a file or a folder.

    Raises:
        ConfigError, TrustError: it cannot be hashed; see `trust.hashing`.
    """
    manifest: Manifest = hash_artifact(path)
    name = os.path.basename(os.path.abspath(path))
    return Dataset(name=name, said=Said(value=name, source="bytes", file=name), manifest=manifest)


def _cyclonedx_error(bill: Bill) -> str:
    try:
        from cyclonedx.exception import MissingOptionalDependencyException
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError as error:
        raise MissingExtraError(_EXTRA) from error
    if bill.version not in cyclonedx.VERSIONS:
        return f"CycloneDX {bill.version[:20]} is not checked here ({', '.join(cyclonedx.VERSIONS)} are)"
    validator = JsonStrictValidator(SchemaVersion.from_version(bill.version))
    try:
        found = validator.validate_str(json.dumps(bill.document))
    except MissingOptionalDependencyException as error:
        raise MissingExtraError(_EXTRA) from error
    return str(found)[:_SHOWN] if found else ""


def _spdx_error(bill: Bill) -> str:
    try:
        from spdx_python_model import LoadError, load_data
    except ImportError as error:
        raise MissingExtraError(_EXTRA) from error
    try:
        model, objects = load_data(dict(bill.document))
        # What an element must have is looked at when it is written.
        model.JSONLDSerializer().serialize_data(objects)
    except (LoadError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"[:_SHOWN]
    if objects.missing_ids:
        return f"refers to what is not there: {', '.join(sorted(map(str, objects.missing_ids)))}"[:_SHOWN]
    return ""


def _list(element: Mapping[str, Any], key: str) -> list[Any]:
    value = element.get(key)
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
