"""Claims for programs, and what of them the command line shares: looks at an artifact that become claims about it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace

if TYPE_CHECKING:
    from datetime import timedelta

    from weighmaster.api import Request
    from weighmaster.trust.claims.claims import Heard
    from weighmaster.trust.claims.predicates.closure import Dependency, Unpinned
    from weighmaster.trust.identities.keys import Signer
    from weighmaster.trust.identities.verify import Expected
    from weighmaster.trust.manifests.manifest import Manifest


def attest(  # noqa: PLR0913 - what a caller may choose; each has a default
    target: str | os.PathLike[str],
    *,
    type: str,
    key: str | os.PathLike[str] | Signer,
    predicate: Mapping[str, Any] | None = None,
    expires: timedelta | None = None,
    password: bytes | None = None,
    now: datetime | None = None,
) -> str:
    """Claim something of a file or a folder, sign that, and add it to the claims beside it; return where they lie.

    Args:
        target: the file or folder.
        type: what is claimed: `release`, `scan`, `verdict`, `closure`, `bom`, ..., or any URI.
        key: the private key, PEM; or a signer.
        predicate: the claim itself, see `weighmaster.trust.claims.predicates`; without it, `scan`, `verdict` and `bom`
            look at the target for themselves.
        expires: how long it counts.
        password: what the private key is encrypted with.
        now: what time it is; without it, the clock is asked.

    Raises:
        ConfigError: the type is not known, nothing says what is claimed, or it cannot be written.
        TrustError: what is claimed does not hold of these bytes, or is not what the type promises.
    """
    from weighmaster.trust.claims import attest as making
    from weighmaster.trust.claims import known
    from weighmaster.trust.manifests.hashing import hash_artifact
    from weighmaster.trust.signing.door import signer_at

    path = os.fspath(target)
    uri, kind = known.named(type)
    signer = signer_at(key, password=password) if isinstance(key, str | os.PathLike) else key
    manifest, at = hash_artifact(path), (now or datetime.now(UTC)).replace(microsecond=0)
    if predicate is None:
        predicate = _looked_for(kind.id if kind else type, path, manifest, at, signer)
    said = making.statement(manifest, uri, predicate, issued=at, expires=at + expires if expires else None)
    return making.append(path, making.signed(said, signer))


def _looked_for(id: str, path: str, manifest: Manifest, at: datetime, signer: Signer) -> Mapping[str, Any]:
    from weighmaster.api import Request

    match id:
        case "scan":
            return scanned(path, Request(), manifest, at)
        case "verdict":
            return decided(path, Request(), manifest, at, verifier=f"urn:weighmaster:key:{signer.key.keyid}")
        case "bom":
            return billed(path, manifest, at)
        case _:
            raise ConfigError(f"nothing says what is claimed: a {id} needs its predicate")


def claims(  # noqa: PLR0913 - what a caller may choose; each has a default
    target: str | os.PathLike[str],
    *,
    public_key: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    expected: Expected | None = None,
    name: str = "",
    channel: str = "",
    max_age: timedelta | None = None,
    now: datetime | None = None,
) -> tuple[Heard, ...]:
    """Return what is claimed of a file or a folder, and what became of each claim: whether it holds, or why not.

    Args:
        target: the file or folder.
        public_key: the keys of which one is expected to have signed, PEM.
        expected: whoever else is expected; see `weighmaster.trust.signing.door.trusting`.
        name: what a release must be one of.
        channel: in which channel a release must be.
        max_age: claims that are older do not count.
        now: what time it is; without it, the clock is asked.

    Raises:
        ConfigError: nobody is expected, or there is no such target.
        TrustError: the claims, or the files, cannot be read.
    """
    from weighmaster.trust.claims.claims import Wanted, judge
    from weighmaster.trust.evidence import claimsfile
    from weighmaster.trust.identities.verify import Expected
    from weighmaster.trust.manifests.files import evidence
    from weighmaster.trust.manifests.hashing import hash_artifact
    from weighmaster.trust.signing.door import Named, trusting

    path = os.fspath(target)
    keys = (public_key,) if isinstance(public_key, str | os.PathLike) else public_key
    named = trusting(Named(public_keys=tuple(os.fspath(one) for one in keys))).keys if keys else ()
    expected = expected or Expected()
    wanted = Wanted(
        expected=replace(expected, keys=(*expected.keys, *named)), name=name, channel=channel, oldest=max_age
    )
    wanted.expected.check()
    lines = claimsfile.read(evidence(path)[1])
    return judge(lines, hash_artifact(path), wanted, now or datetime.now(UTC), path=path)


def scanned(target: str, request: Request, manifest: Manifest, at: datetime) -> dict[str, Any]:
    """Look at a target, and return what was seen as the predicate of a claim (see `claims.predicates.scan`).

    Raises:
        TrustError: what was looked at are other bytes than those of the manifest.
    """
    from weighmaster.api import vet_target
    from weighmaster.trust.claims.predicates import scan

    return scan.build(vet_target(target, request), manifest, at=at)


def decided(  # noqa: PLR0913 - whose verdict it is, on what
    target: str, request: Request, manifest: Manifest, at: datetime, *, verifier: str, resource: str = ""
) -> dict[str, Any]:
    """Look at a target, and return what was decided as the predicate of a claim (see `claims.predicates.verdict`).

    Raises:
        TrustError: what was looked at are other bytes than those of the manifest.
    """
    from weighmaster.api import vet_target
    from weighmaster.model.verdict import Outcome
    from weighmaster.trust.claims.predicates import scan, verdict

    vetted = vet_target(target, request)
    scan.check_same(vetted.report.artifacts, vetted.report.gaps, manifest)
    return verdict.build(
        passed=vetted.verdict.outcome is Outcome.ALLOW,
        verifier=verifier,
        resource=resource or f"urn:weighmaster:tree:{manifest.tree}",
        policy=f"urn:weighmaster:policy:{vetted.verdict.policy}",
        at=at,
    )


def billed(target: str, manifest: Manifest, at: datetime, *, name: str = "", version: str = "") -> dict[str, Any]:
    """Read a target, and return its bill of materials as CycloneDX has it, which is the predicate of a claim.

    Raises:
        TrustError: what was read are other bytes than those of the manifest.
    """
    from weighmaster.bom import cyclonedx
    from weighmaster.bom.look import look
    from weighmaster.bom.reading import Options, inventory

    made = inventory(look(target), Options(name=name, version=version))
    if made.tree != manifest.tree:
        raise TrustError(f"the bill would be of other files than those of {target}: they changed, or were not all read")
    return cyclonedx.document(made, timestamp=at)


def closed(target: str, dependencies: Sequence[Dependency], manifest: Manifest, at: datetime) -> dict[str, Any]:
    """Return what a target needs beside its own bytes as the predicate of a claim (see `claims.predicates.closure`).

    What the bytes name, and none of the dependencies is, stands in it as not pinned.

    Raises:
        TrustError: what was read are other bytes than those of the manifest, or a dependency is not pinned.
    """
    from weighmaster.trust.claims.predicates import closure

    return closure.build(dependencies, *unpinned(target, dependencies, manifest), issued=at)


def unpinned(
    target: str, dependencies: Sequence[Dependency], manifest: Manifest
) -> tuple[tuple[Unpinned, ...], Sequence[str]]:
    """Return what the bytes of a target name outside it and none of the dependencies is, and what was not read.

    Raises:
        TrustError: what was read are other bytes than those of the manifest.
    """
    from weighmaster.bom.look import look
    from weighmaster.trust.claims.predicates import closure, scan

    seen = look(target)
    scan.check_same(seen.whole.artifacts, seen.gaps, manifest)
    outside = closure.named_outside(seen.whole.facts, [entry.path for entry in manifest.entries])
    return closure.unpinned(outside, dependencies), sorted({str(gap.where) for gap in seen.gaps})
