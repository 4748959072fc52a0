"""Where published roots are read from: a folder (a stick carried over, a share) or a web server."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

from weighmaster.model.errors import TrustError, UnreachableError, UnreadableError

if TYPE_CHECKING:
    from weighmaster.reading.http import Client

_ABSENT: Final = frozenset({403, 404, 410})
"""Answers that mean there is no such file; some stores say 403 of it (as the reference client reads it)."""


class Source(Protocol):
    """Gives the published files by their path in the folder."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def read(self, path: str, most: int) -> bytes | None:
        """Return a file of at most `most` bytes, or None where there is none.

        Raises:
            TrustError: it is longer, or no file.
            UnreachableError: nobody can say.
        """


class FolderSource:
    """A folder; see `Source`."""

    def __init__(self, folder: str) -> None:
        self.name = folder

    def read(self, path: str, most: int) -> bytes | None:
        """See `Source`."""
        return read_file(os.path.join(self.name, *path.split("/")), most)


class WebSource:
    """An address on a web server; see `Source`."""

    def __init__(self, address: str, client: Client) -> None:
        self.name = address.rstrip("/")
        self._client = client

    def read(self, path: str, most: int) -> bytes | None:
        """See `Source`."""
        url = f"{self.name}/{quote(path)}"
        # What lies between must not answer out of its memory: it would look like news held back.
        try:
            answer = self._client.answered("GET", url, {"Accept-Encoding": "identity", "Cache-Control": "no-cache"})
        except UnreadableError as error:
            raise TrustError(f"{url}: {error}; at most {most} were expected") from error
        if answer.status in _ABSENT:
            return None
        if answer.status != 200:
            raise UnreachableError(f"{url}: {answer.status} {answer.reason}".strip())
        return bounded(answer.body, most, url)


def read_file(path: str, most: int) -> bytes | None:
    """Return the bytes of a file, or None where there is none.

    Raises:
        TrustError: it is longer than `most` bytes, or no plain file.
        UnreachableError: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreachableError(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TrustError(f"{path} is no file")
    with open(descriptor, "rb") as file:
        try:
            return bounded(file.read(most + 1), most, path)
        except OSError as error:
            raise UnreachableError(f"{path}: {error.strerror}") from error


def bounded(data: bytes, most: int, what: str) -> bytes:
    """Return `data` if it is not too long.

    Raises:
        TrustError: it is.
    """
    if len(data) > most:
        raise TrustError(f"{what} is longer than the {most} bytes that it may have")
    return data
