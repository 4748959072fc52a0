"""Under which key an answer is kept: the file as the system knows it, and everything that has a say in the answer.

A file counts as unchanged while its path, size, device, inode, time of change and time of modification are. The time of
change (`ctime`) is the one that a program cannot set, so bytes put in place of others show, whatever they say of
themselves; see stat(2). A file that changed just before it was read is not kept: it may change again within one tick of
the file system's clock (the "racy" entries of <https://git-scm.com/docs/racy-git>).
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from typing import Final

SETTLED: Final = 2_000_000_000
"""Nanoseconds for which a file must have been as it is."""
_SIZE: Final = 20
_CODE: Final = (".py", ".so", ".pyd", ".tsv", ".json")


def program(version: str, *said: str) -> bytes:
    """Return what stands for the program that answers: its version, its files, its Python, and what it was told."""
    import hashlib  # a folder of few files is never remembered

    state = hashlib.blake2b(digest_size=_SIZE)
    for text in (version, sys.version, *said):
        state.update(text.encode("utf-8", "surrogatepass") + b"\0")
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            if name.endswith(_CODE):
                about = os.stat(os.path.join(folder, name))
                state.update(
                    f"{folder}/{name}\0{about.st_size}\0{about.st_mtime_ns}\0".encode("utf-8", "surrogateescape")
                )
    return state.digest()


def of_file(by: bytes, path: str, name: str, now: int) -> bytes | None:
    """Return the key of a file that the report calls `name`; None where nothing may be kept of it.

    `by` is what `program` gives, `now` the time in nanoseconds.
    """
    import hashlib

    try:
        about = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(about.st_mode) or about.st_ctime_ns > now - SETTLED:
        return None
    numbers = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    text = f"{path}\0{name}\0{numbers}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_SIZE, key=by).digest()


def of_whole(by: bytes, files: Iterable[bytes], said: str) -> bytes:
    """Return the key of a target: those of all its files, and what else was said of it before any was read."""
    import hashlib

    state = hashlib.blake2b(digest_size=_SIZE, key=by)
    state.update(said.encode("utf-8", "surrogatepass") + b"\0")
    for key in files:
        state.update(key)
    return state.digest()
