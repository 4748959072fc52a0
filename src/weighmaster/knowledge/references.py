"""What an artifact may name outside its own bytes, and what its loader does with it, by the `kind` of a `Reference`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from weighmaster.model.fact import Reference
from weighmaster.model.repository import Repository
from weighmaster.model.where import Member, beside
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
        "declarations",
        "licence",
        "requirement",
        "requirements",
        "constraints",
        "kernel",
        "component",
        "environment",
        "plugin",
    }
)
"""Kinds that are only named: addresses, identifiers, where something came from."""

_KEEP_BESIDE: Final = frozenset({"onnx", "tensorflow", "coreml", "openvino"})
"""Whose models keep numbers in files beside them."""
_NUMBERS: Final = frozenset({"data", "shard", "weights"})
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


def _folders(names: Iterable[str]) -> Iterator[str]:
    """Yield the folders of files, and those around them."""
    seen: set[str] = set()
    for name in names:
        folder = name.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = folder.rpartition("/")[0]


def numbers_beside(whole: Repository) -> Iterator[tuple[Reference, int | None]]:
    """Yield where the models of a target say that their numbers lie, and the size of that file, None if it is missing.

    Paths out of archives are those of whoever unpacks them, and left out.
    """
    sizes = {artifact.where.root: artifact.size for artifact in whole.artifacts if not artifact.where.steps}
    folders = set(_folders(sizes))
    told: set[tuple[str, int]] = set()
    for fact in whole.facts:
        if not isinstance(fact, Reference) or fact.by not in _KEEP_BESIDE or fact.kind not in _NUMBERS:
            continue
        if leads_out(fact.target) or any(isinstance(step, Member) for step in fact.where.steps):
            continue
        path = beside(fact.where.root, fact.target)
        if (path, fact.needs) not in told and path not in folders:
            told.add((path, fact.needs))
            yield fact, sizes.get(path)
