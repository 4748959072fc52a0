"""R's serialisation, written by hand: XDR of version 3, and as text."""

from __future__ import annotations

import struct
from typing import Final

NIL: Final = 254
GLOBAL: Final = 253
UNBOUND: Final = 252
MISSING: Final = 251
_ATTRIBUTES: Final = 1 << 9
_TAG: Final = 1 << 10


class R:
    """Builds one file. What it returns are the bytes of items."""

    def __init__(self, *, textual: bool = False, version: int = 3) -> None:
        self._textual = textual
        self._version = version

    def integer(self, value: int) -> bytes:
        return f"{value}\n".encode() if self._textual else struct.pack(">i", value)

    def flags(self, kind: int, *, tag: bool = False, attributes: bool = False, levels: int = 0) -> bytes:
        return self.integer(kind | _TAG * tag | _ATTRIBUTES * attributes | levels << 12)

    def characters(self, text: str) -> bytes:
        raw = text.encode()
        written = raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n") + b"\n" if self._textual else raw
        return self.flags(9, levels=64) + self.integer(len(raw)) + written

    def symbol(self, name: str) -> bytes:
        """Return a symbol in full: readers take it however often it was there before."""
        return self.integer(1) + self.characters(name)

    def reference(self, index: int) -> bytes:
        """Return a reference to the symbol or environment that was the `index`-th."""
        return self.integer(index << 8 | 255)

    def strings(self, *texts: str) -> bytes:
        return self.flags(16) + self.integer(len(texts)) + b"".join(map(self.characters, texts))

    def reals(self, *values: float) -> bytes:
        head = self.flags(14) + self.integer(len(values))
        return head + (
            "".join(f"{value}\n" for value in values).encode()
            if self._textual
            else struct.pack(f">{len(values)}d", *values)
        )

    def nil(self) -> bytes:
        return self.integer(NIL)

    def pairs(self, *items: tuple[str, bytes], levels: int = 0) -> bytes:
        """Return a list of pairs; a name of '' is no tag."""
        cells = b"".join(
            self.flags(2, tag=bool(name), levels=levels) + (self.symbol(name) if name else b"") + value
            for name, value in items
        )
        return cells + self.nil()

    def call(self, function: bytes, *arguments: bytes) -> bytes:
        return self.flags(6) + function + b"".join(self.flags(2) + item for item in arguments) + self.nil()

    def promise(self, expression: bytes, value: int = UNBOUND, environment: int = GLOBAL) -> bytes:
        return self.flags(5, tag=True) + self.integer(environment) + self.integer(value) + expression

    def closure(self, body: bytes) -> bytes:
        return self.flags(3, tag=True) + self.integer(GLOBAL) + self.nil() + body

    def vector(self, *items: bytes) -> bytes:
        return self.flags(19) + self.integer(len(items)) + b"".join(items)

    def environment(self, frame: bytes) -> bytes:
        """Return an environment whose frame is a list of pairs."""
        return self.integer(4) + self.integer(0) + self.integer(GLOBAL) + frame + self.nil() + self.nil()

    def alternative(self, name: str, package: str, state: bytes) -> bytes:
        about = self.pairs(
            ("", self.symbol(name)),
            ("", self.symbol(package)),
            ("", self.flags(13) + self.integer(1) + self.integer(13)),
        )
        return self.integer(238) + about + state + self.nil()

    def compiled(self, *constants: bytes) -> bytes:
        """Return compiled code with some constants."""
        code = self.flags(13) + self.integer(1) + self.integer(12)
        return self.flags(21) + self.integer(0) + code + self.integer(len(constants)) + b"".join(constants)

    def file(self, item: bytes, *, workspace: bool = False) -> bytes:
        mark = b"A\n" if self._textual else b"X\n"
        head = [self._version, 0x040300, 0x030500 if self._version == 3 else 0x020300]
        encoding = self.integer(5) + (b"UTF-8\n" if self._textual else b"UTF-8") if self._version == 3 else b""
        start = (b"RDA" if self._textual else b"RDX") + str(self._version).encode() + b"\n" if workspace else b""
        return start + mark + b"".join(map(self.integer, head)) + encoding + item
