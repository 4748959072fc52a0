"""The three encodings of R's serialisation, as one: integers, texts, and numbers that are passed over.

Specification: <https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats>: XDR is big-endian,
binary that of the machine (little-endian on all that R runs on today), text one word a line.
"""

from __future__ import annotations

import re
from typing import Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.source import Source

_WIDTHS: Final = {10: 4, 13: 4, 14: 8, 15: 16, 24: 1}
_PARTS: Final = {15: 2}
_LONGEST_WORD: Final = 512
_KEPT: Final = 1 << 16
_BLANK: Final = b" \t\r\n"
_ESCAPED: Final = re.compile(rb"\\(?:([0-7]{1,3})|([\s\S]))")
_LETTERS: Final = {b"n": b"\n", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"r": b"\r", b"f": b"\f", b"a": b"\a"}
_NOT_AVAILABLE: Final = -(1 << 31)


class _Held:
    """A stream, and integers that are pushed back into it."""

    def __init__(self, stream: Buffered) -> None:
        self._stream = stream
        self._pushed: list[int] = []

    @property
    def offset(self) -> int:
        """Where the next word stands."""
        return self._stream.offset

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self._stream.left

    def push(self, value: int) -> None:
        """Have `value` be the next integer that is read."""
        self._pushed.append(value)


class Words(_Held):
    """Integers of four bytes."""

    narrow: Final = 4
    """The fewest bytes that an item of a list takes."""

    def __init__(self, source: Source, budget: Budget, start: int, order: str) -> None:
        super().__init__(Buffered(source, budget, offset=start, order=order))

    def integer(self) -> int:
        """Read an integer."""
        return self._pushed.pop() if self._pushed else self._stream.number("i")

    def text(self, count: int) -> str:
        """Read a text of `count` bytes, of which only the first are kept."""
        if count < 0:
            raise UnreadableError(f"r: a text of {count} bytes", offset=self.offset)
        return self._stream.text(count, _KEPT)

    def skip(self, kind: int, count: int) -> None:
        """Pass over `count` numbers of a type."""
        self._stream.skip(count * _WIDTHS[kind])


class Ascii(_Held):
    """Words with white space between them; `NA` is the integer that is none."""

    narrow: Final = 2

    def __init__(self, source: Source, budget: Budget, start: int) -> None:
        super().__init__(Buffered(source, budget, offset=start))

    def integer(self) -> int:
        """Read an integer."""
        if self._pushed:
            return self._pushed.pop()
        word = self._word()
        if word == b"NA":
            return _NOT_AVAILABLE
        if not (word.lstrip(b"-").isdigit() and len(word) <= 11):
            raise UnreadableError(f"r: {word[:20]!r} is no integer", offset=self.offset)
        return int(word)

    def text(self, count: int) -> str:
        """Read a text that stands for `count` bytes, with its escapes."""
        if not 0 <= count <= self.left:
            raise UnreadableError(f"r: a text of {count} bytes", offset=self.offset)
        self._blank()
        kept = bytearray()
        for left in range(count, 0, -1):
            unit = self._unit()
            if count - left < _KEPT:
                kept += unit
        return kept.decode("utf-8", "backslashreplace")

    def skip(self, kind: int, count: int) -> None:
        """Pass over `count` numbers of a type."""
        for _ in range(count * _PARTS.get(kind, 1)):
            self._word()

    def _unit(self) -> bytes:
        """Read one byte as it is written."""
        byte = self._stream.take(1)
        if byte != b"\\":
            return byte
        escaped = _ESCAPED.match(byte + self._stream.peek(3))
        if escaped is None:
            raise UnreadableError("r: ends inside an escape", offset=self.offset)
        self._stream.skip(escaped.end() - 1)
        return bytes((int(escaped[1], 8) & 0xFF,)) if escaped[1] else _LETTERS.get(escaped[2], escaped[2])

    def _blank(self) -> None:
        while (ahead := self._stream.peek(64)) and (blank := len(ahead) - len(ahead.lstrip(_BLANK))):
            self._stream.skip(blank)

    def _word(self) -> bytes:
        self._blank()
        word = b""
        for ahead in (self._stream.peek(24), self._stream.peek(_LONGEST_WORD)):
            word = ahead.split(None, 1)[0] if ahead else b""
            if len(word) < len(ahead) or len(word) == self.left:
                break
        if not word or len(word) >= _LONGEST_WORD:
            raise UnreadableError("r: a word wanted", offset=self.offset)
        self._stream.take(len(word))
        return word
