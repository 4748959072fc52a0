"""The bytes of a pickle as an unpickler reads them: a window that moves on, frames, lines.

Modules/_pickle.c: `_Unpickler_ReadImpl`, `_Unpickler_Readline`, `load_frame`; Lib/pickle.py: `_Unframer`.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.source import Source, is_far

WINDOW: Final = 1 << 20
_FIRST: Final = 512
"""Bytes that are read first where each has to be fetched: most of what is tried there breaks at once."""
_NEAR: Final = 16 << 10
"""The same elsewhere: a file may be very many short pickles."""
SHORT: Final = 256
"""Bytes of a string that is kept as it is."""
HEAD: Final = 2048
"""Bytes that are kept of a longer one."""


class Broken(Exception):  # noqa: N818 - a state of the program that is read, not a mistake of ours
    """No unpickler goes on from here; `args` are the reason and the offset."""


class Window:
    """Bytes `start` to `end` of a source. `i` is the next byte's index in `buf`, which begins at offset `base`.

    Bytes before index `limit` can be taken as they are; what goes beyond it goes through `_more`. `here` is the
    offset of the current opcode. `straddle` is the offset of the first argument that crosses the end of its frame.
    """

    def __init__(self, source: Source, start: int, end: int, *, drops: bool) -> None:
        self.source = source
        self.end = end
        self.drops = drops
        self.base = start
        self.here = start
        self.buf = b""
        self.i = 0
        self.limit = 0
        self.frame = -1
        self.straddle = -1
        self.reach = _FIRST if is_far(source) else _NEAR

    def _underflow(self) -> Broken:
        return Broken("takes more from the stack than there is", self.here)

    def _broken(self, why: str) -> Broken:
        return Broken(why, self.here)

    def _text(self, data: bytes) -> str:
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            # SHORT_BINSTRING and BINSTRING may be read as Latin-1; UTF-8 opcodes stop the loader.
            return data.decode("latin-1")

    def _ascii(self, line: bytes) -> str:
        try:
            return line.decode("ascii")
        except UnicodeDecodeError:
            raise self._broken("a persistent id that is not ASCII") from None

    def _name(self, encoding: str) -> str:
        line = self._line()
        if len(line) > 4 * SHORT:
            return "?"
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            raise self._broken("a name that does not decode") from None

    def _unsigned(self, size: int) -> int:
        start = self._take(size, False)
        return int.from_bytes(self.buf[start : start + size], "little")

    def _take(self, size: int, into: bool) -> int:  # noqa: FBT001 - mypyc calls it fastest so
        """Step over `size` bytes and return where in the window they (or, if many, their head) begin."""
        i = self.i
        if i + size > self.limit:
            i = self._more(i, size, into)
        at = self.base + i + size
        if i + size <= len(self.buf):
            self.i = i + size
            return i
        # Too long to hold: the head is in the window, and the next step begins behind it.
        self._seek(at)
        return i

    def _more(self, i: int, size: int, into: bool) -> int:  # noqa: FBT001
        """Make the window hold `size` bytes from index `i` on (or their head), and return their index."""
        at = self.base + i
        if self.frame >= 0:
            if at >= self.frame:
                self.frame = -1
            elif at + size > self.frame:
                if self.straddle < 0:
                    self.straddle = at
                if self.drops and not into:
                    at = self.frame
                self.frame = -1
        if at + size > self.end:
            raise Broken("truncated", at)
        if at + min(size, WINDOW) > self.base + len(self.buf) or at < self.base:
            self.base = at
            self.buf = self.source.read_at(at, min(max(self.reach, min(size, WINDOW)), self.end - at))
            self.reach = min(WINDOW, self.reach * 4)
            if len(self.buf) < min(size, WINDOW, self.end - at):
                raise Broken("truncated", at + len(self.buf))
        self._window()
        return at - self.base

    def _window(self) -> None:
        self.limit = len(self.buf)
        if self.frame >= 0 and self.frame - self.base < self.limit:
            self.limit = max(0, self.frame - self.base)

    def _seek(self, at: int) -> None:
        self.i = at - self.base
        self._window()
        if not 0 <= self.i <= len(self.buf):
            self.limit = 0

    def _line(self) -> bytes:
        """Read to the end of the line, as both unpicklers do; the newline is not returned."""
        end = self.buf.find(b"\n", self.i, self.limit)
        if end >= 0:
            line = self.buf[self.i : end]
            self.i = end + 1
            return line
        return self._long_line()

    def _long_line(self) -> bytes:
        at = self.base + self.i
        if self.frame >= 0 and at < self.frame:
            inside = self.source.read_at(at, min(WINDOW, self.frame - at))
            if b"\n" not in inside:
                if self.straddle < 0:
                    self.straddle = at
                if self.drops:
                    at = self.frame
                self.frame = -1
        elif self.frame >= 0:
            self.frame = -1
        found = at
        while found < self.end:
            chunk = self.source.read_at(found, min(WINDOW, self.end - found))
            newline = chunk.find(b"\n")
            if newline >= 0:
                found += newline
                line = self.source.read_at(at, min(found - at, WINDOW))
                self._seek(found + 1)
                return line
            found += len(chunk)
            if not chunk:
                break
        # No newline to the end: the pure-Python unpickler takes what is there, less one byte, were it nothing.
        line = self.source.read_at(at, min(max(0, self.end - at - 1), WINDOW))
        self._seek(self.end)
        return line

    def _frame(self, size: int) -> None:
        at = self.base + self.i
        if self.frame >= 0 and at < self.frame:
            if at + size <= self.frame:
                # The C unpickler knows what it has buffered, not where a frame inside that ends.
                return
            if self.straddle < 0:
                self.straddle = at
            if self.drops:
                at = self.frame
                self._seek(at)
        if self.drops and at + size > self.end:
            raise self._broken("a frame longer than the file")
        self.frame = at + size if at + size < self.end else -1
        self._window()
