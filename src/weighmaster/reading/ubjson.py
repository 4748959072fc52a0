"""UBJSON, bounded: strings, numbers and containers as Python's own; arrays of numbers stay where they are.

Specification: <https://ubjson.org/>, with the optimised containers (`$` type, `#` count) of draft 12. No recursion, and
what a decoder would refuse raises `UnreadableError`.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.buffered import Buffered

SIZES: Final = {"i": 1, "U": 1, "C": 1, "I": 2, "l": 4, "d": 4, "L": 8, "D": 8}
"""How many bytes a number of each type takes."""
_INTEGERS: Final = {"i": "b", "U": "B", "I": "h", "l": "i", "L": "q"}
_FIXED: Final[dict[str, Any]] = {"Z": None, "T": True, "F": False}
_DEEPEST: Final = 64
_NODES: Final = 4_000_000
_KEY: Final = 4096


class Numbers(Value):
    """An array of `count` numbers of one `type`, which begins at `start`."""

    type: str
    count: int
    start: int


class _Open:
    """A container that is being filled; `left` is how many items are to come, if that is known."""

    __slots__ = ("into", "key", "left", "type")

    def __init__(self, into: dict[str, Any] | list[Any], type: str, left: int | None) -> None:
        self.into = into
        self.type = type
        self.left = left
        self.key = ""


class Reader:
    """Reads one value; `doubles` then has the keys that came twice in one object."""

    def __init__(self, stream: Buffered) -> None:
        self.stream = stream
        self.doubles: list[str] = []
        self._open: list[_Open] = []
        self._nodes = 0

    def value(self) -> Any:
        """Read the value that stands here.

        Raises:
            UnreadableError: the bytes are no UBJSON.
            OverBudgetError: it holds more values than are kept.
        """
        found = self._one(self._marker())
        while self._open:
            top = self._open[-1]
            if self._is_full(top):
                self._open.pop()
                continue
            if isinstance(top.into, dict):
                top.key = self._key(top)
            item = self._one(top.type or self._marker())
            if isinstance(top.into, dict):
                if top.key in top.into and len(self.doubles) < _DEEPEST:
                    self.doubles.append(top.key)
                top.into[top.key] = item
            else:
                top.into.append(item)
        return found

    def _is_full(self, top: _Open) -> bool:
        if top.left is not None:
            top.left -= 1
            return top.left < 0
        end = "}" if isinstance(top.into, dict) else "]"
        while (byte := self.stream.peek(1)) == b"N":
            self.stream.skip(1)
        if byte == end.encode():
            self.stream.skip(1)
            return True
        return False

    def _key(self, top: _Open) -> str:
        del top
        length = self._length()
        if length > _KEY:
            raise self._broken(f"a key of {length} bytes")
        return self.stream.text(length)

    def _marker(self) -> str:
        while (marker := chr(self.stream.u8())) == "N":
            pass
        return marker

    def _one(self, marker: str) -> Any:
        self._nodes += 1
        if self._nodes > _NODES:
            raise OverBudgetError(f"ubjson: more than {_NODES} values")
        if marker in _FIXED:
            return _FIXED[marker]
        if marker in _INTEGERS:
            return self.stream.number(_INTEGERS[marker])
        if marker in SIZES:
            self.stream.skip(SIZES[marker])
            return 0.0
        if marker in {"S", "H"}:
            return self.stream.text(self._length())
        if marker in {"[", "{"}:
            return self._container(marker)
        raise self._broken(f"no type is called {marker!r}")

    def _container(self, marker: str) -> Any:
        kind, count = "", None
        if self.stream.peek(1) == b"$":
            self.stream.skip(1)
            kind = chr(self.stream.u8())
            if self.stream.peek(1) != b"#":
                raise self._broken("a typed container without a count")
        if self.stream.peek(1) == b"#":
            self.stream.skip(1)
            count = self._length()
        if kind and marker == "[" and count is not None and (kind in SIZES or kind in _FIXED):
            found = Numbers(type=kind, count=count, start=self.stream.offset)
            self.stream.skip(count * SIZES.get(kind, 0))
            return found
        if count is not None and count > self.stream.left:
            raise self._broken(f"{count} items in {self.stream.left} bytes")
        if len(self._open) >= _DEEPEST:
            raise self._broken("nested too deep")
        into: dict[str, Any] | list[Any] = {} if marker == "{" else []
        self._open.append(_Open(into, kind, count))
        return into

    def _length(self) -> int:
        marker = chr(self.stream.u8())
        if marker not in _INTEGERS:
            raise self._broken(f"a length of the type {marker!r}")
        length = self.stream.number(_INTEGERS[marker])
        if length < 0:
            raise self._broken(f"a length of {length}")
        return length

    def _broken(self, what: str) -> UnreadableError:
        return UnreadableError(f"ubjson: {what}", offset=self.stream.offset)
