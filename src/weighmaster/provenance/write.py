"""Where the statements about a run are written: signed beside what they are about, or as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable

from weighmaster.model.errors import ConfigError
from weighmaster.trust.evidence.keeping import write_whole
from weighmaster.trust.identities.keys import Signer


def check_place(path: str | os.PathLike[str], outputs: int, *, force: bool) -> None:
    """Hold the path of a statement to be writable, before the work that it tells of.

    Raises:
        ConfigError: something is there and `force` was not said, there is no such folder, or several would go there.
    """
    if outputs > 1:
        raise ConfigError(f"{outputs} outputs have a statement each: {os.fspath(path)} takes one")
    if os.path.lexists(path):
        if not os.path.isfile(path) and not os.path.islink(path):
            raise ConfigError(f"{os.fspath(path)} is no file")
        if not force:
            raise ConfigError(f"{os.fspath(path)} is there already: --force replaces it")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"there is no folder {folder} that could be written to")


def write(
    statements: Iterable[tuple[str, bytes]], signer: Signer | None, path: str | os.PathLike[str] | None
) -> list[str]:
    """Write statements: with a signer to the claims of each output, with a path there; return where.

    Raises:
        ConfigError: several statements are to go to one path, or it cannot be written.
    """
    written = []
    listed = list(statements)
    if path is not None and len(listed) > 1:
        raise ConfigError(f"{len(listed)} outputs have a statement each: {os.fspath(path)} takes one")
    for output, text in listed:
        if signer is not None:
            from weighmaster.trust.claims.attest import append, signed

            written.append(append(output, signed(text, signer)))
        if path is not None:
            write_whole(os.fspath(path), text + b"\n", force=True)
            written.append(os.fspath(path))
    return written
