"""Where the files of a log lie: what a store must do, and a folder that does it.

A log is never two: of two writers only one gets its checkpoint in. In a folder a lock sees to that; elsewhere the
checkpoint is only replaced if it is still the one that was read. All paths are made here; none comes from a log.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from weighmaster.model.errors import TrustError, UnreachableError, UnreadableError, WeighmasterError
from weighmaster.model.value import Value

CHECKPOINT: Final = "checkpoint"
LOCK: Final = ".lock"
_BEGUN: Final = ".begun-"
"""Files that are being written; what is left of them means nothing."""
_MANY: Final = 64
_LANES: Final = 16
_LARGEST: Final = 1 << 20
"""Bytes of a file that is exchanged."""
_PATIENCE: Final = 30.0
"""Seconds to wait for another writer."""


class OvertakenError(WeighmasterError):
    """Another writer was first; nothing of ours was written to the log."""


class Held(Value):
    """A file as it was read: `tag` is what the store knows this version by, where that is not its content."""

    data: bytes
    tag: str = ""
    version: str = ""


class Store(Protocol):
    """Where a log lies. All methods raise `UnreachableError` where it cannot be reached."""

    address: str

    @property
    def exclusive(self) -> bool:
        """Whether `writing` keeps other writers out, and not the exchange of the checkpoint alone."""

    def read(self, path: str, most: int) -> bytes | None:
        """Return a file; nothing if there is none.

        Raises:
            UnreadableError: it is longer than `most` bytes, or no plain file.
        """

    def held(self, path: str, most: int) -> Held | None:
        """Return a file in a way that it can be exchanged later; else as `read`."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file, in one step."""

    def exchange(self, path: str, data: bytes, before: Held | None) -> None:
        """Write a file, for good, once all that was written before is there for good, if it is still as it was.

        Raises:
            OvertakenError: it is not.
        """

    def discard(self, path: str) -> None:
        """Remove a file, or all that lies below a path that ends in a slash."""

    def paths(self) -> Iterator[str] | None:
        """Yield the paths of all files, in any order; nothing where that cannot be known."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the log for writing."""


class Folder:
    """A log in a folder of this machine; see `Store`."""

    exclusive: Final = True

    def __init__(self, root: str) -> None:
        self.address = root
        self._root = os.path.abspath(root)
        self._made: set[str] = set()
        self._unsettled: list[str] = []

    def read(self, path: str, most: int) -> bytes | None:
        """See `Store`."""
        return read_file(os.path.join(self._root, path), most)

    def held(self, path: str, most: int) -> Held | None:
        """See `Store`."""
        data = self.read(path, most)
        return None if data is None else Held(data=data)

    def write(self, path: str, data: bytes) -> None:
        """See `Store`."""
        with _told(self.address):
            place = self._place(path)
            _replace(place, data, lasting=False)
        self._unsettled.append(place)

    def exchange(self, path: str, data: bytes, before: Held | None) -> None:
        """See `Store`."""
        with _told(self.address):
            place = self._place(path)
            if read_file(place, _LARGEST) != (None if before is None else before.data):
                raise OvertakenError(f"{self.address}: another writer was first")
            self._settle()
            _replace(place, data, lasting=True)

    def discard(self, path: str) -> None:
        """See `Store`."""
        place = os.path.join(self._root, path)
        with _told(self.address), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not path.endswith("/"):
                os.unlink(place)
                return
            for name in os.listdir(place):
                os.unlink(os.path.join(place, name))
            os.rmdir(place)

    def paths(self) -> Iterator[str] | None:
        """See `Store`. Links are named, and not followed."""
        return self._below()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """See `Store`.

        Raises:
            UnreachableError: another process has held it for half a minute.
        """
        with _told(self.address):
            os.makedirs(self._root, exist_ok=True)
        with locked(os.path.join(self._root, LOCK)):
            yield

    def _below(self) -> Iterator[str]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            for entry in self._listed(folder):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{entry.name}/")
                else:
                    yield f"{folder}{entry.name}"

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self._root, folder)) as found:
                return sorted(found, key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UnreachableError(f"{self.address}: {error.strerror or error}") from error

    def _place(self, path: str) -> str:
        """Return where a path lies, with folders made that are no links to elsewhere."""
        folder = os.path.dirname(path)
        if folder and folder not in self._made:
            at = self._root
            for part in folder.split("/"):
                at = os.path.join(at, part)
                with contextlib.suppress(FileExistsError):
                    os.mkdir(at)
                if not stat.S_ISDIR(os.lstat(at).st_mode):
                    raise TrustError(f"{at} is no folder of the log's own")
            self._made.add(folder)
        return os.path.join(self._root, path)

    def _settle(self) -> None:
        """Wait until all that was written is on the disk."""
        folders = {self._root}
        for place in self._unsettled:
            while (place := os.path.dirname(place)) not in folders:
                folders.add(place)
        _settle_all(self._unsettled)
        for folder in folders:
            settle(folder)
        self._unsettled.clear()


def read_file(path: str, most: int) -> bytes | None:
    """Return a plain file of at most `most` bytes; nothing if there is none.

    Raises:
        UnreachableError: it may not be read.
        UnreadableError: it is longer, or no plain file.
    """
    try:
        # Without O_NONBLOCK a named pipe in the place of a file would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnreadableError(f"{path} is a link, where a file is wanted") from error
        raise UnreachableError(f"{path}: {error.strerror or error}") from error
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError(f"{path} is no plain file")
        try:
            data = file.read(most + 1)
        except OSError as error:
            raise UnreachableError(f"{path}: {error.strerror or error}") from error
    if len(data) > most:
        raise UnreadableError(f"{path} is longer than {most} bytes")
    return data


def write_file(path: str, data: bytes) -> None:
    """Write a file for good, in one step.

    Raises:
        UnreachableError: it cannot be written.
    """
    with _told(path):
        _replace(os.path.abspath(path), data, lasting=True)


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold a lock file; it stays, empty.

    Raises:
        UnreachableError: another process has held it for half a minute.
    """
    with _told(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise UnreachableError(f"{path}: another process is writing, and does not end") from error
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def settle(path: str) -> None:
    """Wait until a file, or the names in a folder, are on the disk; nothing if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle_all(places: Sequence[str]) -> None:
    if len(places) < _MANY:
        for place in places:
            settle(place)
        return
    from concurrent.futures import ThreadPoolExecutor

    # A disk that is asked many things at once writes them together.
    with ThreadPoolExecutor(_LANES) as pool:
        for _ in pool.map(settle, places):
            pass


def _replace(place: str, data: bytes, *, lasting: bool) -> None:
    folder, name = os.path.split(place)
    begun = os.path.join(folder, f"{_BEGUN}{os.getpid()}-{name}")
    try:
        descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with open(descriptor, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(descriptor)
        os.rename(begun, place)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(begun)
        raise
    if lasting:
        settle(folder)


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnreachableError(f"{where}: {error.strerror or error}") from error
