"""Thrift's compact protocol, bounded: a struct as a mapping from field numbers to values.

Specification: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.buffered import Buffered

_DEEPEST: Final = 24
_VALUES: Final = 3_000_000
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(1, 14)
_INTEGERS: Final = frozenset({_I16, _I32, _I64})


class Compact:
    """Reads values forward from a stream."""

    def __init__(self, stream: Buffered) -> None:
        self.stream = stream
        self._values = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Read a struct.

        Raises:
            UnreadableError: the bytes are no struct.
            OverBudgetError: it holds too much.
        """
        if depth > _DEEPEST:
            raise UnreadableError("thrift: nested too deep", offset=self.stream.offset)
        found: dict[int, Any] = {}
        number = 0
        while byte := self.stream.u8():
            kind = byte & 15
            number = number + (byte >> 4) if byte >> 4 else self.signed()
            found[number] = kind == _TRUE if kind in {_TRUE, _FALSE} else self._value(kind, depth)
        return found

    def signed(self) -> int:
        """Read a zigzag integer."""
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.stream.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise UnreadableError("thrift: a number too long", offset=self.stream.offset)

    def _value(self, kind: int, depth: int) -> Any:
        self._values += 1
        if self._values > _VALUES:
            raise OverBudgetError(f"thrift: more than {_VALUES} values")
        if kind in _INTEGERS:
            return self.signed()
        if kind == _BINARY:
            return self.stream.take(self._length(1))
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in {_LIST, _SET}:
            return self._list(depth + 1)
        if kind == _MAP:
            return self._map(depth + 1)
        sizes = {_BYTE: 1, _TRUE: 1, _FALSE: 1, _DOUBLE: 8, _UUID: 16}
        if kind not in sizes:
            raise UnreadableError(f"thrift: no type is {kind}", offset=self.stream.offset)
        return self.stream.take(sizes[kind])

    def _length(self, width: int) -> int:
        length = self._varint()
        if length * width > self.stream.left:
            raise UnreadableError(f"thrift: {length} items in {self.stream.left} bytes", offset=self.stream.offset)
        return length

    def _list(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise UnreadableError("thrift: nested too deep", offset=self.stream.offset)
        byte = self.stream.u8()
        count = byte >> 4 if byte >> 4 != 15 else self._length(1)
        return [self._value(byte & 15, depth) for _ in range(count)]

    def _map(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise UnreadableError("thrift: nested too deep", offset=self.stream.offset)
        count = self._length(1)
        kinds = self.stream.u8() if count else 0
        return [(self._value(kinds >> 4, depth), self._value(kinds & 15, depth)) for _ in range(count)]
