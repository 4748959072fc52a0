"""From a file or a folder to its manifest: each file is opened once, read once, and hashed as it is read.

The size of an entry is the number of bytes that were hashed. A file that is not the same before and after (size, times
of change, inode) is refused, and so is a folder in which other files lie afterwards.

Bytes are read into memory of our own and hashed there: a mapped file would cost 5 % less, but whoever shortens it
meanwhile ends the process (SIGBUS), and two digests of one file could be of different bytes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from weighmaster.model.errors import TrustError
from weighmaster.trust.manifests.digests import Hashing, entry_in_memory
from weighmaster.trust.manifests.files import READING, check_unchanged, files, open_file
from weighmaster.trust.manifests.manifest import Entry, Manifest

SMALL: Final = 256 << 10
"""Bytes up to which a file is read in one call, in this thread: others would cost more than they gain."""


def hash_artifact(path: str | os.PathLike[str], how: Hashing | None = None) -> Manifest:
    """Return the manifest of a file or a folder as it is now; without `how`, SHA-256 alone is computed.

    Raises:
        ConfigError: there is no such file or folder.
        TrustError: something in it is no file, cannot be read, or changed meanwhile; see `files`.
    """
    how = how or Hashing()
    target = os.fspath(path)
    before = files(target, follow_links=how.follow_links)
    # A link that took the place of a file since then is not opened; the target itself may be one.
    flags = READING if how.follow_links or not os.path.isdir(target) else READING | os.O_NOFOLLOW
    entries = _hashed(before, flags, how)
    if sorted(files(target, follow_links=how.follow_links)) != sorted(before):
        raise TrustError(f"files came or went in {target} while it was hashed")
    return Manifest.of(entries)


def _hashed(found: Sequence[tuple[str, str]], flags: int, how: Hashing) -> list[Entry]:
    entries: list[Entry] = []
    long: list[tuple[int, str, str]] = []
    for name, path in found:
        entry = _small(name, path, flags, how)
        if isinstance(entry, Entry):
            entries.append(entry)
        else:
            long.append((entry, name, path))
    done = sum(entry.size for entry in entries)
    if long:
        from weighmaster.trust.manifests.lanes import Long, hash_long

        entries += hash_long([Long(size=size, name=name, path=path) for size, name, path in long], flags, how, done)
    elif how.progress is not None:
        how.progress(done, done)
    return entries


def _small(name: str, path: str, flags: int, how: Hashing) -> Entry | int:
    """Return the entry of a file, or its size where that is large."""
    descriptor, before = open_file(name, path, flags)
    try:
        size = before.st_size
        if size > SMALL:
            return size
        data = os.read(descriptor, size + 1)
        check_unchanged(name, before, os.fstat(descriptor), len(data))
    except OSError as error:
        raise TrustError(f"{name!r} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    return entry_in_memory(name, data, how)
