"""Verifying what lies on a disk: a file, a folder, a wheel.

In steps:

1. Each signature that lies beside the artifact is verified: whose it is, and when (`identities.verify`).
2. What it says is compared with the files that lie there, one by one (`covering`).
3. As many different ones of those expected must have signed as are asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.evidence import claimsfile
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.bundle import Bundle, MessageSignature
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.evidence.keeping import read_evidence
from weighmaster.trust.identities import verify as verification
from weighmaster.trust.identities.verify import Expected, Signed
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import check_unchanged, evidence
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Manifest
from weighmaster.trust.signing import blob, covering, oms


class Verified(Value):
    """What holds of an artifact: who signed, which files that covers, and which were left out on request.

    `named` says whether names are covered, which a signature over the bytes of one file does not.
    """

    signers: tuple[Signed, ...]
    manifest: Manifest
    ignored: tuple[str, ...] = ()
    named: bool = True


class Checking(Value):
    """How an artifact is verified.

    `signature` is where the signature lies, if not where it lies by default. `ignore` are globs of files that need not
    be covered. `threshold` is how many different ones must have signed.
    """

    signature: str = ""
    ignore: tuple[str, ...] = ()
    threshold: int = 1
    hashing: Hashing = Hashing()


def verify(path: str, expected: Expected, now: datetime, checking: Checking | None = None) -> Verified:
    """Verify an artifact; see the steps above.

    Raises:
        ConfigError: nobody is expected, or there is no such file or folder.
        TrustError: it does not hold; the message says why.
    """
    checking = checking or Checking()
    expected.check()
    if checking.threshold < 1:
        raise ConfigError("at least one must have signed")
    if not os.path.exists(path):
        raise ConfigError(f"no such file or folder: {path}")
    judge = _Judge(path, expected, now, checking)
    said: list[str] = []
    for what, read in _signatures(path, checking):
        try:
            judge.hear(read())
        except TrustError as error:
            said.append(f"{what}: {error}")
    return judge.verdict(said)


class _Judge:
    """Hears the signatures that lie beside an artifact; its files are hashed once, and only if one of those holds."""

    def __init__(self, path: str, expected: Expected, now: datetime, checking: Checking) -> None:
        self._path = path
        self._expected = expected
        self._now = now
        self._checking = checking
        self._signed: list[Signed] = []
        self._covered: covering.Covered | None = None
        self._named = True
        self._manifest: Manifest | None = None
        self._known: dict[bytes, covering.Covered] = {}

    def hear(self, bundle: Bundle) -> None:
        """Count those who made a signature, if it holds and is about the files that lie here."""
        if isinstance(bundle.content, MessageSignature):
            signed, covered = self._over_bytes(bundle), covering.Covered(manifest=self._files())
            self._named = False
        else:
            signed = verification.every(bundle, self._expected, self._now)  # 1
            covered = self._compared(bundle.content)  # 2
        self._signed += signed
        self._covered = self._covered or covered

    def verdict(self, said: list[str]) -> Verified:
        """Return what holds; `said` is what was wrong with signatures that do not."""
        signers = verification.distinct(self._signed)  # 3
        if self._covered is None or len(signers) < self._checking.threshold:
            if self._checking.threshold > 1:
                said.insert(0, f"{len(signers)} of those expected signed, and {self._checking.threshold} are wanted")
            raise TrustError("; ".join(dict.fromkeys(said)))
        covered = self._covered
        return Verified(signers=signers, manifest=covered.manifest, ignored=covered.ignored, named=self._named)

    def _files(self) -> Manifest:
        if self._manifest is None:
            self._manifest = hash_artifact(self._path, self._checking.hashing)
        return self._manifest

    def _compared(self, envelope: Envelope) -> covering.Covered:
        """Compare what was signed with the files; what several signed is compared once."""
        mark = hashlib.sha256(envelope.payload).digest()
        if mark not in self._known:
            self._known[mark] = self._covers(envelope)
        return self._known[mark]

    def _covers(self, envelope: Envelope) -> covering.Covered:
        contents = oms.contents(statements.read(envelope, "what was signed"))
        how = self._checking
        return covering.covered(
            contents, self._path, self._files(), ignore=how.ignore, follow_links=how.hashing.follow_links
        )

    def _over_bytes(self, bundle: Bundle) -> tuple[Signed, ...]:
        if os.path.isdir(self._path):
            raise TrustError("it is over the bytes of one file, and this is a folder")
        before = os.stat(self._path)
        sha256 = self._files().entries[0].sha256
        with blob.mapped(self._path) as data:
            if blob.is_disguised(data):
                raise TrustError("it is over a statement, which was signed as one and not as a file")
            signed = verification.every(bundle, self._expected, self._now, sha256=sha256, message=data)
        check_unchanged(self._path, before, os.stat(self._path), before.st_size)
        return signed


def _signatures(path: str, checking: Checking) -> Iterator[tuple[str, Callable[[], Bundle]]]:
    """Yield the signatures that may speak of an artifact, each with what it is called and how it is read."""
    beside, claims = evidence(path)
    place = checking.signature or beside
    yield place, partial(_beside, place, follow_links=checking.hashing.follow_links)
    if checking.signature:
        return
    for line in claimsfile.read(claims):
        if isinstance(line, claimsfile.Claim) and line.statement.predicate_type == oms.PREDICATE_TYPE:
            yield f"{claims}, line {line.line}", partial(_same, line.bundle)


def _beside(place: str, *, follow_links: bool) -> Bundle:
    if not os.path.lexists(place):
        raise TrustError("no signature lies there")
    return blob.read(read_evidence(place, follow_links=follow_links), "it")


def _same(bundle: Bundle) -> Bundle:
    return bundle
