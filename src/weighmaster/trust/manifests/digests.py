"""What the bytes of a file are fed to, and the entry that comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from weighmaster.model.value import Value
from weighmaster.trust.manifests.manifest import CHUNK, Entry

BLOCK: Final = 256 << 10
"""Bytes read at once: what is read, and the states of the digests, stay in the processor's nearer caches."""
Progress = Callable[[int, int], None]
"""Is told bytes done and bytes in all, from any thread."""


class Hashing(Value):
    """How an artifact is hashed.

    `full` computes BLAKE3 of each file and of its chunks beside SHA-256. `jobs` are threads; without it, as many as
    there are processors to use. `chunk` is in bytes.
    """

    full: bool = False
    follow_links: bool = False
    jobs: int | None = None
    chunk: int = CHUNK
    progress: Progress | None = None


class Chunked:
    """BLAKE3 of each `size` bytes of what it is fed."""

    __slots__ = ("_digests", "_left", "_new", "_size", "_state")

    def __init__(self, size: int) -> None:
        from blake3 import blake3

        self._new = blake3
        self._size = self._left = size
        self._state = blake3()
        self._digests: list[str] = []

    def update(self, data: memoryview, /) -> None:
        """Take the next block."""
        while len(data) >= self._left:
            self._state.update(data[: self._left])
            self._digests.append(self._state.hexdigest())
            data = data[self._left :]
            self._state, self._left = self._new(), self._size
        if data:
            self._state.update(data)
            self._left -= len(data)

    def hexdigests(self) -> tuple[str, ...]:
        """Return the digests, that of what is left at the end included."""
        last = [] if self._left == self._size else [self._state.hexdigest()]
        return (*self._digests, *last)


def feeds(how: Hashing, size: int) -> list[Any]:
    """Return what the blocks of a file of `size` bytes are fed to: SHA-256, BLAKE3, and that of its chunks."""
    if not how.full:
        return [hashlib.sha256()]
    from blake3 import blake3

    whole = [] if 0 < size <= how.chunk else [blake3()]  # The only chunk of a file is the file.
    return [hashlib.sha256(), *whole, Chunked(how.chunk)]


def entry_of(name: str, size: int, fed: Sequence[Any]) -> Entry:
    """Return the entry of a file from what its blocks were fed to; see `feeds`."""
    sha256 = fed[0].hexdigest()
    if len(fed) == 1:
        return Entry(path=name, size=size, sha256=sha256)
    chunks = fed[-1].hexdigests()
    return Entry(
        path=name, size=size, sha256=sha256, blake3=fed[1].hexdigest() if len(fed) == 3 else chunks[0], chunks=chunks
    )


def entry_in_memory(name: str, data: bytes, how: Hashing) -> Entry:
    """Return the entry of a file whose bytes are held."""
    sha256 = hashlib.sha256(data).hexdigest()
    if not how.full:
        return Entry(path=name, size=len(data), sha256=sha256)
    from blake3 import blake3

    whole = blake3(data).hexdigest()
    if len(data) <= how.chunk:
        chunks: tuple[str, ...] = (whole,) if data else ()
    else:
        chunks = tuple(blake3(data[at : at + how.chunk]).hexdigest() for at in range(0, len(data), how.chunk))
    return Entry(path=name, size=len(data), sha256=sha256, blake3=whole, chunks=chunks)
