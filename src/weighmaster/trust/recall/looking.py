"""An artifact as a list of recalls meets it: its bytes, and what lies beside it as evidence, verified or not.

Nobody who is not trusted gains by what is read here unverified: it can only bring a recall upon an artifact, never
keep one from it. What was left out does keep one from it, so whoever relies on recalls of base models also asks for a
signed closure, in the policy of trust.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value
from weighmaster.trust.claims import known as predicates
from weighmaster.trust.claims.predicates.release import Release
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import claimsfile
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.claimsfile import Claim
from weighmaster.trust.evidence.keeping import is_evidence, read_evidence
from weighmaster.trust.identities.verify import Expected, verify
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import evidence
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Manifest
from weighmaster.trust.recall.entries import RecallList
from weighmaster.trust.recall.matching import Hit, Said, SignedBy, recalled
from weighmaster.trust.recall.named import Named, named_by


class Looked(Value):
    """What is known of an artifact: its files, and who its evidence says signed, was built on, and is called.

    `unread` says which evidence could not be read, and why.
    """

    path: str
    manifest: Manifest
    signers: tuple[SignedBy, ...] = ()
    named: tuple[Named, ...] = ()
    releases: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()

    def meets(self, recalls: RecallList, called: Sequence[tuple[str, str]] = ()) -> tuple[Hit, ...]:
        """Return which recalls it meets, the gravest first; `called` are names of it, each with a version or none."""
        files = {entry.path: entry.sha256 for entry in self.manifest.entries}
        said = Said(named=self.named, releases=(*called, *self.releases))
        return recalled(files, self.manifest.tree, self.signers, recalls, said)


class Whom(Value):
    """Whose signatures are verified, so that the time at which they were made counts; and the time now."""

    expected: Expected
    now: datetime


def look(
    path: str, how: Hashing | None = None, whom: Whom | None = None, *, manifest: Manifest | None = None
) -> Looked:
    """Hash an artifact, and read the evidence beside it.

    Where its `manifest` is given, it is not hashed again. A signer that is recalled since some day is met, whenever it
    signed, unless `whom` lets its time be verified.

    Raises:
        ConfigError: there is no such file or folder.
        TrustError: it cannot be hashed.
    """
    manifest = manifest or hash_artifact(path, how)
    signature, claims = evidence(path)
    unread: list[str] = []
    bundle = _signature(signature, unread, follow_links=how is not None and how.follow_links)
    signers = [_signer(bundle, os.path.basename(signature), whom, _alone(manifest))] if bundle else []
    said = [(claim, f"{os.path.basename(claims)} line {claim.line}") for claim in _claims(claims, unread)]
    return Looked(
        path=path,
        manifest=manifest,
        signers=(*signers, *(_signer(claim.bundle, place, whom) for claim, place in said)),
        named=tuple(one for claim, place in said for one in named_by(claim.statement, place)),
        releases=tuple(release for claim, _ in said if (release := release_of(claim)) is not None),
        unread=tuple(unread),
    )


def release_of(claim: Claim) -> tuple[str, str] | None:
    """Return the name and the version that a claim gives, if it is one of a release."""
    try:
        meaning = predicates.checked(claim.statement.predicate_type, claim.statement.predicate)
    except TrustError:
        return None
    return (meaning.name, meaning.version) if isinstance(meaning, Release) else None


def _claims(path: str, unread: list[str]) -> Iterator[Claim]:
    try:
        for line in claimsfile.read(path):
            if isinstance(line, Claim):
                yield line
            else:
                unread.append(f"{os.path.basename(path)}: {line.why}")
    except TrustError as error:
        unread.append(str(error))


def _signature(path: str, unread: list[str], *, follow_links: bool) -> Bundle | None:
    if not is_evidence(path):
        return None
    try:
        return bundles.read(read_evidence(path, follow_links=follow_links), os.path.basename(path))
    except TrustError as error:
        unread.append(str(error))
        return None


def _signer(bundle: Bundle, place: str, whom: Whom | None, sha256: str = "") -> SignedBy:
    if whom is not None:
        try:
            return SignedBy.of(verify(bundle, whom.expected, whom.now, sha256=sha256), place)
        except TrustError:
            pass  # What does not verify is held to what it claims.
    return SignedBy.claimed(bundle, place)


def _alone(manifest: Manifest) -> str:
    return manifest.entries[0].sha256 if len(manifest.entries) == 1 else ""
