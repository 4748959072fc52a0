"""An HDF5 file: where its superblock is, what that says, and bounded reads by address.

A superblock stands at byte 0, or at 512 or any power of two above that: what comes before it is the user block.
"""

from __future__ import annotations

from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import Source, is_far

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_FIRST: Final = 512
_WINDOW: Final = 4096
_NEAR: Final = 8 << 10
"""What of a file that lies elsewhere is there when it is first looked at."""
_STEPS: Final = 4_000_000
_CLOCK: Final = 4096
_BYTES: Final = 512 << 20
_SPANS: Final = 200_000
_WIDTHS: Final = frozenset({2, 4, 8})


def place(source: Source, head: bytes) -> int | None:
    """Return where the first superblock begins, or None; `head` is what the source begins with."""
    if head.startswith(SIGNATURE):
        return 0
    at = _FIRST
    # Of a file that lies elsewhere, only what is there already is asked: a request for each power of two is too much.
    end = min(source.size, _NEAR) if is_far(source) else source.size
    while at + len(SIGNATURE) <= end:
        found = head[at : at + 8] if at + 8 <= len(head) else source.read_at(at, 8)
        if found == SIGNATURE:
            return at
        at *= 2
    return None


class Block:
    """Bytes that are read forward; `what` names them in errors."""

    __slots__ = ("at", "data", "what")

    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.at = 0
        self.what = what

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self.data) - self.at

    def take(self, count: int) -> bytes:
        """Read exactly `count` bytes."""
        if not 0 <= count <= self.left:
            raise UnreadableError(f"hdf5: {self.what} ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, width: int) -> int:
        """Read a little-endian unsigned integer."""
        return int.from_bytes(self.take(width), "little")

    def skip(self, count: int) -> None:
        """Move on."""
        self.take(count)

    def align(self, start: int) -> None:
        """Move on to the next multiple of eight, counted from `start`."""
        self.at = min(len(self.data), self.at + -(self.at - start) % 8)


class File:
    """A file whose superblock was read.

    `base` is where its addresses count from, `end` where it says to end (both in bytes of the source), `root` the
    address of the root group's header. `extension` and `driver` are addresses of what else the superblock names, or -1.
    `spans` are the bytes that something refers to, as far as was looked.
    """

    def __init__(self, source: Source, budget: Budget, start: int) -> None:
        self.source = source
        self.budget = budget
        self.base = start
        self.spans: list[tuple[int, int]] = []
        self.heaps: dict[int, dict[int, bytes]] = {}
        self.kept = 0
        self._steps = 0
        self._bytes = 0
        self._from = 0
        self._window = b""
        block = Block(source.read_at(start, 128), "the superblock")
        block.skip(8)
        self.version = block.number(1)
        self.extension = self.driver = -1
        if self.version < 2:
            self._old(block)
        elif self.version <= 3:
            self._new(block)
        else:
            raise UnreadableError(f"hdf5: a superblock of version {self.version}", offset=start + 8)
        self.cover(start, start + block.at)

    def _old(self, block: Block) -> None:
        # II.A, versions 0 and 1.
        block.skip(4)
        self._widths(block)
        block.skip(1 + 2 + 2 + 4)
        if self.version == 1:
            block.skip(4)
        self.said = block.number(self.offset)
        block.skip(self.offset)
        self.end = block.number(self.offset)
        self.driver = block.number(self.offset)
        block.skip(self.offset)
        self.root = block.number(self.offset)
        block.skip(4 + 4 + 16)

    def _new(self, block: Block) -> None:
        # II.A, versions 2 and 3.
        self._widths(block)
        block.skip(1)
        self.said = block.number(self.offset)
        self.extension = block.number(self.offset)
        self.end = block.number(self.offset)
        self.root = block.number(self.offset)
        block.skip(4)

    def _widths(self, block: Block) -> None:
        self.offset = block.number(1)
        self.length = block.number(1)
        if self.offset not in _WIDTHS or self.length not in _WIDTHS:
            raise UnreadableError(f"hdf5: addresses of {self.offset} bytes, lengths of {self.length}")
        self.undefined = (1 << 8 * self.offset) - 1

    def is_defined(self, address: int) -> bool:
        """Say whether an address is one: all bits set means that there is nothing."""
        return address != self.undefined

    def at(self, address: int, count: int) -> bytes:
        """Return `count` bytes at an address.

        Raises:
            UnreadableError: it does not lie in the file.
            OverBudgetError: so many may not be held at once, or too much was read.
        """
        start = self.base + address
        if count < 0 or start + count > self.source.size:
            raise UnreadableError(f"hdf5: {count} bytes wanted, and the file ends", offset=start)
        self.budget.hold(count)
        self.step()
        self.pay(count)
        self.cover(start, start + count)
        if not (self._from <= start and start + count <= self._from + len(self._window)):
            self._from, self._window = start, self.source.read_at(start, max(count, _WINDOW))
        found = self._window[start - self._from : start - self._from + count]
        if len(found) != count:
            raise UnreadableError("hdf5: ends early", offset=start)
        return found

    def some(self, address: int, count: int) -> bytes:
        """Return up to `count` bytes at an address, fewer where the file ends."""
        return self.at(address, min(count, max(0, self.source.size - self.base - address)))

    def block(self, address: int, count: int, what: str, signature: bytes = b"") -> Block:
        """Return the bytes at an address, to be read forward after their signature."""
        block = Block(self.at(address, count), what)
        if block.take(len(signature)) != signature:
            raise UnreadableError(f"hdf5: no {what} there", offset=self.base + address)
        return block

    def step(self) -> None:
        """Count one piece of work. Structures that share parts must not multiply it."""
        self._steps += 1
        if self._steps % _CLOCK == 0:
            self.budget.check_time()
            if self._steps > _STEPS:
                raise OverBudgetError("hdf5: more parts than are followed")

    def pay(self, count: int) -> None:
        """Count bytes that are read or unpacked."""
        self._bytes += count
        if self._bytes > _BYTES:
            raise OverBudgetError(f"hdf5: more than {_BYTES} bytes to read")

    def cover(self, start: int, end: int) -> None:
        """Note that something refers to these bytes of the source."""
        if self.spans and self.spans[-1][0] <= start <= self.spans[-1][1]:
            self.spans[-1] = (self.spans[-1][0], max(end, self.spans[-1][1]))
            return
        self.spans.append((start, end))
        if len(self.spans) > _SPANS:
            self.spans = joined(self.spans)
            if len(self.spans) > _SPANS // 2:
                raise OverBudgetError("hdf5: more parts than are followed")


def width_of(limit: int) -> int:
    """Return how many bytes hold numbers up to a limit, as HDF5 counts them."""
    return (max(1, limit).bit_length() - 1) // 8 + 1


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
