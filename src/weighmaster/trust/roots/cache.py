"""Roots as they are taken in: pulled into a folder (the cache), and read from there, without a network.

    CACHE/metadata/   what was verified: root.json, every root version before it, timestamp, snapshot, targets
    CACHE/targets/    the files, under their names

Nothing in `targets` is believed because it lies there: every file is held to the metadata when it is read, and the
metadata to the root and to the clock. So a pull that broke off, or an edited file, is found out and has no effect. The
root that a cache holds is its anchor, as `known_hosts` is: whoever may write to the cache may choose what it trusts.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from weighmaster.model.errors import ConfigError, TrustError, UnreachableError
from weighmaster.model.value import Value
from weighmaster.trust.evidence.keeping import write_whole
from weighmaster.trust.roots.following import LARGEST, Followed, file_of, longest
from weighmaster.trust.roots.sources import FolderSource, Source, read_file
from weighmaster.trust.roots.telling import since

_FIRST_ROOTS: Final = 256
"""Versions among which a root is looked for by its fingerprint."""
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""At this time, nothing has expired."""


class RoleState(Value):
    """A role: the version of its metadata, until when it holds, and who must sign (key identities)."""

    name: str
    version: int
    expires: datetime
    threshold: int
    keys: tuple[str, ...]


class Pulled(Value):
    """What a pull changed: names of files, and delegated roles that failed with the reason for each."""

    roots: tuple[int, int]
    """The version of the root before and after; 0 before the first pull."""
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    expires: datetime


class Roots:
    """Verified roots. `failed` says of delegated roles why they are missing, `expired` what no longer holds.

    `expired` is empty unless `opened` was told to accept what is stale.
    """

    def __init__(self, folder: str, followed: Followed, expired: tuple[str, ...]) -> None:
        self.folder = folder
        self.expired = expired
        self.failed: Mapping[str, str] = followed.failed
        self.roles = tuple(_states(followed))
        self._files = followed.files

    @property
    def expires(self) -> datetime:
        """Until when all of it holds."""
        return min(role.expires for role in self.roles)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files."""
        return tuple(self._files)

    def role_of(self, name: str) -> str:
        """Return which role vouches for a file."""
        return self._files[name][0]

    def read(self, name: str) -> bytes:
        """Return a file, the bytes that were verified.

        Raises:
            TrustError: there is none of this name, or it is not what its publisher signed.
        """
        if name not in self._files:
            raise TrustError(f"{self.folder} holds no {name}: {', '.join(self.names) or 'nothing'} was published")
        data = read_file(_target(self.folder, name), LARGEST)
        if data is None:
            raise TrustError(f"{_target(self.folder, name)} is missing: pull the roots again")
        if not _matches(self._files[name][1], data):
            raise TrustError(f"{_target(self.folder, name)} is not what was published: pull the roots again")
        return data


def pull(source: Source, cache: str, now: datetime, *, root: bytes = b"", fingerprint: str = "") -> Pulled:
    """Take in what is published, into the folder `cache`, which is made if need be.

    Args:
        source: where it is published.
        cache: the folder.
        now: the time (aware) that expiry is compared with.
        root: a root that is trusted, as it was published; a new cache needs it, or its fingerprint.
        fingerprint: the SHA-256 of such a root, in hexadecimal.

    Raises:
        ConfigError: there is no root to begin with, or the cache began with another.
        TrustError: what is published does not hold. What of it did hold by then is kept, for the next time to build on.
        UnreachableError: it cannot be had; the message says until when what the cache holds is good.
    """
    with _alone(cache):
        anchor = _anchor(source, cache, root, fingerprint.lower())
        try:
            return _pulled(source, cache, now, anchor)
        except UnreachableError as error:
            raise UnreachableError(f"{error}; {_held(cache, now)}") from error


def opened(cache: str, now: datetime, *, accept_stale: bool = False) -> Roots:
    """Return the roots that a cache holds, verified anew, and not expired.

    With `accept_stale` they may have expired; `Roots.expired` then says what has.

    Raises:
        ConfigError: there is no cache.
        TrustError: it has expired, or does not hold.
    """
    root = _kept(cache, "root.json", longest("root"))
    if root is None:
        raise ConfigError(f"{cache} holds no roots: weighmaster roots pull brings them")
    followed = Followed(root, _BEGINNING if accept_stale else now)
    source = _Kept(cache)
    keep = _no_keeping
    followed.take_timestamp(source, None, keep)
    followed.take_snapshot(source, None, keep)
    followed.take_targets(source, lambda _: None, keep)
    return Roots(cache, followed, _expired(followed, now))


def inspected(source: Source, now: datetime) -> Roots:
    """Return what a source publishes, verified from its own first root on, whether it has expired or not.

    Nothing says that this first root is to be trusted: it is for those who look at what they publish.

    Raises:
        TrustError: it contradicts itself.
        UnreachableError: it cannot be had.
    """
    root = source.read("metadata/1.root.json", longest("root"))
    if root is None:
        raise ConfigError(f"{source.name} publishes no roots, and holds none")
    followed = Followed(root, _BEGINNING)
    followed.take_roots(source, _no_keeping)
    if source.read("metadata/timestamp.json", longest("timestamp")) is not None:
        followed.take_timestamp(source, None, _no_keeping)
        followed.take_snapshot(source, None, _no_keeping)
        followed.take_targets(source, lambda _: None, _no_keeping)
    return Roots(source.name, followed, _expired(followed, now))


def is_cache(folder: str) -> bool:
    """Say whether a folder holds roots that were pulled, rather than roots that are published."""
    return os.path.exists(os.path.join(folder, "metadata", "root.json"))


def fingerprint_of(root: bytes) -> str:
    """Return the name by which a root is recognized: the SHA-256 of its file, in hexadecimal."""
    return hashlib.sha256(root).hexdigest()


def write(path: str, data: bytes) -> None:
    """Write a file as a whole, or not at all, in the place of what is there; its folder is made if need be.

    Raises:
        ConfigError: it cannot be written.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write {folder}: {error.strerror}") from error
    write_whole(path, data, force=True)


@contextlib.contextmanager
def _alone(cache: str) -> Iterator[None]:
    """Let one pull into a cache wait for another."""
    try:
        os.makedirs(cache, exist_ok=True)
        descriptor = os.open(os.path.join(cache, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigError(f"cannot write into {cache}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _expired(followed: Followed, now: datetime) -> tuple[str, ...]:
    old = (role for role in _states(followed) if role.expires <= now)
    return tuple(f"{role.name} version {role.version} expired {since(role.expires, now)}" for role in old)


class _Kept:
    """A cache as a source of itself: metadata under the names without versions."""

    def __init__(self, cache: str) -> None:
        self.name = cache

    def read(self, path: str, most: int) -> bytes | None:
        """See `Source`."""
        role = path.removeprefix("metadata/").removesuffix(".json")
        version, _, rest = role.partition(".")
        return _kept(self.name, file_of(rest if rest and version.isdigit() else role), most)


def _no_keeping(file: str, data: bytes) -> None:
    """Keep nothing: it is kept already."""


def _pulled(source: Source, cache: str, now: datetime, anchor: bytes) -> Pulled:
    def keep(file: str, data: bytes) -> None:
        write(os.path.join(cache, "metadata", file), data)

    held = _kept(cache, "root.json", longest("root"))
    followed = Followed(held or anchor, now)
    before = followed.trusted.root.version if held else 0
    if not held:
        keep(f"{followed.trusted.root.version}.root.json", anchor)
        keep("root.json", anchor)
    followed.take_roots(source, keep)
    followed.take_timestamp(source, _kept(cache, "timestamp.json", longest("timestamp")), keep)
    followed.take_snapshot(source, _kept(cache, "snapshot.json", longest("snapshot")), keep)
    followed.take_targets(source, lambda file: _kept(cache, file, longest("targets")), keep)
    removed = tuple(_removed(cache, set(followed.files)))
    added, changed = _fetch(source, cache, followed)
    return Pulled(
        roots=(before, followed.trusted.root.version),
        added=tuple(added),
        changed=tuple(changed),
        removed=removed,
        failed=tuple(sorted(followed.failed.items())),
        expires=min(state.expires for state in _states(followed)),
    )


def _anchor(source: Source, cache: str, root: bytes, fingerprint: str) -> bytes:
    """Return the root to begin with; compare it with the one that the cache began with."""
    held = _kept(cache, "root.json", longest("root"))
    if held is not None:
        known = {fingerprint_of(held), *map(fingerprint_of, _history(cache))}
        given = fingerprint or (fingerprint_of(root) if root else "")
        if given and given not in known:
            raise ConfigError(f"{cache} does not follow the root {given[:16]}: it began with another; use a new folder")
        return held
    if root:
        return root
    if not fingerprint:
        raise ConfigError(f"{cache} holds no roots yet: name one to trust (--root), or its SHA-256 (--fingerprint)")
    for version in range(1, _FIRST_ROOTS + 1):
        data = source.read(f"metadata/{version}.root.json", longest("root"))
        if data is None:
            break
        if fingerprint_of(data) == fingerprint:
            return data
    raise TrustError(f"{source.name} has no root with the fingerprint {fingerprint}")


def _history(cache: str) -> Iterator[bytes]:
    for version in range(1, _FIRST_ROOTS + 1):
        data = _kept(cache, f"{version}.root.json", longest("root"))
        if data is not None:
            yield data


def _fetch(source: Source, cache: str, followed: Followed) -> tuple[list[str], list[str]]:
    """Bring the files that are missing or differ; return which were new, and which had been there otherwise."""
    added: list[str] = []
    changed: list[str] = []
    wrong: list[TrustError] = []
    for name, (role, target) in followed.files.items():
        path = _target(cache, name)
        held = _lenient(path)
        if held is not None and _matches(target, held):
            continue
        try:
            data = _published(source, name, target, consistent=bool(followed.trusted.root.consistent_snapshot))
        except TrustError as error:
            # A file that is missing keeps no other away, least of all a team's.
            wrong += [error] if role == "targets" else []
            followed.failed.setdefault(role, str(error))
            continue
        write(path, data)
        (added if held is None else changed).append(name)
    if wrong:
        raise wrong[0]
    return added, changed


def _published(source: Source, name: str, target: Any, *, consistent: bool) -> bytes:
    paths = [f"targets/{path}" for path in target.get_prefixed_paths()] if consistent else [f"targets/{name}"]
    for path in paths:
        data = source.read(path, target.length)
        if data is not None:
            if not _matches(target, data):
                raise TrustError(f"{source.name}/{path} is not what was signed: it was changed or cut off")
            return data
    raise TrustError(f"{source.name}/{paths[0]} is not there, though it is signed for")


def _matches(target: Any, data: bytes) -> bool:
    from tuf.api.exceptions import LengthOrHashMismatchError

    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError:
        return False
    return True


def _removed(cache: str, published: set[str]) -> Iterator[str]:
    """Remove files that are no longer published, and yield their names."""
    top = os.path.join(cache, "targets")
    try:
        for folder, _, files in os.walk(top, topdown=False):
            for file in files:
                path = os.path.join(folder, file)
                name = os.path.relpath(path, top).replace(os.sep, "/")
                if name not in published:
                    os.unlink(path)
                    yield name
            if folder != top and not os.listdir(folder):
                os.rmdir(folder)
    except OSError as error:
        raise ConfigError(f"{top} cannot be changed: {error.strerror}") from error


def _states(followed: Followed) -> Iterator[RoleState]:
    trusted = followed.trusted
    for name in followed.roles():
        role = _delegation(trusted, name, followed)
        signed = trusted[name]
        yield RoleState(
            name=name,
            version=signed.version,
            expires=signed.expires,
            threshold=role.threshold,
            keys=tuple(role.keyids),
        )


def _delegation(trusted: Any, name: str, followed: Followed) -> Any:
    if name in trusted.root.roles:
        return trusted.root.roles[name]
    parents = (trusted[parent].delegations for parent in followed.roles() if trusted[parent].type == "targets")
    return next(one.roles[name] for one in parents if one is not None and one.roles and name in one.roles)


def _held(cache: str, now: datetime) -> str:
    """Say of what a cache holds until when it is good."""
    try:
        roots = opened(cache, now, accept_stale=True)
    except (ConfigError, TrustError, UnreachableError):
        return f"{cache} holds no roots that could be used meanwhile"
    if roots.expired:
        return f"what {cache} holds is too old to be used: {'; '.join(roots.expired)}"
    first = min(roots.roles, key=lambda role: role.expires)
    return f"what {cache} holds is good until {since(first.expires, now)} ({first.name} version {first.version})"


def _kept(cache: str, file: str, most: int) -> bytes | None:
    return read_file(os.path.join(cache, "metadata", file), most)


def _lenient(path: str) -> bytes | None:
    try:
        return read_file(path, LARGEST)
    except TrustError:
        return b""


def _target(cache: str, name: str) -> str:
    return os.path.join(cache, "targets", *name.split("/"))


def folder_source(path: str) -> FolderSource:
    """Return a folder of published roots.

    Raises:
        ConfigError: there is no such folder.
    """
    if not os.path.isdir(path):
        raise ConfigError(f"no such folder: {path}")
    return FolderSource(path)
