"""Many small reads, one after the other, of a source: a window is kept, so that they cost one read of the source.

Numbers of several bytes are read in the order that the reader is made for.
"""

from __future__ import annotations

import struct
from typing import Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import Source

_WINDOW: Final = 64 << 10
_CLOCK: Final = 4096


class Buffered:
    """Reads forward from `offset`, never beyond `size`; `order` is `<` or `>`, as `struct` has them."""

    __slots__ = ("_base", "_buffer", "_count", "budget", "offset", "order", "size", "source")

    def __init__(self, source: Source, budget: Budget, *, offset: int = 0, order: str = "<") -> None:
        self.source = source
        self.budget = budget
        self.offset = offset
        self.size = source.size
        self.order = order
        self._base = 0
        self._buffer = b""
        self._count = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.size - self.offset

    def take(self, count: int) -> bytes:
        """Read exactly `count` bytes.

        Raises:
            UnreadableError: fewer bytes are left.
            OverBudgetError: so many may not be held at once, or it takes too long.
        """
        found = self.peek(count) if count >= 0 else b""
        if len(found) != count:
            raise UnreadableError(f"{count} bytes wanted, {self.left} left", offset=self.offset)
        self.offset += count
        self._count += 1
        if self._count % _CLOCK == 0:
            self.budget.check_time()
        return found

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes without moving on."""
        start = self.offset - self._base
        if start < 0 or start + count > len(self._buffer):
            if count > _WINDOW:
                self.budget.hold(min(count, self.left))
                return self.source.read_at(self.offset, min(count, self.left))
            self._base, self._buffer, start = self.offset, self.source.read_at(self.offset, _WINDOW), 0
        return self._buffer[start : start + count]

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

    def number(self, code: str) -> int:
        """Read an integer of the `struct` type `code`."""
        layout = self.order + code
        (value,) = struct.unpack(layout, self.take(struct.calcsize(layout)))
        return int(value)

    def text(self, count: int, most: int = 1 << 20) -> str:
        """Read `count` bytes as text, what is no UTF-8 escaped; of more than `most`, only the first are kept.

        Raises:
            UnreadableError: fewer bytes are left.
        """
        raw = self.take(min(count, most))
        self.skip(count - len(raw))
        return raw.decode("utf-8", "backslashreplace")
