"""What looking at one file may cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.value import Value


class Limits(Value):
    """The most that looking at one file may cost; every file starts with the whole of it."""

    seconds: float = 300.0
    unpacked: int = 16 << 30
    """Bytes that come out of decompression, in all."""
    ratio: int = 200
    """Bytes unpacked for each byte packed, once more than `ratio_from` came out."""
    ratio_from: int = 256 << 20
    held: int = 256 << 20
    """Bytes that one reader may hold in memory at once."""
    depth: int = 32
    """Containers inside containers."""
    members: int = 100_000
    opcodes: int = 200_000_000
    fetched: int = 64 << 20
    """Bytes of a file that lies elsewhere."""


class Budget:
    """What is left of the limits for one file. Shared by all that read it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.deadline = time.monotonic() + self.limits.seconds
        self._unpacked = self.limits.unpacked
        self._members = self.limits.members
        self._depth = self.limits.depth
        self.opcodes = self.limits.opcodes
        self.kept = 0
        """Bytes of unpacked streams that are in memory now."""

    def unpack(self, count: int) -> None:
        """Count `count` bytes that came out of decompression."""
        self._unpacked -= count
        if self._unpacked < 0:
            raise OverBudgetError(f"unpacks to more than {self.limits.unpacked} bytes")
        self.check_time()

    def member(self) -> None:
        """Count one member of a container."""
        self._members -= 1
        if self._members < 0:
            raise OverBudgetError(f"more than {self.limits.members} members")

    def hold(self, count: int) -> None:
        """Ask to hold `count` bytes in memory at once."""
        if count > self.limits.held:
            raise OverBudgetError(f"{count} bytes to hold at once, {self.limits.held} allowed")

    def check_time(self) -> None:
        """Refuse to go on after the deadline."""
        if time.monotonic() > self.deadline:
            raise OverBudgetError(f"takes more than {self.limits.seconds:g} seconds")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Hold one level of nesting."""
        if self._depth == 0:
            raise OverBudgetError(f"nested more than {self.limits.depth} deep")
        self._depth -= 1
        try:
            yield
        finally:
            self._depth += 1
