"""What an artifact may name outside its own bytes, and what its loader does with it, by the `kind` of a `Reference`."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from weighmaster.reading.pattern import pattern

OPENED: Final = MappingProxyType(
    {
        "data": "reads numbers from it",
        "link": "opens what it leads to",
        "vocabulary": "reads words from it",
        "shard": "loads a part of the model from it",
        "code": "imports it",
        "library": "loads it as machine code",
        "include": "reads it as a part of this file",
        "weights": "loads the model's numbers from it",
    }
)
"""Kinds that a loader opens, and what for."""

NAMED: Final = frozenset(
    {
        "address",
        "base-model",
        "adapter",
        "dataset",
        "remote-code",
        "schema",
        "licence",
        "requirement",
        "environment",
        "plugin",
    }
)
"""Kinds that are only named: addresses, identifiers, where something came from."""

_SCHEME: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DRIVE: Final = pattern(r"[A-Za-z]:")
_SHELL: Final = re.compile(r"~|\$[A-Za-z{]|%[A-Za-z]+%")


def leads_out(target: str) -> str | None:
    """Return how a path leaves the folder it is taken from, or None where it stays in it.

    >>> leads_out("weights/../../secret"), leads_out("weights/model.bin")
    ('leads out of its folder', None)
    """
    # Some readers stop at a NUL; Windows takes backslashes, and drops what follows a dot or a space.
    plain = target.replace("\\", "/").split("\0", maxsplit=1)[0]
    if _SCHEME.match(plain):
        return "is an address"
    if plain.startswith("/") or _DRIVE.match(plain):
        return "is an absolute path"
    if _SHELL.match(plain):
        return "is a path that a shell would expand"
    depth = 0
    for part in plain.split("/"):
        depth += {"..": -1, "": 0, ".": 0}.get(part.rstrip(" "), 1)
        if depth < 0:
            return "leads out of its folder"
    return None
