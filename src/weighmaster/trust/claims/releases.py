"""The releases that were seen: of each name the highest sequence, and which bytes it was.

Who keeps this file is not led back to an earlier release, and notices when one sequence has two meanings.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from weighmaster.model.errors import ConfigError, TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.claims.predicates.release import Release
from weighmaster.trust.evidence.keeping import write_whole

_SCHEMA: Final = "weighmaster.releases/1"
_LARGEST: Final = 16 << 20
"""Bytes of the file: some 100,000 names."""


class Seen(Value):
    """The highest release of a name: its sequence, its version, and the tree digest of its bytes."""

    sequence: int
    version: str
    tree: str


def key_of(release: Release) -> str:
    """Return what releases are numbered within: a name, and its channel where it has one."""
    return f"{release.name}@{release.channel}" if release.channel else release.name


def check_release(release: Release, tree: str, seen: Mapping[str, Seen]) -> Seen:
    """Hold a release to what was seen of its name, and return what has been seen then.

    Raises:
        TrustError: it is older than one that was seen, or has the number of another.
    """
    found = Seen(sequence=release.sequence, version=release.version, tree=tree)
    highest = seen.get(key_of(release))
    if highest is None or release.sequence > highest.sequence:
        return found
    if release.sequence < highest.sequence:
        raise TrustError(
            f"{release.name} {release.version} is release {release.sequence}, and release {highest.sequence} "
            f"({highest.version}) was seen before: it was rolled back"
        )
    if tree != highest.tree:
        raise TrustError(
            f"release {release.sequence} of {release.name} was seen with other bytes: two things have one number"
        )
    return found


def read(path: str) -> dict[str, Seen]:
    """Return what was seen; nothing where there is no such file yet.

    Raises:
        ConfigError: the file holds something else, which must not count as nothing seen.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > _LARGEST:
        raise ConfigError(f"{path} is longer than {_LARGEST} bytes")
    if not raw:
        raise ConfigError(f"{path} is empty: the releases that were seen are lost")
    try:
        return _read(strict.parsed(raw, path))
    except (TrustError, UnreadableError) as error:
        raise ConfigError(f"{path} holds no releases that were seen: {error}") from error


@contextmanager
def held(path: str) -> Iterator[dict[str, Seen]]:
    """Yield what was seen, to be changed, and write it when that is done without an error.

    Others wait meanwhile. The file is replaced in one step.

    Raises:
        ConfigError: it cannot be read or written.
    """
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        seen = read(path)
        before = dict(seen)
        yield seen
        if seen != before:
            _write(path, seen)
    finally:
        os.close(lock)


def _read(document: Record) -> dict[str, Seen]:
    if document.get("schema", str) != _SCHEMA:
        raise UnreadableError(f"schema: {_SCHEMA} wanted")
    return {key: _seen(Record.of(one, key)) for key, one in document.get("releases", dict).items()}


def _seen(record: Record) -> Seen:
    return Seen(sequence=record.get("sequence", int), version=record.get("version", str), tree=record.get("tree", str))


def _write(path: str, seen: Mapping[str, Seen]) -> None:
    releases: dict[str, Any] = {
        key: {"sequence": one.sequence, "version": one.version, "tree": one.tree} for key, one in seen.items()
    }
    raw = strict.written({"schema": _SCHEMA, "releases": releases}) + b"\n"
    write_whole(path, raw, force=True)
