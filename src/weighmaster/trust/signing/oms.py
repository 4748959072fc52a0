"""OpenSSF Model Signing v1.0: one signature over the names and the digests of all files of a model.

Specification: <https://github.com/ossf/model-signing-spec>; what it leaves open is as the reference implementation has
it (<https://github.com/sigstore/model-transparency>, 1.1.1). The predicate lists `resources`, a name and a digest each;
the subject's SHA-256 is over these digests and binds no name, so it is checked and never enough.

Files of git (`GIT`) are never resources of that format. What is written here lists them beside the format's fields, in
`weighmaster`, together with the tree digest; readers of the format pass over it, and here they are covered like others.
What a signature leaves out (`ignore_paths`) is for whoever verifies to accept, not for whoever signed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.statement import Statement
from weighmaster.trust.manifests.files import check_names
from weighmaster.trust.manifests.manifest import CLAIMS, EVIDENCE, PROOFS, SIGNATURE, Entry, Manifest

PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"
OLD_PREDICATE_TYPE: Final = "https://model_signing/Digests/v0.1"
GIT: Final = (".git", ".gitattributes", ".github", ".gitignore")
_ALGORITHMS: Final = frozenset({"sha256", "blake2b", "blake3"})
_OURS: Final = "weighmaster"
_ALONE: Final = "."
"""How the format calls the only file of an artifact that is a file."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}(?:[0-9a-f]{64})?\Z")
_SHARD: Final = re.compile(r"(.+):(\d{1,18}):(\d{1,18})\Z", re.DOTALL)


class Part(Value):
    """Bytes of a file from `start` to `end` (-1: to its end), and their digest in lower-case hexadecimal."""

    digest: str
    start: int = 0
    end: int = -1


class Contents(Value):
    """What was signed: the parts of each file by its path, and the algorithm of their digests.

    `alone` says that it is a file and no folder. `left_out` are paths that
    whoever signed did not cover. `tree` is the tree digest, where it was signed too.
    """

    algorithm: str
    files: Mapping[str, tuple[Part, ...]]
    alone: bool = False
    left_out: tuple[str, ...] = ()
    tree: str = ""


def statement_of(manifest: Manifest, name: str, *, alone: bool) -> bytes:
    """Return the statement to sign about the files of a manifest.

    Args:
        manifest: of the artifact.
        name: what the artifact is called.
        alone: whether it is a file and no folder.
    """
    entries = sorted(manifest.entries, key=lambda entry: entry.path.split("/"))
    listed = [entry for entry in entries if alone or entry.path.partition("/")[0] not in GIT]
    beside = [entry for entry in entries if not alone and entry.path.partition("/")[0] in GIT]
    root = hashlib.sha256(b"".join(bytes.fromhex(entry.sha256) for entry in listed)).hexdigest()
    serialization: dict[str, Any] = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
    if not alone:
        serialization["ignore_paths"] = [*GIT, CLAIMS, PROOFS, SIGNATURE]
    ours: dict[str, Any] = {"tree": manifest.tree}
    if beside:
        ours["resources"] = [_resource(entry, entry.path) for entry in beside]
    predicate = {
        "serialization": serialization,
        "resources": [_resource(entry, _ALONE if alone else entry.path) for entry in listed],
        _OURS: ours,
    }
    return statements.statement([{"name": name, "digest": {"sha256": root}}], PREDICATE_TYPE, predicate)


def _resource(entry: Entry, name: str) -> dict[str, str]:
    return {"name": name, "algorithm": "sha256", "digest": entry.sha256}


def contents(statement: Statement) -> Contents:
    """Return what a statement of this format lists.

    Raises:
        TrustError: it is of another format, or contradicts itself.
    """
    try:
        if statement.predicate_type == OLD_PREDICATE_TYPE:
            found = _old(statement)
        elif statement.predicate_type == PREDICATE_TYPE:
            found = _contents(statement)
        else:
            raise TrustError(f"it states {statement.predicate_type[:80]!r}, and a signature states {PREDICATE_TYPE}")
    except UnreadableError as error:
        raise TrustError(f"the signature's list of files cannot be read: {error}") from error
    if not found.files:
        raise TrustError("the signature lists no file")
    check_names(found.files)
    if not found.alone and EVIDENCE.intersection(found.files):
        raise TrustError("the signature lists evidence, which is no part of what it is about")
    return found


def _contents(statement: Statement) -> Contents:
    predicate = Record.of(statement.predicate, "predicate")
    serialization = Record.of(predicate.get("serialization", dict), "predicate.serialization")
    algorithm = serialization.get("hash_type", str)
    if algorithm not in _ALGORITHMS:
        raise UnreadableError(f"predicate.serialization.hash_type: {algorithm[:80]!r} is not known")
    resources = _resources(predicate)
    _check_root(statement, resources)
    ours = Record.of(predicate.values.get(_OURS) or {}, f"predicate.{_OURS}")
    more = _resources(ours) if "resources" in ours.values else []
    name = statement.subjects[0].name
    alone = [one for one, _, _ in resources] == [_ALONE]
    if alone:
        resources = [(name, kind, digest) for _, kind, digest in resources]
    method = serialization.get("method", str)
    match method:
        case "files":
            files = _whole([*resources, *more], algorithm)
        case "shards":
            files = _shards(resources, algorithm, _shard_size(serialization))
        case _:
            raise UnreadableError(f"predicate.serialization.method: {method[:80]!r} is not known")
    left_out = serialization.each("ignore_paths", str) if "ignore_paths" in serialization.values else ()
    tree = ours.get("tree", str) if "tree" in ours.values else ""
    return Contents(
        algorithm=algorithm,
        files=files,
        alone=alone,
        left_out=() if tree else tuple(sorted(set(left_out) - EVIDENCE)),
        tree=tree,
    )


def _old(statement: Statement) -> Contents:
    """Return what a signature of the format's version 0.2 lists: each file is a subject."""
    resources = [(one.name, "sha256", one.digest("sha256")) for one in statement.subjects]
    return Contents(algorithm="sha256", files=_whole(resources, "sha256"))


def _resources(record: Record) -> list[tuple[str, str, str]]:
    read = (Record.of(one, f"{record.path}.resources[{i}]") for i, one in enumerate(record.each("resources", dict)))
    return [(one.get("name", str), one.get("algorithm", str), one.get("digest", str)) for one in read]


def _check_root(statement: Statement, resources: Sequence[tuple[str, str, str]]) -> None:
    if len(statement.subjects) != 1:
        raise UnreadableError(f"subject: 1 item wanted, {len(statement.subjects)} found")
    for name, _, digest in resources:
        if not _DIGEST.match(digest):
            raise UnreadableError(f"predicate.resources: the digest of {name!r} is none")
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, _, digest in resources)).hexdigest()
    if statement.subjects[0].digest("sha256") != root:
        raise UnreadableError("subject: its digest is not that of the resources")


def _whole(resources: Iterable[tuple[str, str, str]], algorithm: str) -> dict[str, tuple[Part, ...]]:
    files: dict[str, tuple[Part, ...]] = {}
    for name, kind, digest in resources:
        if kind != algorithm or not _DIGEST.match(digest):
            raise UnreadableError(f"{name!r}: a digest by {algorithm} wanted")
        if name in files:
            raise UnreadableError(f"{name!r} is listed twice")
        files[name] = (Part(digest=digest),)
    return files


def _shards(resources: Iterable[tuple[str, str, str]], algorithm: str, size: int) -> dict[str, tuple[Part, ...]]:
    """Return files that were hashed in parts of `size` bytes each, the last one shorter."""
    files: dict[str, list[Part]] = {}
    for name, kind, digest in resources:
        hit = _SHARD.match(name)
        if hit is None or kind != f"{algorithm}-sharded-{size}":
            raise UnreadableError(f"{name!r}: a part of a file by {algorithm} wanted")
        files.setdefault(hit[1], []).append(Part(digest=digest, start=int(hit[2]), end=int(hit[3])))
    for name, parts in files.items():
        parts.sort(key=lambda part: part.start)
        starts = [part.start for part in parts]
        ends = [part.end for part in parts]
        if starts != list(range(0, len(parts) * size, size)) or ends[:-1] != starts[1:]:
            raise UnreadableError(f"{name!r}: its parts do not make a file")
        if not 0 < ends[-1] - starts[-1] <= size:
            raise UnreadableError(f"{name!r}: its last part is of no length that it can have")
    return {name: tuple(parts) for name, parts in files.items()}


def _shard_size(serialization: Record) -> int:
    size = serialization.values.get("shard_size")
    # Some write every number as one with a fraction.
    if isinstance(size, float) and size.is_integer():
        size = int(size)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise UnreadableError("predicate.serialization.shard_size: a number of bytes wanted")
    return size


def differs(statement: Statement, manifest: Manifest) -> str:
    """Return what shows that a signature is not over these files, in a sentence; empty where it is over them.

    Nothing is hashed for it: where other digests than the SHA-256 of whole files were signed, that is what it says.

    Raises:
        TrustError: it lists nothing that can be read.
    """
    signed = contents(statement)
    if signed.algorithm != "sha256" or any(parts[0].end != -1 for parts in signed.files.values()):
        return f"it is over digests by {signed.algorithm} that the manifest does not have"
    here = {entry.path: entry.sha256 for entry in manifest.entries}
    odd = next((name for name, parts in signed.files.items() if here.get(name) != parts[0].digest), None)
    if odd is not None:
        return f"{odd!r} is not here as it was signed"
    more = next((name for name in here if name not in signed.files), None)
    return "" if more is None else f"{more!r} was not signed"
