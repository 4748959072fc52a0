"""From what a user names to what targets are held to: a policy, a list of recalls, releases that were seen.

A policy and recalls are files, or lie in a folder of roots that were pulled (`weighmaster.trust.roots`): then they are
what their publishers signed, and not older than these allow.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.claims import releases
from weighmaster.trust.evidence.keeping import is_evidence, read_evidence
from weighmaster.trust.manifests.files import evidence
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import PROOFS, Manifest
from weighmaster.trust.policy import document
from weighmaster.trust.policy.assess import Assessment, assess
from weighmaster.trust.policy.terms import Policy
from weighmaster.trust.policy.vetting import Asked
from weighmaster.trust.recall import entries
from weighmaster.trust.recall.entries import RecallList
from weighmaster.trust.recall.matching import revocations

if TYPE_CHECKING:
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.roots.cache import Roots

POLICY: Final = "policy.toml"
"""What a policy is called among published roots."""


def asked(*, policy: str = "", recalls: str = "", state: str = "", name: str = "", now: datetime) -> Asked | None:
    """Return what targets are held to; nothing where nothing is named.

    Args:
        policy: the file of a policy, or a folder of roots with one.
        recalls: the file of a list, or a folder of roots with one.
        state: the file that keeps which releases were seen.
        name: what the user calls the target.
        now: the time.

    Raises:
        ConfigError: a file cannot be read or does not mean what it says; or what is named needs a policy or recalls.
        TrustError: the roots have expired, or do not hold.
    """
    if state and not policy:
        raise ConfigError("--state needs a policy of trust: --trust")
    if not policy and not recalls:
        if name:
            raise ConfigError("--name needs a policy of trust or a list of recalls: --trust, --recall")
        return None
    return Asked(
        now=now,
        policy=policy_at(policy, now) if policy else None,
        recalls=recalls_at(recalls, now) if recalls else None,
        name=name,
        seen=releases.read(state) if state else None,
        remember=partial(remember, state) if state else None,
    )


def held_at(path: str, asked: Asked | None, how: Hashing | None = None) -> tuple[Manifest, Assessment]:
    """Hash a file or a folder, and hold it to a policy. What it is accepted as is remembered, if that was asked for.

    Raises:
        ConfigError: there is no such file or folder, or no policy.
        TrustError: something in it cannot be covered by any evidence.
    """
    if asked is None or asked.policy is None:
        raise ConfigError("no policy of trust is named")
    manifest = hash_artifact(path, how)
    alone = not os.path.isdir(path)
    signature, claims = evidence(path)
    proofs = f"{path}.{PROOFS}" if alone else os.path.join(path, PROOFS)
    links = how is not None and how.follow_links
    there = {
        os.path.basename(one): read_evidence(one, follow_links=links) for one in (signature, claims) if is_evidence(one)
    }
    found = assess(
        {one.path: (one.size, one.sha256) for one in manifest.entries},
        there,
        asked.policy,
        asked.now,
        name=asked.name,
        alone=alone,
        proofs=read_evidence(proofs, follow_links=links) if is_evidence(proofs) else b"",
        seen=asked.seen,
        revoked=revocations(asked.recalls) if asked.recalls else (),
    )
    if asked.remember and found.holds:
        asked.remember(found)
    return manifest, found


def remember(state: str, found: Assessment) -> None:
    """Write down as which releases an artifact was accepted.

    Raises:
        ConfigError: the file cannot be written.
    """
    with releases.held(state) as seen:
        for release in found.releases:
            # Somebody else may have seen a later one meanwhile: that stays.
            with suppress(TrustError):
                seen[releases.key_of(release)] = releases.check_release(release, found.tree, seen)


def policy_at(path: str, now: datetime) -> Policy:
    """Return the policy in a file, or in a folder of roots.

    Raises:
        ConfigError: there is none, or it does not mean what it says.
        TrustError: the roots have expired, or do not hold.
    """
    if not os.path.isdir(path):
        return document.read(path)
    roots = _roots(path, now)
    return document.parsed(roots.read(POLICY), os.path.join(path, POLICY), roots.read)


def recalls_at(path: str, now: datetime) -> RecallList:
    """Return the list of recalls in a file, or in a folder of roots.

    Raises:
        ConfigError: there is none, or it cannot be read.
        TrustError: the roots have expired, or do not hold.
    """
    if os.path.isdir(path):
        return entries.read(_roots(path, now).read(entries.FILE), os.path.join(path, entries.FILE))
    return entries.read_file(path)


def _roots(path: str, now: datetime) -> Roots:
    from weighmaster.trust.roots.cache import opened

    return opened(path, now)
