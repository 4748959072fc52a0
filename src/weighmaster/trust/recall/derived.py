"""What was built on what was recalled: the evidence of all artifacts of some folders, read backwards, to the end.

A statement says: these subjects were made from, or need, what the predicate names. So whatever names a recalled digest
is derived from it, and what names a digest of that is derived as well. Licences, cards and settings are the same files
in many artifacts, so of the files of an artifact only those that may carry weights or data pass a recall on; its tree
digest always does.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.claims import known
from weighmaster.trust.evidence import claimsfile
from weighmaster.trust.evidence.claimsfile import Claim
from weighmaster.trust.evidence.statement import Subject
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import evidence
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import CLAIMS, EVIDENCE, PROOFS, TREE_NAME, Entry, Manifest
from weighmaster.trust.recall.named import named_by

_PLAIN: Final = frozenset(
    {"", ".md", ".txt", ".rst", ".html", ".json", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".py", ".jinja", ".license"}
)
"""Endings of files that are the same in unrelated artifacts."""


class Derived(Value):
    """An artifact that a recall reaches. `how` says by what, `via` is the artifact in between (empty for none)."""

    path: str
    digest: str
    """The digest by which the recall reaches it."""
    origin: str
    """The recalled digest from which all began."""
    how: str
    via: str = ""


class Looked(Value):
    """What a search for derived artifacts found, among how many, and which evidence it could not read."""

    derived: tuple[Derived, ...]
    artifacts: int
    unread: tuple[str, ...]


class _Artifact:
    """An artifact: the digests that are its own, those that pass a recall on, and those that it names."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.own: dict[str, str] = {}
        self.passing: set[str] = set()
        self.named: dict[str, str] = {}

    def add(self, name: str, digest: str, *, alone: bool) -> None:
        self.own.setdefault(digest, name)
        if alone or _may_carry(name):
            self.passing.add(digest)


def derived(
    recalled: Iterable[str], folders: Sequence[str], *, hashed: bool = True, how: Hashing | None = None
) -> Looked:
    """Return every artifact in `folders` that a recalled digest reaches.

    Args:
        recalled: digests, SHA-256 of files or tree digests.
        folders: where artifacts lie, at any depth. A folder with `claims.jsonl` is one, and so is every other file.
        hashed: whether the files are hashed, so that bytes are found that no claim names.
        how: see `hash_artifact`.

    Raises:
        ConfigError: there is no such folder.
        TrustError: something cannot be hashed.
    """
    unread: list[str] = []
    tops = [os.path.normpath(folder) for folder in folders]
    artifacts = {found.path: found for top in tops for found in _artifacts(top, how, unread, hashed=hashed)}
    return Looked(
        derived=tuple(_reached(recalled, list(artifacts.values()))),
        artifacts=len(artifacts),
        unread=tuple(unread),
    )


def _reached(recalled: Iterable[str], artifacts: Sequence[_Artifact]) -> Iterator[Derived]:
    own: dict[str, list[_Artifact]] = {}
    named: dict[str, list[_Artifact]] = {}
    for artifact in artifacts:
        for digest in artifact.own:
            own.setdefault(digest, []).append(artifact)
        for digest in artifact.named:
            named.setdefault(digest, []).append(artifact)
    waiting = deque((digest, digest, "") for digest in dict.fromkeys(recalled))
    seen, met = {digest for digest, _, _ in waiting}, set[str]()
    while waiting:
        digest, origin, via = waiting.popleft()
        for artifact, how in _met(digest, own, named):
            if artifact.path in met:
                continue
            met.add(artifact.path)
            yield Derived(path=artifact.path, digest=digest, origin=origin, how=how, via=via)
            for passed in sorted(artifact.passing - seen):
                seen.add(passed)
                waiting.append((passed, origin, artifact.path))


def _met(
    digest: str, own: Mapping[str, list[_Artifact]], named: Mapping[str, list[_Artifact]]
) -> Iterator[tuple[_Artifact, str]]:
    for artifact in own.get(digest, ()):
        name = artifact.own[digest]
        yield artifact, "is it" if name in {TREE_NAME, os.path.basename(artifact.path)} else f"holds it as {name}"
    for artifact in named.get(digest, ()):
        yield artifact, artifact.named[digest]


def _artifacts(folder: str, how: Hashing | None, unread: list[str], *, hashed: bool) -> Iterator[_Artifact]:
    if not os.path.isdir(folder):
        raise ConfigError(f"no such folder: {folder}")
    entries = hash_artifact(folder, how).entries if hashed else ()
    places = dict(_evidenced(folder, unread))
    found = {path: _Artifact(path) for path in places}
    for path, claims in places.items():
        _read_claims(found[path], claims, unread)
    if hashed:
        _add_bytes(folder, entries, found)
    yield from found.values()


def _evidenced(folder: str, unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each artifact that has claims, and where these lie; folders that cannot be listed are `unread`."""

    def failed(error: OSError) -> None:
        unread.append(f"{error.filename} cannot be listed: {error.strerror}")

    for top, _, names in os.walk(folder, onerror=failed):
        for name in names:
            if name == CLAIMS:
                yield top, os.path.join(top, name)
            elif name.endswith(f".{CLAIMS}"):
                path = os.path.join(top, name.removesuffix(f".{CLAIMS}"))
                yield path, evidence(path)[1]


def _read_claims(artifact: _Artifact, path: str, unread: list[str]) -> None:
    try:
        for line in claimsfile.read(path):
            if not isinstance(line, Claim):
                unread.append(f"{path}: {line.why}")
                continue
            subjects = line.statement.subjects
            _add_subjects(artifact, subjects)
            kind = known.called(line.statement.predicate_type)
            for one in named_by(line.statement, f"line {line.line} ({kind})"):
                artifact.named.setdefault(one.digest, f"names {one.label or 'it'} in {one.place}")
    except TrustError as error:
        unread.append(str(error))


def _add_subjects(artifact: _Artifact, subjects: Sequence[Subject]) -> None:
    files = [one for one in subjects if one.digest("sha256")]
    for one in subjects:
        for algorithm, digest in one.digests:
            whole = algorithm != "sha256" and len(digest) == 64
            if whole or algorithm == "sha256":
                artifact.add(one.name, digest, alone=whole or len(files) == 1)


def _add_bytes(folder: str, entries: Sequence[Entry], found: dict[str, _Artifact]) -> None:
    """Give each artifact the bytes that lie in it; a file in none of them is one by itself."""
    inside: dict[str, list[Entry]] = {}
    for entry in entries:
        path = os.path.join(folder, *entry.path.split("/"))
        if path in found:
            inside.setdefault(path, []).append(entry)
        holders = [top for top in _above(path, folder) if top in found]
        for top in holders:
            name = os.path.relpath(path, top).replace(os.sep, "/")
            if name not in EVIDENCE:
                inside.setdefault(top, []).append(Entry(path=name, size=entry.size, sha256=entry.sha256))
        if not holders and path not in found and not _is_evidence(path, found):
            found[path] = _Artifact(path)
            inside[path] = [Entry(path=os.path.basename(path), size=entry.size, sha256=entry.sha256)]
    for path, its in inside.items():
        manifest = Manifest.of(its)
        found[path].add(os.path.basename(path), manifest.tree, alone=True)
        for entry in manifest.entries:
            found[path].add(entry.path, entry.sha256, alone=len(its) == 1)


def _above(path: str, folder: str) -> Iterator[str]:
    while path != folder and (path := os.path.dirname(path)):
        yield path
        if path == folder:
            return


def _is_evidence(path: str, found: Mapping[str, _Artifact]) -> bool:
    return any(
        path.removesuffix(ending) in found for ending in (f".{CLAIMS}", f".{PROOFS}", ".sig") if path.endswith(ending)
    )


def _may_carry(name: str) -> bool:
    return os.path.splitext(name)[1].lower() not in _PLAIN
