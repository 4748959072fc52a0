"""Giving out roots: files are added, the whole is signed, and put out in an order that no reader can trip over.

What is signed again is verified first: whoever may write to the folder but holds no key gets nothing signed, except
drafts, and those `publish` lists.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.identities.keys import PublicKey, Signer
from weighmaster.trust.roots.cache import write
from weighmaster.trust.roots.ceremony import lacks, put_out, waiting
from weighmaster.trust.roots.following import LARGEST, PATTERNS, check_keys, check_name, delegated, is_role, longest
from weighmaster.trust.roots.shelf import (
    ONLINE,
    draft_of,
    drop,
    is_signed,
    lacking,
    load,
    meta_of,
    next_version,
    path_of,
    root_of,
    sign_as,
    timestamp_of,
    tuf_key,
    versions,
)
from weighmaster.trust.roots.sources import read_file
from weighmaster.trust.roots.telling import stamp


class Terms(Value):
    """For how long what is signed holds."""

    root: timedelta = timedelta(days=365)
    targets: timedelta = timedelta(days=90)
    """Of the targets, those that are delegated, and the snapshot."""
    timestamp: timedelta = timedelta(days=7)
    """How old what clients rely on may at most be."""


class Published(Value):
    """What was signed: versions by role, and what changed (`+ name`, `~ name`, `- name`) since the time before."""

    versions: tuple[tuple[str, int], ...]
    changes: tuple[str, ...]
    expires: datetime
    root: int = 0
    """The version of a root that went out with it; 0 where none did."""


class Delegation(Value):
    """Whom a part of the files is left to: for names that match `paths`, `threshold` of `keys` sign."""

    role: str
    keys: tuple[PublicKey, ...]
    paths: tuple[str, ...]
    threshold: int = 1


def add(folder: str, name: str, data: bytes, role: str = "targets") -> str:
    """Draft a file under a name, new or in the place of another; return its SHA-256.

    Raises:
        TrustError: nothing can be called so.
        ConfigError: it is too large, or there is no such role.
    """
    from tuf.api.metadata import TargetFile

    check_name(name)
    if len(data) > LARGEST:
        raise ConfigError(f"{name} has {len(data)} bytes; {LARGEST} are allowed")
    draft = _drafted(folder, role)
    target = TargetFile.from_data(name, data, ["sha256"])
    draft.signed.targets[name] = target
    write(os.path.join(folder, "targets", *target.get_prefixed_paths()[0].split("/")), data)
    write(draft_of(folder, role), draft.to_bytes())
    return str(target.hashes["sha256"])


def remove(folder: str, name: str, role: str = "targets") -> None:
    """Draft that a file is published no more.

    Raises:
        ConfigError: there is none of this name.
    """
    draft = _drafted(folder, role)
    if draft.signed.targets.pop(name, None) is None:
        raise ConfigError(f"{role} of {folder} publishes no {name}")
    write(draft_of(folder, role), draft.to_bytes())


def delegate(folder: str, delegation: Delegation) -> None:
    """Draft that files of some names are left to others, who sign for them with their own keys.

    Raises:
        ConfigError: no role can be called so, or nobody could ever sign.
    """
    from tuf.api.metadata import DelegatedRole, Delegations

    name, paths = delegation.role, list(delegation.paths)
    if not is_role(name):
        raise ConfigError(f"no delegated role may be called {name!r}")
    if not 1 <= delegation.threshold <= len(delegation.keys):
        raise ConfigError(f"{name}: {delegation.threshold} of {len(delegation.keys)} keys can never sign")
    if not paths:
        raise ConfigError("name the files that are left to them, such as 'team/*'")
    for path in paths:
        check_name(path)
    if len(paths) > PATTERNS:
        raise ConfigError(f"{name}: more than {PATTERNS} patterns of names; give the files a folder of their own")
    draft = _drafted(folder, "targets")
    it = draft.signed.delegations = draft.signed.delegations or Delegations({}, {})
    it.roles[name] = DelegatedRole(name, [], delegation.threshold, terminating=True, paths=paths)
    for key in delegation.keys:
        draft.signed.add_key(tuf_key(key), name)
    used = {keyid for role in it.roles.values() for keyid in role.keyids}
    it.keys = {keyid: key for keyid, key in it.keys.items() if keyid in used}
    check_keys(draft.signed, "the delegation")
    write(draft_of(folder, "targets"), draft.to_bytes())


def sign_role(folder: str, role: str, signers: Sequence[Signer], expires: datetime) -> int:
    """Sign what was drafted for a delegated role, so that it goes out with the next publication; return its version.

    Raises:
        ConfigError: there is no such role, or keys are missing.
    """
    top = _drafted(folder, "targets").signed
    if role not in delegated(top, {}):
        raise ConfigError(f"{folder} delegates to no role called {role}")
    document = _drafted(folder, role)
    document.signed.version, document.signed.expires = next_version(folder, role), expires
    sign_as(document, top, role, signers)
    write(draft_of(folder, role), document.to_bytes())
    return int(document.signed.version)


def publish(folder: str, signers: Sequence[Signer], now: datetime, terms: Terms) -> Published:
    """Sign what was drafted and what holds it together, and put it out. A root that waited for this goes out with it.

    Raises:
        ConfigError: a key is missing, and for what.
    """
    held = _ready(folder)
    root = held.signed if held else root_of(folder).signed
    if root.expires <= now:
        raise ConfigError(f"root version {root.version} expired {stamp(root.expires)}: roots rotate renews it")
    _check_useful(root, signers, folder)
    before, _ = _out(folder, root)
    signed = dict(_signed_targets(folder, root, before, signers, now + terms.targets))
    snapshot = _snapshot(folder, before, signed, now + terms.targets)
    sign_as(snapshot, root, "snapshot", signers)
    meta = meta_of(snapshot.signed.version, snapshot.to_bytes())
    fresh = _timestamp(folder, meta, now + terms.timestamp)
    sign_as(fresh, root, "timestamp", signers)
    changes = [line for role, one in signed.items() for line in _changes(_newest(folder, role, before), one)]
    # The timestamp last: until it is there, none of this is.
    for role, document in (*signed.items(), ("snapshot", snapshot)):
        write(path_of(folder, role, document.signed.version), document.to_bytes())
    if held:
        put_out(folder, held)
    write(timestamp_of(folder), fresh.to_bytes())
    for role in signed:
        drop(draft_of(folder, role))
    documents = [*signed.items(), ("snapshot", snapshot), ("timestamp", fresh)]
    return Published(
        versions=tuple((role, document.signed.version) for role, document in documents),
        changes=tuple(changes),
        expires=fresh.signed.expires,
        root=root.version if held else 0,
    )


def refresh(folder: str, signers: Sequence[Signer], now: datetime, terms: Terms) -> Published:
    """Sign the timestamp anew: nothing has changed, and that is news.

    Raises:
        ConfigError: something else has expired, or the key is missing.
    """
    root = root_of(folder).signed
    snapshot, data = _out(folder, root)
    if snapshot is None:
        raise ConfigError(f"{folder} has published nothing yet: weighmaster roots publish does")
    top = _newest(folder, "targets", snapshot)
    ends = [("root", root), ("snapshot", snapshot.signed), ("targets", top.signed)]
    for role, signed in ends:
        if signed.expires <= now:
            what = "rotate" if role == "root" else "publish"
            raise ConfigError(
                f"{role} version {signed.version} expired {stamp(signed.expires)}: roots {what} renews it"
            )
    fresh = _timestamp(folder, meta_of(snapshot.signed.version, data), now + terms.timestamp)
    sign_as(fresh, root, "timestamp", signers)
    write(timestamp_of(folder), fresh.to_bytes())
    return Published(versions=(("timestamp", fresh.signed.version),), changes=(), expires=fresh.signed.expires)


def _signed_targets(
    folder: str, root: Any, before: Any, signers: Sequence[Signer], expires: datetime
) -> Iterator[tuple[str, Any]]:
    """Yield the targets and delegated roles that go out: what the keys at hand sign, or others have signed."""
    top = _drafted(folder, "targets", before)
    given = {signer.key.keyid for signer in signers}
    for role in ("targets", *delegated(top.signed, {})):
        delegator = root if role == "targets" else top.signed
        its = delegator.get_delegated_role(role)
        document = top if role == "targets" else _drafted(folder, role, before)
        drafted = os.path.exists(draft_of(folder, role))
        if len(given.intersection(its.keyids)) >= its.threshold:
            document.signed.version, document.signed.expires = next_version(folder, role), expires
            sign_as(document, delegator, role, signers)
            yield role, document
        elif drafted and role != "targets" and _is_ready(folder, role, delegator, document):
            yield role, document
        elif drafted or (role == "targets" and not is_signed(root, document, role)):
            raise ConfigError(lacking(role, its.keyids, its.threshold, len(given.intersection(its.keyids))))


def _is_ready(folder: str, role: str, delegator: Any, document: Any) -> bool:
    return document.signed.version == next_version(folder, role) and is_signed(delegator, document, role)


def _snapshot(folder: str, before: Any, signed: Mapping[str, Any], expires: datetime) -> Any:
    from tuf.api.metadata import Metadata, Snapshot

    # A name once listed stays, or readers refuse the snapshot as one from which something was cut.
    meta = dict(before.signed.meta) if before else {}
    meta |= {f"{role}.json": meta_of(one.signed.version, one.to_bytes()) for role, one in signed.items()}
    return Metadata(Snapshot(version=next_version(folder, "snapshot"), expires=expires, meta=meta))


def _timestamp(folder: str, meta: Any, expires: datetime) -> Any:
    from tuf.api.metadata import Metadata, Timestamp

    before = load(timestamp_of(folder), "timestamp")
    version = before.signed.version + 1 if before else 1
    return Metadata(Timestamp(version=version, expires=expires, snapshot_meta=meta))


def _out(folder: str, root: Any) -> tuple[Any, bytes]:
    """Return the snapshot that is out and its bytes, verified by this root or, after a rotation, by one before it."""
    fresh = load(timestamp_of(folder), "timestamp")
    if fresh is None:
        return None, b""
    path = path_of(folder, "snapshot", fresh.signed.snapshot_meta.version)
    data, document = read_file(path, longest("snapshot")), load(path, "snapshot")
    if document is None or data is None:
        raise TrustError(f"{path} is missing, though the timestamp names it")
    roots = [root, *(load(path_of(folder, "root", out), "root").signed for out in versions(folder, "root")[-2:])]
    for role, one in (("timestamp", fresh), ("snapshot", document)):
        if not any(is_signed(each, one, role) for each in roots):
            raise TrustError(f"{role} of {folder} is not signed as it must be, and nothing is built on it")
    _hold(fresh.signed.snapshot_meta, data, path)
    return document, data


def _newest(folder: str, role: str, snapshot: Any) -> Any:
    """Return the metadata of a role that is out, held to the snapshot; None where nothing is."""
    meta = snapshot.signed.meta.get(f"{role}.json") if snapshot else None
    if meta is None:
        return None
    path = path_of(folder, role, meta.version)
    data, document = read_file(path, longest(role)), load(path, "targets")
    if data is None:
        raise TrustError(f"{path} is missing, though the snapshot names it")
    _hold(meta, data, path)
    return document


def _hold(meta: Any, data: bytes, path: str) -> None:
    from tuf.api.exceptions import LengthOrHashMismatchError

    try:
        meta.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise TrustError(f"{path} was changed since it was published, and nothing is built on it") from error


def _drafted(folder: str, role: str, snapshot: Any = None) -> Any:
    """Return the draft of a role; where there is none, what is out; where nothing is, an empty one."""
    from tuf.api.metadata import Metadata, Targets

    if (draft := load(draft_of(folder, role), "targets")) is not None:
        return draft
    if snapshot is None:
        held, out = waiting(folder)
        if held is None and out is None:
            root_of(folder)
        snapshot, _ = _out(folder, out or held.signed)
    if role != "targets" and role not in delegated(_drafted(folder, "targets", snapshot).signed, {}):
        raise ConfigError(f"{folder} delegates to no role called {role}")
    return _newest(folder, role, snapshot) or Metadata(Targets())


def _changes(before: Any, after: Any) -> Iterator[str]:
    old, new = dict(before.signed.targets) if before else {}, after.signed.targets
    yield from (f"+ {name}" for name in new if name not in old)
    yield from (f"~ {name}" for name in new if name in old and new[name].hashes != old[name].hashes)
    yield from (f"- {name}" for name in old if name not in new)
    was, now = (_left(one) for one in (before, after))
    yield from (f"+ {now[role]}" for role in now if was.get(role) != now[role])
    yield from (f"- {was[role]}" for role in was if role not in now)


def _left(document: Any) -> dict[str, str]:
    """Say of each delegated role whom it is left to."""
    its = document.signed.delegations if document else None
    roles = its.roles.values() if its is not None and its.roles else ()
    return {
        role.name: f"{', '.join(role.paths or ())} left to {role.name}: {role.threshold} of "
        f"{', '.join(keyid[:16] for keyid in role.keyids)}"
        for role in roles
    }


def _ready(folder: str) -> Any:
    """Return the root that waits for nothing but what is signed with it, or None."""
    draft, previous = waiting(folder)
    if draft is None:
        return None
    missing = list(lacks(draft, previous))
    if missing and previous is None:
        raise ConfigError(f"root version {draft.signed.version} is not signed yet: it lacks {'; '.join(missing)}")
    return None if missing else draft


def _check_useful(root: Any, signers: Sequence[Signer], folder: str) -> None:
    top = _drafted(folder, "targets").signed
    known = {keyid for role in ONLINE for keyid in root.roles[role].keyids}
    known |= set(top.delegations.keys) if top.delegations else set()
    for signer in signers:
        if (keyid := signer.key.keyid) not in known:
            raise ConfigError(f"the key {keyid[:16]} signs nothing here: root version {root.version} names other keys")
