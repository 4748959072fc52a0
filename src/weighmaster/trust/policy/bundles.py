"""The evidence beside an artifact: its signature and its claims, and which files each of them is about."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from weighmaster.extend.showing import listed
from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value, replace
from weighmaster.reading.globs import leaves_out, matcher
from weighmaster.trust.evidence import attestations, claimsfile
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.evidence.statement import Statement, Whole
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM, Entry, Manifest
from weighmaster.trust.signing import blob, oms

MOST: Final = 4096
"""Claims of one artifact that are read, and of what cannot be read those that are told."""
_ALGORITHM: Final = "sha256"
_SIGNATURES: Final = frozenset({oms.PREDICATE_TYPE, oms.OLD_PREDICATE_TYPE})


class Claim(Value):
    """A bundle, where it stands, and the statement in it; a signature over the bytes of a file has none.

    `type` is the predicate's, `line` the bytes that a log would vouch for. `differs` is what shows that it is not about
    the files at hand. Of the statement's subjects only those are kept that have notes: a claim lists every file, and a
    file of claims may hold many.
    """

    source: str
    line: bytes
    bundle: Bundle
    statement: Statement | None
    type: str
    differs: str = ""


class Found(Value):
    """The claims beside an artifact, and what is there and cannot be read."""

    claims: tuple[Claim, ...] = ()
    unread: tuple[str, ...] = ()


def read(evidence: Mapping[str, bytes], differ: Callable[[Claim], str] = lambda _: "") -> Found:
    """Read all bundles: of a file whose name ends in `.jsonl` each line, of any other the whole.

    `differ` says what shows that a claim is not about the files at hand.
    """
    claims: dict[bytes, Claim] = {}
    unread: list[str] = []
    for count, (source, line) in enumerate(_lines(evidence)):
        if len(claims) >= MOST or count > claimsfile.MOST:
            unread.append(f"{source}: more than {MOST} claims, or {claimsfile.MOST} lines")
            break
        try:
            claim = _claim(source, line)
        except TrustError as error:
            if len(unread) < MOST:
                unread.append(str(error))
        else:
            claims.setdefault(hashlib.sha256(line).digest(), _slim(claim, differ(claim)))
    return Found(claims=tuple(claims.values()), unread=tuple(unread))


def _lines(evidence: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    # Claims come last: however many lie there, they do not keep the signature from being read.
    for name, raw in sorted(evidence.items(), key=lambda item: (item[0].endswith(".jsonl"), item[0])):
        if attestations.is_attestation(name):
            yield from _attestations(name, raw)
            continue
        if not name.endswith(".jsonl"):
            yield name, raw
            continue
        for number, line in enumerate(io.BytesIO(raw), 1):
            if line.strip():
                yield f"{name}, line {number}", line.rstrip(b"\r\n")


def _attestations(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the attestations of a file of a package (PEP 740) as bundles; what is none stays what it is."""
    try:
        yield from [(one.source, one.bundle) for one in attestations.read(raw, name)]
    except TrustError:
        yield name, raw


def _claim(source: str, line: bytes) -> Claim:
    found = blob.read(line, source) if source.endswith(".sig") else bundles.read(line, source)
    if not isinstance(found.content, Envelope):
        return Claim(source=source, line=line, bundle=found, statement=None, type=oms.PREDICATE_TYPE)
    said = statements.read(found.content, source)
    return Claim(source=source, line=line, bundle=found, statement=said, type=said.predicate_type)


def _slim(claim: Claim, differs: str) -> Claim:
    said = claim.statement
    if said is not None:
        said = replace(said, subjects=tuple(one for one in said.subjects if one.annotations))
    slim: Claim = replace(claim, statement=said, differs=differs)
    return slim


class Files:
    """The files that evidence must be about: all of them, or all but those that a rule ignores."""

    def __init__(
        self, files: Mapping[str, tuple[int, str]], ignore: Sequence[str] = (), *, nameless: bool = False
    ) -> None:
        self._nameless = nameless
        self._ignored = matcher(ignore)
        self.kept = Whole(_manifest(files, [name for name in files if not self.ignores(name)]))
        self._all = Whole(_manifest(files, files)) if len(self.kept.entries) < len(files) else self.kept

    @property
    def trees(self) -> frozenset[str]:
        """The tree digests of all files, and of those that are not ignored."""
        return frozenset({self.kept.tree, self._all.tree})

    def ignores(self, name: str) -> bool:
        """Say whether a file need not be covered, or a folder that it lies in."""
        return leaves_out(self._ignored, name)

    def differ(self, claim: Claim, *, alone: bool = False) -> str:
        """Return what shows that a claim is not about these files, in a sentence; empty where it is.

        `alone` says that they are one file, not a folder that has but one.
        """
        if claim.statement is None:
            return self._differ_alone(claim)
        if claim.type not in _SIGNATURES:
            said = self.kept.differs(claim.statement)
            return said if said and self._all.differs(claim.statement) and not self._named(claim.statement) else ""
        return self._differ_signature(claim.statement, alone=alone)

    def _named(self, statement: Statement) -> bool:
        """Say whether a statement names all files but those that are ignored, and no others.

        Its tree is one that is not here any more, since what is ignored may have changed.
        """
        trees = {tree for one in statement.subjects if (tree := one.digest(TREE_ALGORITHM))}
        if self._ignored is None or len(trees) > 1:
            return False
        files = [one for one in statement.subjects if not one.digest(TREE_ALGORITHM) or one.digest(_ALGORITHM)]
        named = {(one.name, one.digest(_ALGORITHM)) for one in files if not self.ignores(one.name)}
        return bool(named) and named == {(one.path, one.sha256) for one in self.kept.entries.values()}

    def _differ_signature(self, statement: Statement, *, alone: bool) -> str:
        try:
            signed = oms.contents(statement)
        except TrustError as error:
            return f"its list of files cannot be used: {error}"
        if signed.alone is not alone:
            return (
                f"it is of {'a file' if signed.alone else 'a folder'}, and this is {'a file' if alone else 'a folder'}"
            )
        if signed.algorithm != _ALGORITHM or any(
            len(parts) > 1 or parts[0].end != -1 for parts in signed.files.values()
        ):
            return f"it is over digests by {signed.algorithm} or over parts of files, and not over the SHA-256 of each"
        said = self._compared({path: parts[0].digest for path, parts in signed.files.items()})
        if not said and signed.tree and signed.tree not in self.trees:
            return f"it is about the tree {signed.tree}, and this is {self.kept.tree}"
        return said

    def _differ_alone(self, claim: Claim) -> str:
        entries = list(self.kept.entries.values())
        hint = getattr(claim.bundle.content, "sha256", "")
        if not self._nameless:
            return "it is a signature over bytes under no name (nameless = true would count it)"
        if len(entries) != 1:
            return "it is a signature over the bytes of one file"
        if hint and hint != entries[0].sha256:
            return f"{entries[0].path} has the SHA-256 {entries[0].sha256}, and it is about {hint}"
        return ""

    def _compared(self, signed: Mapping[str, str]) -> str:
        here = {path: entry.sha256 for path, entry in self.kept.entries.items()}
        signed = {path: digest for path, digest in signed.items() if not self.ignores(path)}
        changed = [path for path, digest in signed.items() if here.get(path, digest) != digest]
        added = [path for path in here if path not in signed]
        missing = [path for path in signed if path not in here]
        said = (_told(changed, "changed"), _told(added, "not signed"), _told(missing, "missing"))
        return "; ".join(part for part in said if part)


def _manifest(files: Mapping[str, tuple[int, str]], names: Iterable[str]) -> Manifest:
    return Manifest.of(Entry(path=name, size=files[name][0], sha256=files[name][1]) for name in names)


def _told(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    return f"{listed(sorted(names))} {'is' if len(names) == 1 else 'are'} {what}"
