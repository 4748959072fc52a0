"""Private copies of a file: copied, closed to all writers, and then verified as they lie there.

In memory (Linux) a copy is sealed before it is verified (`memfd_create(2)`, F_SEAL_WRITE and the others of `fcntl(2)`):
from then on nobody can write it, not even this process. On disk it is a file without a name; whoever may look into this
process as its debugger does (the same user, root) could still reach it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from typing import Final

from weighmaster.model.errors import OverBudgetError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.manifests.digests import BLOCK
from weighmaster.trust.manifests.lanes import processors
from weighmaster.trust.manifests.manifest import CHUNK

_NO_EXEC: Final = 0x8  # MFD_NOEXEC_SEAL, Linux 6.3; Python has no name for it. Some systems allow no other memory.
_SPAN: Final = 16 << 20
"""Bytes that one thread copies at a time."""


class Wanted(Value):
    """What a file has to be: its SHA-256, its size in bytes if known, and the BLAKE3 digests of its chunks if known."""

    name: str
    sha256: str
    size: int | None = None
    chunks: tuple[str, ...] = ()
    chunk: int = CHUNK


def copied(descriptor: int, wanted: Wanted, size: int, *, on_disk: bool = False) -> int:
    """Return a descriptor to read a private copy of a file of `size` bytes; what it holds was verified.

    Copying takes all processors, and so does verifying where the digests of chunks are known.

    Raises:
        TrustError: the file is not what it has to be.
        OverBudgetError: there is no room for a copy.
    """
    check_size(wanted, size)
    sealed = not on_disk and hasattr(os, "memfd_create")
    try:
        target = _memory(size) if sealed else _disk(size)
    except (OSError, OverflowError) as error:
        raise OverBudgetError(f"no room for a copy of {size} bytes to verify: {error}") from error
    try:
        _fill(descriptor, target, wanted, size)
        if sealed:
            _seal(target)
        reading = _to_read(target)
    finally:
        os.close(target)
    try:
        _verify(reading, wanted, size)
    except BaseException:
        os.close(reading)
        raise
    return reading


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


def feed(descriptor: int, span: tuple[int, int], name: str, update: Callable[[memoryview], object]) -> None:
    """Feed bytes of a file to `update`, block by block.

    Raises:
        TrustError: the file ends before, or cannot be read.
    """
    buffer = memoryview(bytearray(min(BLOCK, span[1] - span[0])))
    offset, end = span
    while offset < end:
        data = _block(descriptor, buffer, offset, end, name)
        update(data)
        offset += len(data)


def _block(descriptor: int, buffer: memoryview, offset: int, end: int, name: str) -> memoryview:
    try:
        got = os.preadv(descriptor, [buffer[: end - offset]], offset)
    except OSError as error:
        raise TrustError(f"{name!r} cannot be read: {error.strerror}") from error
    if not got:
        raise TrustError(f"{name!r} became shorter while it was read")
    return buffer[:got]


def _verify(descriptor: int, wanted: Wanted, size: int) -> None:
    if not wanted.chunks:
        state = hashlib.sha256()
        feed(descriptor, (0, size), wanted.name, state.update)
        check_sha256(wanted, state.hexdigest())
        return
    from blake3 import blake3

    def verify(index: int) -> None:
        start, state = index * wanted.chunk, blake3()
        feed(descriptor, (start, min(size, start + wanted.chunk)), wanted.name, state.update)
        check_chunk(wanted, index, state.hexdigest())

    _side_by_side(verify, len(wanted.chunks))


def _fill(descriptor: int, target: int, wanted: Wanted, size: int) -> None:
    def fill(index: int) -> None:
        buffer = memoryview(bytearray(min(BLOCK, size)))
        offset, end = index * _SPAN, min(size, (index + 1) * _SPAN)
        while offset < end:
            data = _block(descriptor, buffer, offset, end, wanted.name)
            while data:
                wrote = os.pwrite(target, data, offset)
                offset += wrote
                data = data[wrote:]

    try:
        _side_by_side(fill, -(-size // _SPAN))
    except OSError as error:
        raise OverBudgetError(f"{wanted.name!r} cannot be copied to verify it: {error.strerror}") from error


def _side_by_side(work: Callable[[int], None], count: int) -> None:
    """Call `work` with each number below `count`, in as many threads as there are processors."""
    jobs = min(processors(), count)
    if jobs <= 1:
        for index in range(count):
            work(index)
        return
    from concurrent.futures import ThreadPoolExecutor

    waiting = list(range(count - 1, -1, -1))
    lock = threading.Lock()

    def worker() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                index = waiting.pop()
            work(index)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for future in [pool.submit(worker) for _ in range(jobs)]:
                future.result()
        except BaseException:
            waiting.clear()  # Whatever ends this thread ends the others.
            raise


def _memory(size: int) -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        descriptor = os.memfd_create("verified", flags | _NO_EXEC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        descriptor = os.memfd_create("verified", flags)
    try:
        os.ftruncate(descriptor, size)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _disk(size: int) -> int:
    with tempfile.TemporaryFile(prefix="weighmaster-", buffering=0) as file:
        if hasattr(os, "posix_fallocate") and size:
            os.posix_fallocate(file.fileno(), 0, size)
        return os.dup(file.fileno())


def _seal(descriptor: int) -> None:
    import fcntl

    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def _to_read(descriptor: int) -> int:
    """Return another descriptor of the same file, one that cannot write where the system has a way to it."""
    try:
        return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        copy = os.dup(descriptor)
        os.lseek(copy, 0, os.SEEK_SET)
        return copy
