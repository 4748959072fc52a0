"""What `weighmaster attest` claims where no file says it: made of its options, or of a look at the target."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from weighmaster import api
from weighmaster.extend.showing import plain
from weighmaster.fronts import claiming
from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from weighmaster.trust.claims.predicates.closure import Dependency
    from weighmaster.trust.manifests.manifest import Manifest

_ROLES = ("base-model", "adapter", "tokenizer", "template", "code", "kernel")


def made(id: str, options: Any, manifest: Manifest, now: datetime, keyid: str) -> Mapping[str, Any]:
    """Return the predicate of a type, by the id of the type.

    Raises:
        ConfigError: it is not made here, or an option is missing.
        TrustError: what it would say does not hold of these bytes.
    """
    match id:
        case "release":
            return _release(options, now)
        case "scan":
            return claiming.scanned(options.path, _request(options), manifest, now)
        case "verdict":
            verifier = options.verifier or f"urn:weighmaster:key:{keyid}"
            request = _request(options)
            return claiming.decided(options.path, request, manifest, now, verifier=verifier, resource=options.resource)
        case "closure":
            return _closure(options, manifest, now)
        case "tests":
            return _tests(options)
        case "bom":
            return claiming.billed(options.path, manifest, now, name=options.name or "", version=options.version or "")
        case "signature":
            raise ConfigError("a signature over the files is made by weighmaster sign, with --add beside other claims")
        case _:
            raise ConfigError(f"nothing says what is claimed: give a {options.type} with --predicate FILE")


def _release(options: Any, now: datetime) -> Mapping[str, Any]:
    from weighmaster.trust.claims.predicates import release

    if options.name is None or options.version is None or options.sequence is None:
        raise ConfigError("a release has a --name, a --version and a --sequence")
    return release.build(options.name, options.version, options.sequence, channel=options.channel, issued=now)


def _request(options: Any) -> api.Request:
    settings = api.chosen(api.configured(None), options.policy, ())
    return api.Request(settings=settings, follow_symlinks=options.follow_links)


def _tests(options: Any) -> Mapping[str, Any]:
    from weighmaster.trust.claims.predicates import tests

    if options.result is None:
        raise ConfigError("a test result has a --result")
    configuration = [(os.path.basename(path), _digest(path), "") for path in options.configuration]
    named = {kind: getattr(options, kind) for kind in ("passed", "warned", "failed")}
    return tests.build(options.result, configuration, url=options.url, tests=named)


def _closure(options: Any, manifest: Manifest, now: datetime) -> Mapping[str, Any]:
    given = [(role, text) for role in _ROLES for text in getattr(options, role.replace("-", "_"))]
    dependencies = [_dependency(role, text) for role, text in (*given, *(("file", text) for text in options.needs))]
    found = claiming.closed(options.path, dependencies, manifest, now)
    for line in _warnings(found):
        sys.stderr.write(f"weighmaster: {plain(line)}\n")
    return found


def _warnings(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["unpinned"]:
        yield f"not pinned: {one['target']} ({one['kind']}, named by {one['where']})"
    for where in found.get("unread", ()):
        yield f"not read, so what it names is not known: {where}"


def _dependency(role: str, text: str) -> Dependency:
    from weighmaster.trust.claims.predicates import closure

    found = closure.chosen(role, text)
    if found is None:
        name, path = _named(text)
        found = name, _digest(path)
    name, digests = found
    return closure.Dependency(
        role=role,
        name=name,
        digests=tuple(sorted(digests.items())),
        purl=name if name.startswith("pkg:") else "",
        uri=name if "://" in name else "",
    )


def _named(text: str) -> tuple[str, str]:
    """Return the name and the path of `[NAME=]PATH`."""
    name, equals, path = text.rpartition("=")
    if equals and not os.path.lexists(text):
        return name, path
    return os.path.basename(os.path.normpath(text)), text


def _digest(path: str) -> dict[str, str]:
    """Return what pins a file or a folder: the tree digest, and of a file its SHA-256 as well."""
    from weighmaster.trust.manifests.hashing import hash_artifact
    from weighmaster.trust.manifests.manifest import TREE_ALGORITHM

    manifest = hash_artifact(path)
    if os.path.isdir(path):
        return {TREE_ALGORITHM: manifest.tree}
    return {"sha256": manifest.entries[0].sha256}
