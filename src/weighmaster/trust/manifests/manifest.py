"""A manifest: which files an artifact has, how long they are, and their digests.

The **tree digest** binds names and sizes as well as bytes. It is the SHA-256 of `TREE_DOMAIN`, followed for each file,
in the order of the bytes of their paths, by: the length of the path (8 bytes, big-endian), the path (UTF-8, `/` between
folders, relative to the artifact), the size of the file (8 bytes, big-endian), and the 32 bytes of its SHA-256. A
file alone is a tree of one, under its own name. So a claim about one file cannot be moved to another name.

>>> from weighmaster.model.value import replace
>>> digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
>>> weights = Entry(path="model.safetensors", size=3, sha256=digest)
>>> Manifest.of([weights]).tree == Manifest.of([replace(weights, path="model.pkl")]).tree
False
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Final

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value

TREE_DOMAIN: Final = b"weighmaster tree v1\n"
TREE_ALGORITHM: Final = "weighmasterTreeV1"
"""What the tree digest is called in the digest set of a subject: it is not the SHA-256 of any file."""
TREE_NAME: Final = "./"
"""The name of the subject that is the whole."""
CHUNK: Final = 64 << 20
"""Bytes of a chunk; the last one of a file is shorter."""
SIGNATURE: Final = "model.sig"
CLAIMS: Final = "claims.jsonl"
PROOFS: Final = "claims.proofs.jsonl"
"""Proofs that claims are in a log."""
EVIDENCE: Final = frozenset({SIGNATURE, CLAIMS, PROOFS})
"""Files at the top of an artifact that speak of it, and are no part of it."""


class Entry(Value):
    """A file: its path, its size in bytes, and its digests in lower-case hexadecimal.

    `chunks` are the BLAKE3 digests of its chunks of `CHUNK` bytes. They and `blake3` may be missing, `sha256` never is.
    """

    path: str
    size: int
    sha256: str
    blake3: str = ""
    chunks: tuple[str, ...] = ()


class Manifest(Value):
    """The files of an artifact, in the order of the bytes of their paths."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Manifest:
        """Put entries in order.

        Raises:
            TrustError: a path stands there twice.
        """
        ordered = sorted(entries, key=lambda entry: encoded(entry.path))
        for one, after in itertools.pairwise(ordered):
            if one.path == after.path:
                raise TrustError(f"{one.path} is listed twice")
        return cls(entries=tuple(ordered))

    @property
    def tree(self) -> str:
        """The tree digest, in lower-case hexadecimal."""
        import hashlib

        state = hashlib.sha256(TREE_DOMAIN)
        for entry in self.entries:
            path = encoded(entry.path)
            state.update(len(path).to_bytes(8) + path + entry.size.to_bytes(8) + bytes.fromhex(entry.sha256))
        return state.hexdigest()

    @property
    def by_path(self) -> Mapping[str, Entry]:
        """The entries by their paths."""
        return {entry.path: entry for entry in self.entries}

    def subjects(self) -> list[dict[str, object]]:
        """Return what a statement about this artifact is about: the tree, and each file (in-toto Statement v1)."""
        whole: dict[str, object] = {"name": TREE_NAME, "digest": {TREE_ALGORITHM: self.tree}}
        files: list[dict[str, object]] = [
            {"name": entry.path, "digest": {"sha256": entry.sha256}} for entry in self.entries
        ]
        return [whole, *files]


def encoded(path: str) -> bytes:
    """Return the bytes of a path.

    Raises:
        TrustError: it is no text: two systems would read it differently.
    """
    try:
        return path.encode()
    except UnicodeEncodeError as error:
        raise TrustError(f"the name {path!r} is not UTF-8") from error
