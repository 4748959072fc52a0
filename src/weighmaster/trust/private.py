"""Private copies of a file: filled and hashed in one pass, and never written again by anyone.

In memory (Linux) a copy is sealed (`memfd_create(2)`, `fcntl(2)`: F_SEAL_WRITE): before the first byte arrives, nobody
but the pass that fills it can write it, and afterwards nobody at all, not even this process. On disk it is a file
without a name; whoever may already read the memory of this process (the same user, root) could reach it.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import tempfile
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from weighmaster.model.errors import OverBudgetError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.digests import BLOCK
from weighmaster.trust.lanes import processors
from weighmaster.trust.manifest import CHUNK

_FUTURE_WRITE: Final = 0x10  # F_SEAL_FUTURE_WRITE, Linux 5.1; Python has no name for it before 3.13.


class Wanted(Value):
    """What a file has to be: its SHA-256, its size in bytes if known, and the BLAKE3 digests of its chunks if known."""

    name: str
    sha256: str
    size: int | None = None
    chunks: tuple[str, ...] = ()
    chunk: int = CHUNK


class Copy(Protocol):
    """Takes the bytes of a file, in any order."""

    def slot(self, offset: int, spare: memoryview) -> memoryview:
        """Return where bytes from `offset` on may be read to, as many as fit into `spare`."""

    def put(self, offset: int, data: memoryview) -> None:
        """Keep `data`, which was read into a slot."""

    def finish(self) -> int:
        """Return a descriptor to read the copy, which does not change any more."""

    def close(self) -> None:
        """Give up the copy."""


def in_memory(size: int) -> Copy:
    """Return a copy to be filled in memory; where the system has no sealed memory, on disk.

    Raises:
        OverBudgetError: there is no room for it.
    """
    return _Memory(size) if hasattr(os, "memfd_create") else _Disk(size)


def on_disk(size: int) -> Copy:
    """Return a copy to be filled in a file without a name, in the folder for temporary files.

    Raises:
        OverBudgetError: there is no room for it.
    """
    return _Disk(size)


def fill(copy: Copy, descriptor: int, wanted: Wanted, size: int, jobs: int | None = None) -> None:
    """Read a file of `size` bytes into a copy, and verify what was read.

    With chunks known, several are read and verified at a time.

    Raises:
        TrustError: it is not what it has to be.
        OverBudgetError: there is no room for it.
    """
    check_size(wanted, size)
    try:
        if wanted.chunks:
            _fill_by_chunks(copy, descriptor, wanted, size, jobs or processors())
        else:
            state = hashlib.sha256()
            _move(copy, descriptor, (0, size), wanted.name, state.update)
            check_sha256(wanted, state.hexdigest())
    except OSError as error:
        raise OverBudgetError(f"{wanted.name!r} cannot be copied to verify it: {error.strerror}") from error


def check_size(wanted: Wanted, size: int) -> None:
    """Refuse a file of another size, and chunks that do not cover it.

    Raises:
        TrustError: it has another size.
    """
    if wanted.size is not None and wanted.size != size:
        raise TrustError(f"{wanted.name!r} has {size} bytes, and {wanted.size} were vouched for")
    if wanted.chunks and len(wanted.chunks) != -(-size // wanted.chunk):
        raise TrustError(f"{wanted.name!r} has {size} bytes, and {len(wanted.chunks)} chunks were vouched for")


def check_sha256(wanted: Wanted, digest: str) -> None:
    """Refuse a file with another digest.

    Raises:
        TrustError: it has another digest.
    """
    if digest != wanted.sha256:
        raise TrustError(f"{wanted.name!r} has the SHA-256 {digest}, and {wanted.sha256} was vouched for")


def check_chunk(wanted: Wanted, index: int, digest: str) -> None:
    """Refuse a chunk with another digest.

    Raises:
        TrustError: it has another digest.
    """
    if digest != wanted.chunks[index]:
        start = index * wanted.chunk
        raise TrustError(f"{wanted.name!r} is not what was vouched for: the bytes from {start} on differ")


def _fill_by_chunks(copy: Copy, descriptor: int, wanted: Wanted, size: int, jobs: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from blake3 import blake3

    waiting = list(range(len(wanted.chunks)))
    waiting.reverse()
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                index = waiting.pop()
            start = index * wanted.chunk
            state = blake3()
            _move(copy, descriptor, (start, min(size, start + wanted.chunk)), wanted.name, state.update)
            check_chunk(wanted, index, state.hexdigest())

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for future in [pool.submit(work) for _ in range(min(jobs, len(wanted.chunks)))]:
                future.result()
        except BaseException:
            # Whatever ends this thread ends the others, each at the end of its chunk.
            waiting.clear()
            raise


def _move(
    copy: Copy, descriptor: int, span: tuple[int, int], name: str, update: Callable[[memoryview], object]
) -> None:
    offset, end = span
    spare = memoryview(bytearray(min(BLOCK, end - offset)))
    while offset < end:
        # Released at once: memory that something still looks at cannot be sealed.
        with copy.slot(offset, spare[: min(BLOCK, end - offset)]) as slot:
            got = os.preadv(descriptor, [slot], offset)
            with slot[:got] as data:
                update(data)
                copy.put(offset, data)
        if not got:
            raise TrustError(f"{name!r} became shorter while it was read")
        offset += got


class _Memory:
    """Sealed memory."""

    def __init__(self, size: int) -> None:
        import fcntl

        try:
            self._descriptor = os.memfd_create("verified", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(self._descriptor, size)
            self._map = mmap.mmap(self._descriptor, size) if size else None
        except (OSError, ValueError, OverflowError) as error:
            raise OverBudgetError(f"no memory for a copy of {size} bytes: {error}") from error
        self._view = memoryview(self._map) if self._map is not None else memoryview(b"")
        self._seal(fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        with contextlib.suppress(OSError):
            self._seal(_FUTURE_WRITE)

    def slot(self, offset: int, spare: memoryview) -> memoryview:
        return self._view[offset : offset + len(spare)]

    def put(self, offset: int, data: memoryview) -> None:
        """Bytes are where they belong already."""

    def finish(self) -> int:
        import fcntl

        self._unmap()
        self._seal(fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
        return _to_read(self._descriptor)

    def close(self) -> None:
        self._unmap()
        os.close(self._descriptor)

    def _seal(self, seals: int) -> None:
        import fcntl

        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, seals)

    def _unmap(self) -> None:
        self._view.release()
        if self._map is not None:
            self._map.close()
            self._map = None


class _Disk:
    """A file without a name."""

    def __init__(self, size: int) -> None:
        try:
            self._file: Any = tempfile.TemporaryFile(prefix="weighmaster-", buffering=0)  # noqa: SIM115 - see `close`
            if hasattr(os, "posix_fallocate") and size:
                os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as error:
            raise OverBudgetError(f"no room on disk for a copy of {size} bytes: {error.strerror}") from error

    def slot(self, offset: int, spare: memoryview) -> memoryview:
        del offset
        return spare

    def put(self, offset: int, data: memoryview) -> None:
        while data:
            wrote = os.pwrite(self._file.fileno(), data, offset)
            offset += wrote
            data = data[wrote:]

    def finish(self) -> int:
        return _to_read(os.dup(self._file.fileno()))

    def close(self) -> None:
        self._file.close()


def _to_read(descriptor: int) -> int:
    """Return a descriptor of the same file that cannot write; the given one where the system has no way to it."""
    try:
        reading = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor
    os.close(descriptor)
    return reading
