"""Files of evidence: read within bounds, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.manifests.files import open_file

LONGEST: Final = 128 << 20
"""Bytes of a file of evidence that are read; a bundle over a manifest of 300,000 files is no longer."""


def is_evidence(path: str) -> bool:
    """Say whether something lies where evidence would; a folder of that name is a part of the artifact."""
    return os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path))


def read_evidence(path: str, *, most: int = LONGEST, follow_links: bool = False) -> bytes:
    """Return what a file holds; a folder or a pipe is no file, and neither is a link unless links are followed.

    Raises:
        TrustError: it is not there, cannot be read, or is longer than `most` bytes.
    """
    if os.path.islink(path) and not follow_links:
        raise TrustError(f"{path} is a link, and evidence is a file")
    if not os.path.lexists(path):
        raise TrustError(f"there is no {path}")
    descriptor, state = open_file(path, path)
    try:
        with open(descriptor, "rb") as file:
            data = file.read(most + 1) if state.st_size <= most else b""
    except OSError as error:
        raise TrustError(f"{path} cannot be read: {error.strerror}") from error
    if max(state.st_size, len(data)) > most:
        raise TrustError(f"{path} is longer than {most} bytes")
    return data


def read_config(path: str, *, most: int = 1 << 20) -> bytes:
    """Return what a file holds that the user named: a key, certificates, a list.

    Raises:
        ConfigError: it cannot be read, or is longer than `most` bytes.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:  # A path with a zero byte in it is a ValueError.
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    if len(data) > most:
        raise ConfigError(f"{path} is longer than {most} bytes")
    return data


def write_whole(path: str, data: bytes, *, force: bool = False, mode: int = 0o644) -> None:
    """Write a file so that it is there whole, or as it was before; `mode` is what may be done with it.

    Raises:
        ConfigError: it is there, holds something else, and `force` was not said;
            it is no file; or it cannot be written.
    """
    if not force and os.path.lexists(path):
        if not os.path.islink(path) and os.path.isfile(path) and read_config(path, most=LONGEST) == data:
            return
        raise ConfigError(f"{path} is there already: --force replaces it")
    if os.path.lexists(path) and not os.path.islink(path) and not os.path.isfile(path):
        raise ConfigError(f"{path} is no file, and is not replaced")
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot write {path}: {getattr(error, 'strerror', error)}") from error
