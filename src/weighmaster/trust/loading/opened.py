"""Files opened so that what is read is what was verified: no time lies between the two in which others could act.

Verifying a path and then opening it verifies one file and opens another, if someone is quick; even an open file can be
written in place by someone who opened it too. So the bytes that are handed out are private ones that were verified:
a copy (`private.py`), or chunks that are verified each time they are read from the file.
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from typing import Any, BinaryIO, Final, Literal, TypeAlias, cast

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust.loading import private
from weighmaster.trust.loading.private import Wanted
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import open_file

Keep: TypeAlias = Literal["auto", "memory", "disk", "digests"]

_LONG: Final = 256 << 20
"""Bytes from which on `auto` keeps no copy."""
_KEPT: Final = 2
"""Chunks that are held at once: one for what is read, one for the directory that readers of archives go back to."""


def opened(path: str, wanted: Wanted, keep: Keep = "auto") -> BinaryIO:
    """Open a file whose bytes are exactly those that were vouched for, whatever becomes of the file; see the module.

    Args:
        path: the file; a link is followed, since it is bytes that count here and not where they lie.
        wanted: what it has to be.
        keep: `memory` or `disk` hold a copy, which has a descriptor that can be mapped. `digests` holds none: digests
            of the chunks are kept, and each chunk is verified when it is read; a read that meets other bytes raises
            `TrustError`. `auto` is `memory` below 256 MiB, else `digests`.

    Raises:
        ConfigError: `keep` is none of these.
        TrustError: it cannot be opened, or is not what it has to be.
        OverBudgetError: there is no room for a copy.
    """
    if keep not in {"auto", "memory", "disk", "digests"}:
        raise ConfigError(f"no way to keep a file is called {keep!r} (there are: auto, memory, disk, digests)")
    descriptor, state = open_file(wanted.name, path)
    size = state.st_size
    if keep == "digests" or (keep == "auto" and size >= _LONG):
        try:
            return cast("BinaryIO", io.BufferedReader(_rereading(descriptor, wanted, size)))
        except BaseException:
            os.close(descriptor)
            raise
    try:
        return open(private.copied(descriptor, wanted, size, on_disk=keep == "disk"), "rb")
    finally:
        os.close(descriptor)


def _rereading(descriptor: int, wanted: Wanted, size: int) -> VerifiedFile:
    private.check_size(wanted, size)
    if wanted.chunks or not size:
        if not size:
            import hashlib

            private.check_sha256(wanted, hashlib.sha256().hexdigest())
        return VerifiedFile(descriptor, wanted, size)
    from weighmaster.trust.manifests.lanes import hash_open

    # One pass gives SHA-256, which is vouched for, and the digests of the chunks of the very same bytes.
    entry = hash_open(wanted.name, descriptor, Hashing(full=True, chunk=wanted.chunk))
    if entry.size != size:
        raise TrustError(f"{wanted.name!r} changed while it was read")
    private.check_sha256(wanted, entry.sha256)
    return VerifiedFile(descriptor, replace(wanted, chunks=entry.chunks), size)


class VerifiedFile(io.RawIOBase):
    """A file read by chunks, each verified in memory of our own before a byte of it is handed out.

    Two chunks are held at once. Threads may share it: each read is done as a whole; the position is one for all, so
    threads that want different places use `read_at`. It has no descriptor to give away: what is read through one would
    not be verified.
    """

    def __init__(self, descriptor: int, wanted: Wanted, size: int) -> None:
        super().__init__()
        self.name = wanted.name
        self.mode = "rb"
        self.size = size
        self._descriptor = descriptor
        self._wanted = wanted
        self._position = 0
        self._held: OrderedDict[int, memoryview] = OrderedDict()
        self._lock = threading.RLock()

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """See `io.RawIOBase`."""
        with self._lock:
            base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}.get(whence)
            if base is None or base + offset < 0:
                raise ValueError(f"no place to go to: {offset} from {whence}")
            self._position = base + offset
            return self._position

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`, unless the file ends before.

        Raises:
            TrustError: the file is not what it was any more.
        """
        with self._lock, memoryview(buffer).cast("B") as view:
            count = self._copy(self._position, view)
            self._position += count
            return count

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer where the end comes first. The position stays.

        Raises:
            TrustError: the file is not what it was any more.
        """
        buffer = bytearray(max(0, min(count, self.size - offset)))
        with self._lock:
            self._copy(offset, memoryview(buffer))
        return bytes(buffer)

    def close(self) -> None:
        """See `io.RawIOBase`."""
        with self._lock:
            if not self.closed:
                os.close(self._descriptor)
                self._held.clear()
            super().close()

    def _copy(self, offset: int, view: memoryview) -> int:
        if self.closed:
            raise ValueError("the file is closed")
        size = self._wanted.chunk
        wanted, done = min(len(view), max(0, self.size - offset)), 0
        while done < wanted:
            index, inside = divmod(offset + done, size)
            part = self._chunk(index)[inside : inside + wanted - done]
            view[done : done + len(part)] = part
            done += len(part)
        return done

    def _chunk(self, index: int) -> memoryview:
        if index in self._held:
            self._held.move_to_end(index)
            return self._held[index]
        while len(self._held) >= _KEPT:
            self._held.popitem(last=False)
        start = index * self._wanted.chunk
        data = self._held[index] = self._read(start, min(self._wanted.chunk, self.size - start), index)
        return data

    def _read(self, start: int, count: int, index: int) -> memoryview:
        from blake3 import blake3

        held, state = bytearray(count), blake3()
        done = 0

        def keep(block: memoryview) -> None:
            nonlocal done
            held[done : done + len(block)] = block
            state.update(block)
            done += len(block)

        private.feed(self._descriptor, (start, start + count), self.name, keep)
        private.check_chunk(self._wanted, index, state.hexdigest())
        return memoryview(held).toreadonly()
