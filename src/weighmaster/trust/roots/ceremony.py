"""The root: who may sign what. It is drafted by one person, signed by several, one after the other, and then put out.

A new root must be signed by enough keys of the root before it, and by enough of its own. So whoever trusts the old one
may follow, and nobody names keys that nobody holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.identities.keys import PublicKey, Signer
from weighmaster.trust.roots.cache import fingerprint_of, write
from weighmaster.trust.roots.following import check_keys
from weighmaster.trust.roots.shelf import (
    ONLINE,
    draft_of,
    drop,
    is_signed,
    known_key,
    load,
    path_of,
    root_of,
    sign_with,
    timestamp_of,
    tuf_key,
    versions,
)


class Waiting(Value):
    """A root that was drafted: which signatures it lacks, and why it is not out although it lacks none (`held`).

    `fingerprint` is that of the root once it is out, empty before.
    """

    version: int
    missing: tuple[str, ...]
    held: str = ""
    fingerprint: str = ""


class Change(Value):
    """What a rotation does to the keys of `roles`. `remove` names keys by the beginning of their identity."""

    roles: tuple[str, ...]
    add: tuple[PublicKey, ...] = ()
    remove: tuple[str, ...] = ()
    threshold: int = 0
    """How many must sign from now on; 0 leaves it."""


def begin(
    folder: str, keys: Sequence[PublicKey], threshold: int, online: Mapping[str, Sequence[PublicKey]], expires: datetime
) -> None:
    """Draft the first root, to be signed by `threshold` of `keys`; `online` are the keys of the other roles.

    Raises:
        ConfigError: the folder holds roots, or nobody could ever sign this one.
    """
    from tuf.api.metadata import Metadata, Root

    if versions(folder, "root") or os.path.exists(draft_of(folder, "root")):
        raise ConfigError(f"{folder} holds roots already: weighmaster roots rotate changes them")
    root = Root(expires=expires, consistent_snapshot=True)
    for role, its in (("root", keys), *online.items()):
        for key in its:
            root.add_key(tuf_key(key), role)
    root.roles["root"].threshold = threshold
    _check(root)
    write(draft_of(folder, "root"), Metadata(root).to_bytes())


def rotate(folder: str, change: Change, expires: datetime) -> None:
    """Draft the next root, or change the draft; the signatures that it had are gone.

    Raises:
        ConfigError: no such key, or nobody could ever sign.
    """
    from tuf.api.metadata import Metadata

    current = root_of(folder)
    draft = load(draft_of(folder, "root"), "root")
    root = (draft or current).signed
    root.version = versions(folder, "root")[-1] + 1
    root.expires = expires
    for role in change.roles:
        its = root.roles[role]
        for key in change.add:
            root.add_key(tuf_key(key), role)
        for keyid in change.remove:
            root.revoke_key(known_key(its.keyids, keyid, role), role)
        its.threshold = change.threshold or its.threshold
    _check(root)
    write(draft_of(folder, "root"), Metadata(root).to_bytes())


def sign(folder: str, signers: Iterable[Signer]) -> Waiting:
    """Add signatures to the root that waits, and put it out when it has enough of them.

    Raises:
        ConfigError: no root waits, or a key is none of those that count.
    """
    draft, previous = waiting(folder)
    if draft is None:
        raise ConfigError(f"no root of {folder} waits for signatures")
    wanted = {*draft.signed.roles["root"].keyids, *(previous.roles["root"].keyids if previous else ())}
    for signer in signers:
        if signer.key.keyid not in wanted:
            raise ConfigError(f"the key {signer.key.keyid[:16]} is none that signs root version {draft.signed.version}")
        sign_with(draft, signer)
    write(draft_of(folder, "root"), draft.to_bytes())
    missing = tuple(lacks(draft, previous))
    held = "" if missing else _held(folder, draft.signed)
    fingerprint = "" if missing or held else put_out(folder, draft)
    return Waiting(version=draft.signed.version, missing=missing, held=held, fingerprint=fingerprint)


def waiting(folder: str) -> tuple[Any, Any]:
    """Return the root that waits for signatures, or None, and the root that is out, or None."""
    previous = root_of(folder).signed if versions(folder, "root") else None
    return load(draft_of(folder, "root"), "root"), previous


def lacks(draft: Any, previous: Any) -> Iterator[str]:
    """Yield which signatures a root lacks, in words."""
    try:
        result = draft.signed.get_root_verification_result(previous, draft.signed_bytes, draft.signatures)
    except ValueError as error:
        raise TrustError(f"the draft of the root is not the version after the one that is out: {error}") from error
    for which, one in (("the root before", result.first), ("this root", result.second)):
        if one.missing and (which == "this root" or previous is not None):
            ids = ", ".join(sorted(keyid[:16] for keyid in one.unsigned))
            yield f"{one.missing} more of the keys of {which} ({ids})"


def put_out(folder: str, document: Any) -> str:
    """Publish a root that has its signatures; return its fingerprint."""
    data = document.to_bytes()
    write(path_of(folder, "root", document.signed.version), data)
    drop(draft_of(folder, "root"))
    return fingerprint_of(data)


def _held(folder: str, root: Any) -> str:
    """Say why a root must go out together with what its new keys sign; empty where it may go at once."""
    fresh = load(timestamp_of(folder), "timestamp")
    if fresh is None:
        return ""
    snapshot = load(path_of(folder, "snapshot", fresh.signed.snapshot_meta.version), "snapshot")
    meta = snapshot.signed.meta.get("targets.json") if snapshot else None
    targets = load(path_of(folder, "targets", meta.version), "targets") if meta else None
    for role, document in zip(reversed(ONLINE), (fresh, snapshot, targets), strict=True):
        if document is None or not is_signed(root, document, role):
            return f"the keys of {role} change, so it goes out with the next weighmaster roots publish, by the new keys"
    return ""


def _check(root: Any) -> None:
    for role, its in root.roles.items():
        if not 1 <= its.threshold <= len(its.keyids):
            raise ConfigError(f"{role}: {its.threshold} of {len(its.keyids)} keys can never sign")
    try:
        check_keys(root, "the root")
    except TrustError as error:
        raise ConfigError(str(error)) from error
