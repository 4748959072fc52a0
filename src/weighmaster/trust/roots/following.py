"""The state of trusted metadata: what is taken in, in which order, and why something is not.

The checks (signatures and thresholds, versions, hashes, expiry) are those of the reference implementation, which does
no input or output here and takes its clock from us: `TrustedMetadataSet` of `tuf`, whose attribute `reference_time` is
the moment that every expiry is compared with. What is ours is where bytes come from, bounds, and the words of refusal.

Order (TUF 1.0, section 5): root, one version after the other; timestamp; snapshot; targets; delegated targets.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.model.errors import TrustError, UnreachableError
from weighmaster.model.where import folders
from weighmaster.trust.roots.sources import Source
from weighmaster.trust.roots.telling import Offered, told

_ROTATIONS: Final = 256
_DELEGATIONS: Final = 32
_LONGEST: Final = {"root": 512_000, "timestamp": 16_384, "snapshot": 2_000_000, "targets": 5_000_000}
"""Bytes, as the reference client bounds them."""
LARGEST: Final = 64 << 20
"""Bytes of a published file."""
_MOST: Final = {"targets": 10_000}
"""Files that a role may publish."""
_MOST_DELEGATED: Final = 2_000
PATTERNS: Final = 100
"""Patterns of names, or prefixes of hashes, of one delegation: every name is compared with all of them."""
_ROLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_PART: Final = re.compile(r"[^\x00-\x1f\x7f/\\]+\Z")
_PART_BYTES: Final = 180
"""Of a name between two slashes; a digest of 64 characters comes before it where it is published."""
_TOTAL: Final = 1 << 30
"""Bytes of all files of a role."""


def longest(role: str) -> int:
    """Return how many bytes the metadata of a role may have."""
    return _LONGEST.get(role, _LONGEST["targets"])


def is_role(name: str) -> bool:
    """Say whether a delegated role may be called so: its name becomes that of a file."""
    return bool(_ROLE.match(name)) and name not in _LONGEST


def check_name(name: str) -> None:
    """Hold the name of a published file to what is a path inside of a folder on every system.

    Raises:
        TrustError: it is not.
    """
    if len(name) > 500 or not all(map(_is_plain, name.split("/"))):
        raise TrustError(f"{name[:200]!r} is no name for a published file: a path of plain names is")


def _is_plain(part: str) -> bool:
    try:
        return bool(_PART.match(part)) and part not in {".", ".."} and len(part.encode()) <= _PART_BYTES
    except UnicodeEncodeError:
        return False


Keep = Callable[[str, bytes], None]
"""Keeps metadata, under the name of its file, as soon as it is trusted."""


class Followed:
    """Metadata that is trusted so far. `failed` says of delegated roles why they are not, or not all of them.

    `files` are what is published, by name: the role that vouches for each, and its length and hashes.
    """

    def __init__(self, root: bytes, now: datetime) -> None:
        from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
        from tuf.ngclient.config import EnvelopeType

        with _refusing(Offered(role="root", data=root, place="the root that is trusted")):
            self.trusted = TrustedMetadataSet(root, EnvelopeType.METADATA)
        self.trusted.reference_time = now
        self.failed: dict[str, str] = {}
        self.files: Mapping[str, tuple[str, Any]] = {}
        check_keys(self.trusted.root, "root")

    def take_roots(self, source: Source, keep: Keep) -> None:
        """Follow the root, version by version, to the last that there is.

        Raises:
            TrustError: a version is not signed by those that the one before names and by its own.
        """
        for _ in range(_ROTATIONS):
            version = self.trusted.root.version + 1
            path = f"metadata/{version}.root.json"
            data = source.read(path, longest("root"))
            if data is None:
                return
            with _refusing(Offered(role="root", data=data, place=_at(source, path), trusted=self.trusted)):
                self.trusted.update_root(data)
            check_keys(self.trusted.root, _at(source, path))
            keep(f"{version}.root.json", data)
            keep("root.json", data)
        raise TrustError(f"{source.name} has more than {_ROTATIONS} roots after the one that is trusted")

    def take_timestamp(self, source: Source, kept: bytes | None, keep: Keep) -> None:
        """Take the timestamp, which must be no older than the one that was kept.

        Raises:
            TrustError: it is, or it has expired, or it is not signed.
        """
        from tuf.api import exceptions

        if kept is not None:
            # One that has expired, or that a root signed which is no more, still counts, or does not, for rollback.
            with contextlib.suppress(exceptions.RepositoryError):
                self.trusted.update_timestamp(kept)
        path = "metadata/timestamp.json"
        data = _wanted(source, path, longest("timestamp"))
        offered = Offered(role="timestamp", data=data, place=_at(source, path), trusted=self.trusted)
        with _refusing(offered):
            try:
                self.trusted.update_timestamp(data)
            except exceptions.EqualVersionNumberError:
                if self.trusted.timestamp.is_expired(self.trusted.reference_time):
                    raise exceptions.ExpiredMetadataError from None
                return
        keep("timestamp.json", data)

    def take_snapshot(self, source: Source, kept: bytes | None, keep: Keep) -> None:
        """Take the snapshot that the timestamp names.

        Raises:
            TrustError: it is another, it has expired, or names older versions than before.
        """
        from tuf.api import exceptions

        if kept is not None:
            with contextlib.suppress(exceptions.RepositoryError):
                self.trusted.update_snapshot(kept, trusted=True)
                return
        path, most = self._named("snapshot", self.trusted.timestamp.snapshot_meta)
        data = _wanted(source, path, most)
        with _refusing(Offered(role="snapshot", data=data, place=_at(source, path), trusted=self.trusted)):
            self.trusted.update_snapshot(data)
        keep("snapshot.json", data)

    def take_targets(self, source: Source, kept: Callable[[str], bytes | None], keep: Keep) -> None:
        """Take the targets, and what they delegate to others. A delegated role that fails takes no other with it.

        Raises:
            TrustError: the targets themselves do not hold.
        """
        self._take("targets", "root", source, kept, keep)
        waiting, seen = ["targets"], {"targets"}
        while waiting:
            parent = waiting.pop(0)
            for role in delegated(self.trusted[parent], self.failed):
                if role in seen:
                    continue
                seen.add(role)
                if len(seen) > _DELEGATIONS:
                    self.failed[role] = f"there are more than {_DELEGATIONS} delegated roles"
                    continue
                try:
                    self._take(role, parent, source, kept, keep)
                    waiting.append(role)
                except (TrustError, UnreachableError) as error:
                    self.failed[role] = str(error)
        self.files = self._published()

    def _take(self, role: str, parent: str, source: Source, kept: Callable[[str], bytes | None], keep: Keep) -> None:
        from tuf.api import exceptions

        file = file_of(role)
        if (data := kept(file)) is not None:
            with contextlib.suppress(exceptions.RepositoryError):
                self.trusted.update_delegated_targets(data, role, parent)
                self._check(role, f"the kept {file}")
                return
        meta = self.trusted.snapshot.meta.get(f"{role}.json")
        if meta is None:
            raise TrustError(f"{source.name}: the snapshot does not name {role}.json")
        path, most = self._named(role, meta)
        data = _wanted(source, path, most)
        with _refusing(Offered(role=role, data=data, place=_at(source, path), trusted=self.trusted)):
            self.trusted.update_delegated_targets(data, role, parent)
        self._check(role, _at(source, path))
        keep(file, data)

    def _check(self, role: str, place: str) -> None:
        targets = self.trusted[role]
        if targets.delegations is not None:
            check_keys(targets, place)
            for child in (targets.delegations.roles or {}).values():
                if len(child.paths or child.path_hash_prefixes or ()) > PATTERNS:
                    raise TrustError(f"{place} leaves more than {PATTERNS} patterns of names to {child.name}")
        most = _MOST.get(role, _MOST_DELEGATED)
        if len(targets.targets) > most:
            raise TrustError(f"{place} names more than {most} files")
        total = 0
        for name, target in targets.targets.items():
            check_name(name)
            total += target.length
            if target.length > LARGEST or total > _TOTAL:
                raise TrustError(f"{place}: with {name} it is too much: {LARGEST} bytes a file, {_TOTAL} in all")

    def _named(self, role: str, meta: Any) -> tuple[str, int]:
        """Return the path of a role's metadata, and how many bytes it may have."""
        version = f"{meta.version}." if self.trusted.root.consistent_snapshot else ""
        return f"metadata/{version}{role}.json", min(meta.length or longest(role), longest(role))

    def _published(self) -> Mapping[str, tuple[str, Any]]:
        speaking = [role for role in self.roles() if role not in {"root", "timestamp", "snapshot"}]
        names = {name for role in speaking for name in self.trusted[role].targets}
        found = ((name, self._resolved(name)) for name in sorted(names))
        hits = {name: hit for name, hit in found if hit is not None}
        for name, (role, _) in list(hits.items()):
            if any(above in hits for above in folders(name)):
                self.failed[role] = f"{name} lies in what is a file as well"
                del hits[name]
        return hits

    def roles(self) -> list[str]:
        """Return the roles whose metadata is trusted, the four of the top first."""
        waiting = ["targets"] if "targets" in self.trusted else []
        found = ["root", *(role for role in ("timestamp", "snapshot") if role in self.trusted)]
        while waiting:
            role = waiting.pop(0)
            found.append(role)
            for child in delegated(self.trusted[role], {}):
                if child in self.trusted and child not in {*found, *waiting, *self.failed}:
                    waiting.append(child)
        return found

    def _resolved(self, name: str) -> tuple[str, Any] | None:
        """Find who may speak of a file: depth first, in the order of delegation (TUF 1.0, section 5.6.7)."""
        stack, visited = ["targets"] if "targets" in self.trusted else [], set[str]()
        while stack:
            role = stack.pop()
            if role in visited:
                continue
            if role in self.failed:
                # What it says of the file is not known, and nobody after it may speak in its place.
                return None
            visited.add(role)
            targets = self.trusted[role]
            if (target := targets.targets.get(name)) is not None:
                return role, target
            if targets.delegations is None or targets.delegations.roles is None:
                continue
            children = []
            for child, ends in targets.delegations.get_roles_for_target(name):
                children.append(child)
                if ends:
                    stack = []
                    break
            stack += reversed(children)
        return None


def file_of(role: str) -> str:
    """Return the file under which metadata is kept; that of delegated roles has a folder of its own."""
    return f"{role}.json" if role in _LONGEST else f"delegated/{role}.json"


def delegated(targets: Any, failed: dict[str, str]) -> Iterator[str]:
    """Yield the roles that targets delegate to; those that cannot be followed are told of in `failed`."""
    if targets.delegations is None:
        return
    if targets.delegations.roles is None:
        failed["(hash bins)"] = "delegation to hash bins is not followed"
        return
    for role in targets.delegations.roles:
        if is_role(role):
            yield role
        else:
            failed[role] = "no delegated role may be called so"


def check_keys(delegator: Any, place: str) -> None:
    """See that no key stands under two identities: it would count twice towards a threshold.

    Raises:
        TrustError: one does.
    """
    keys = delegator.keys if delegator.type == "root" else delegator.delegations.keys
    seen: dict[str, str] = {}
    for keyid, key in keys.items():
        public = "".join(str(key.keyval.get("public", "")).split())
        if seen.setdefault(public, keyid) != keyid:
            raise TrustError(f"{place} lists one key as two: {seen[public]} and {keyid}")


@contextlib.contextmanager
def _refusing(offered: Offered) -> Iterator[None]:
    from tuf.api import exceptions

    try:
        yield
    except exceptions.RepositoryError as error:
        raise told(error, offered) from error


def _wanted(source: Source, path: str, most: int) -> bytes:
    data = source.read(path, most)
    if data is None:
        raise TrustError(f"{_at(source, path)} is not there: these are no published roots, or not all of them")
    return data


def _at(source: Source, path: str) -> str:
    return f"{source.name}/{path}"
