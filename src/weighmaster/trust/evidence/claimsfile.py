r"""`claims.jsonl`: what is claimed of an artifact, a bundle with an in-toto statement a line.

Lines are only ever added: under a lock, whole, at the end. A line that cannot be read is told with its number and hides
no other. Where a line was added in part (the machine stopped meanwhile), the next one begins on a line of its own.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final, TypeAlias

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.evidence.statement import Statement

LONGEST: Final = 64 << 20
"""Bytes of a line."""
LARGEST: Final = 128 << 20
"""Bytes of a file; what is longer counts for nothing, as of other evidence (`keeping.LONGEST`)."""
MOST: Final = 200_000
"""Lines that are read."""


class Claim(Value):
    """A line that was read: its number, from 1, and what stands in it. Nothing is verified yet."""

    line: int
    bundle: Bundle
    statement: Statement


class Unread(Value):
    """A line that cannot be read, and why."""

    line: int
    why: str


Line: TypeAlias = Claim | Unread


def read(path: str) -> Iterator[Line]:
    """Yield the lines of a file of claims; none where there is no such file, or a folder of that name.

    What goes beyond `MOST` lines is one `Unread` at the end.

    Raises:
        TrustError: it is no file, cannot be read, or is longer than `LARGEST` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise TrustError(f"{path} cannot be read: {error.strerror}") from error
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        if stat.S_ISDIR(state.st_mode) and not os.path.islink(path):
            return  # A part of the artifact.
        raise TrustError(f"{path} is no file")
    with os.fdopen(descriptor, "rb") as file:
        if state.st_size > LARGEST:
            raise TrustError(f"{path} is longer than {LARGEST} bytes: so many claims are not read")
        try:
            yield from _lines(file)
        except OSError as error:
            raise TrustError(f"{path} cannot be read: {error.strerror}") from error


def parsed(raw: bytes, line: int) -> Line:
    """Return what a line holds, whatever it is."""
    what = f"line {line}"
    try:
        bundle = bundles.read(raw, what)
        if not isinstance(bundle.content, Envelope):
            return Unread(line=line, why=f"{what} is a signature over a file, and no claim")
        return Claim(line=line, bundle=bundle, statement=statements.read(bundle.content, what))
    except TrustError as error:
        return Unread(line=line, why=str(error))


def append(path: str, bundle: bytes) -> int:
    """Add a line, and return the length of the file in bytes before that.

    No byte that lies there is changed. When this returns, the line is on the disk.

    Raises:
        ConfigError: the bundle is no line, the file would be longer than what is read, or it cannot be written.
    """
    if b"\n" in bundle or not bundle or len(bundle) > LONGEST:
        raise ConfigError(f"a claim is one line of 1 to {LONGEST} bytes")
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
        try:
            with _locked(descriptor, path) as size:
                if size + len(bundle) + 2 > LARGEST:
                    raise ConfigError(f"{path} would be longer than {LARGEST} bytes, of which nothing is read")
                _add(descriptor, size, bundle + b"\n")
        finally:
            os.close(descriptor)
        if not size:
            _settle(os.path.dirname(path) or ".")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return size


def _lines(file: IO[bytes]) -> Iterator[Line]:
    read_, number = 0, 0
    while raw := file.readline(LONGEST + 2):
        read_ += len(raw)
        number += 1
        if number > MOST or read_ > LARGEST:
            yield Unread(line=number, why=f"from line {number} on not read: more than {MOST} lines or {LARGEST} bytes")
            return
        if len(raw) > LONGEST + 1:
            yield Unread(line=number, why=f"line {number} is longer than {LONGEST} bytes")
            while raw and not raw.endswith(b"\n") and read_ <= LARGEST:
                raw = file.readline(LONGEST)
                read_ += len(raw)
        elif raw.strip():
            yield parsed(raw.rstrip(b"\r\n"), number)


@contextmanager
def _locked(descriptor: int, path: str) -> Iterator[int]:
    """Hold the file for ourselves, and yield its length."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is no file")
    yield status.st_size


def _add(descriptor: int, size: int, line: bytes) -> None:
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line  # Someone stopped in the middle of a line.
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)  # What lay there before is all that lies there now.
        raise


def _settle(folder: str) -> None:
    """Write down that a file is in its folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
