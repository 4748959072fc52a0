"""Which code ran: the commit of the repository it lies in, and whether it had been changed since."""

from __future__ import annotations

import hashlib
import os
import subprocess  # noqa: TID251 - git is asked about the user's own repository
from collections.abc import Sequence
from typing import Final

from weighmaster.model.value import Value

_SECONDS: Final = 60
_UNTOLD: Final = "untold"
_QUIET: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")
"""What keeps git from starting what the repository's configuration names."""


class Code(Value):
    """A commit (SHA-1 or SHA-256, in hexadecimal) of a repository.

    `changes` is the SHA-256 of what differs from it, untracked files by name included; empty where nothing does, and
    `untold` where git did not say.
    """

    commit: str
    changes: str = ""
    origin: str = ""

    @property
    def is_dirty(self) -> bool:
        """Whether what ran is not what the commit says."""
        return bool(self.changes)


def code_in(folder: str) -> Code | None:
    """Return the commit that a folder stands at; nothing where it is in no repository, or there is no git."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    origin = _git(folder, "config", "--get", "remote.origin.url") or b""
    address = _without_secret(origin.decode("utf-8", "replace").strip())
    return Code(commit=commit.decode().strip(), changes=_changes(folder), origin=address)


def _changes(folder: str) -> str:
    status = _git(folder, "status", "--porcelain=v1", "-z", "--untracked-files=all")
    if status == b"":
        return ""
    diff = _git(folder, "diff", "--no-ext-diff", "--no-textconv", "--submodule=diff", "--binary", "HEAD")
    return _UNTOLD if status is None or diff is None else hashlib.sha256(status + b"\0" + diff).hexdigest()


def check_out(repository: str, commit: str, into: str) -> bool:
    """Put the files of a commit into an empty folder; say whether that worked."""
    cloned = _git(os.curdir, "clone", "--quiet", "--no-checkout", "--", repository, into)
    return cloned is not None and _git(into, "checkout", "--quiet", "--detach", commit) is not None


def _git(folder: str, *arguments: str) -> bytes | None:
    words: Sequence[str] = ("git", *_QUIET, "-C", folder, *arguments)
    try:
        done = subprocess.run(words, capture_output=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _without_secret(address: str) -> str:
    """Return an address without the user and password it may hold."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address
    host, slash, path = rest.partition("/")
    return scheme + mark + host.rpartition("@")[2] + slash + path
