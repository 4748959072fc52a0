"""A bounded reader that goes forward over a source."""

from __future__ import annotations

import struct

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import Source


class Cursor:
    """Reads forward, never more than the source has and the budget allows to hold."""

    __slots__ = ("budget", "offset", "size", "source")

    def __init__(self, source: Source, budget: Budget) -> None:
        self.source = source
        self.budget = budget
        self.size = source.size
        self.offset = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.size - self.offset

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes without moving on."""
        self.budget.hold(count)
        return self.source.read_at(self.offset, count)

    def take(self, count: int) -> bytes:
        """Read exactly `count` bytes.

        Raises:
            UnreadableError: fewer bytes are left.
            OverBudgetError: so many may not be held at once.
        """
        if not 0 <= count <= self.left:
            raise UnreadableError(f"{count} bytes wanted, {self.left} left", offset=self.offset)
        data = self.peek(count)
        if len(data) != count:
            raise UnreadableError("ends early", offset=self.offset)
        self.offset += count
        return data

    def skip(self, count: int) -> None:
        """Move on by `count` bytes.

        Raises:
            UnreadableError: fewer bytes are left.
        """
        if not 0 <= count <= self.left:
            raise UnreadableError(f"{count} bytes to skip, {self.left} left", offset=self.offset)
        self.offset += count

    def u8(self) -> int:
        """Read a byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Read a little-endian unsigned 16-bit integer."""
        return self._unpack("<H", 2)

    def u32(self) -> int:
        """Read a little-endian unsigned 32-bit integer."""
        return self._unpack("<I", 4)

    def u64(self) -> int:
        """Read a little-endian unsigned 64-bit integer."""
        return self._unpack("<Q", 8)

    def _unpack(self, layout: str, count: int) -> int:
        (value,) = struct.unpack(layout, self.take(count))
        return int(value)
