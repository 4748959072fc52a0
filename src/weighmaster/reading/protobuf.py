"""The protocol buffers wire format: fields of a message, one after the other, without a schema.

Specification: <https://protobuf.dev/programming-guides/encoding/>. A message is read from a source, so that a field of
gigabytes (a tensor) is a span and never in memory. What a decoder would refuse raises `UnreadableError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from weighmaster.model.errors import UnreadableError, WeighmasterError
from weighmaster.reading.budget import Budget
from weighmaster.reading.source import BytesSource, PartSource, Source
from weighmaster.reading.tags import may_be_message

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
GROUP: Final = 3
GROUP_END: Final = 4
FIXED32: Final = 5

_WINDOW: Final = 64 << 10
_GLIMPSE: Final = 1 << 10
"""How much is read after a jump: the next tag is there, and then perhaps another jump."""
_LONGEST_VARINT: Final = 10
_CLOCK: Final = 4096
_GROUPS: Final = 100
_OUTLINE: Final = 512


class Field(NamedTuple):
    """One field: `value` is a number, or for `BYTES` and `GROUP` how long the content `start` to `end` is."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class _Window:
    """The bytes of a source around the place where a message and those inside it are being read."""

    __slots__ = ("base", "buffer", "source", "span")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.base = 0
        self.buffer = b""
        self.span = _GLIMPSE

    def at(self, at: int, count: int) -> bytes:
        """Return up to `count` bytes from `at` on."""
        start = at - self.base
        if start >= 0 and start + count <= len(self.buffer):
            return self.buffer[start : start + count]
        if count > _WINDOW:
            return self.source.read_at(at, count)
        # Read on in larger steps, jump in small ones: what lies between may be gigabytes of tensors.
        onward = 0 <= start <= len(self.buffer)
        self.span = min(_WINDOW, self.span * 4) if onward else _GLIMPSE
        self.base, self.buffer = at, self.source.read_at(at, max(self.span, count))
        return self.buffer[:count]


class Message:
    """The fields of the message that stands at `start` to `end` of a source. Offsets are those of the source."""

    __slots__ = ("_budget", "_source", "_window", "end", "start")

    def __init__(
        self, source: Source, budget: Budget, start: int = 0, end: int | None = None, window: _Window | None = None
    ) -> None:
        self._source = source
        self._budget = budget
        self.start = start
        self.end = source.size if end is None else min(end, source.size)
        self._window = window or _Window(source)

    def fields(self) -> Iterator[Field]:
        """Yield the fields in order.

        Raises:
            UnreadableError: the bytes are no message.
            OverBudgetError: there are more than time allows.
        """
        at, count = self.start, 0
        while at < self.end:
            field = self._field(at)
            yield field
            at = self._next(field)
            count += 1
            if count % _CLOCK == 0:
                self._budget.check_time()

    def message(self, field: Field) -> Message:
        """Return the message that a field of bytes holds."""
        return Message(self._source, self._budget, field.start, field.end, self._window)

    def raw(self, field: Field, most: int) -> bytes:
        """Return the first `most` bytes of a field's content."""
        count = min(most, field.end - field.start)
        self._budget.hold(count)
        return self._bytes(field.start, count)

    def text(self, field: Field, most: int = 1 << 16) -> str:
        """Return a field's content as text, what is no UTF-8 escaped."""
        return self.raw(field, most).decode("utf-8", "backslashreplace")

    def part(self, field: Field) -> Source:
        """Return a field's content as a source of its own."""
        return PartSource(self._source, field.start, field.end)

    def numbers(self, field: Field, most: int = 1 << 16) -> Iterator[int]:
        """Yield the integers of a repeated field, packed or not."""
        if field.wire != BYTES:
            yield field.value
            return
        at = field.start
        for _ in range(most):
            if at >= field.end:
                return
            value, at = self._varint(at, field.end)
            yield value

    def _field(self, at: int) -> Field:
        tag, after = self._varint(at, self.end)
        number, wire = tag >> 3, tag & 7
        # No schema has a field 0, and the decoder that most Python programs use takes it for one it does not know.
        if number >= 1 << 29:
            raise UnreadableError(f"protobuf: no field has the number {number}", offset=at)
        if wire == VARINT:
            value, stop = self._varint(after, self.end)
            return Field(number, wire, value, after, stop)
        if wire == BYTES:
            length, start = self._varint(after, self.end)
            if length > self.end - start:
                raise UnreadableError(f"protobuf: a field of {length} bytes, {self.end - start} are left", offset=at)
            return Field(number, wire, length, start, start + length)
        if wire in {FIXED32, FIXED64}:
            size = 4 if wire == FIXED32 else 8
            if size > self.end - after:
                raise UnreadableError("protobuf: ends inside a number", offset=at)
            value = struct.unpack("<I" if size == 4 else "<Q", self._bytes(after, size))[0]
            return Field(number, wire, value, after, after + size)
        if wire == GROUP:
            end = self._group_end(number, after)
            return Field(number, wire, end - after, after, end)
        raise UnreadableError(f"protobuf: no field has the wire type {wire}", offset=at)

    def _next(self, field: Field) -> int:
        return self._varint(field.end, self.end)[1] if field.wire == GROUP else field.end

    def _group_end(self, number: int, at: int) -> int:
        """Return where the group's end tag stands."""
        open_groups = [number]
        while True:
            tag, after = self._varint(at, self.end)
            wire = tag & 7
            if wire == GROUP_END:
                if open_groups.pop() != tag >> 3:
                    raise UnreadableError("protobuf: a group ends that did not begin", offset=at)
                if not open_groups:
                    return at
                at = after
            elif wire == GROUP:
                open_groups.append(tag >> 3)
                if len(open_groups) > _GROUPS:
                    raise UnreadableError("protobuf: groups nest too deep", offset=at)
                at = after
            else:
                at = self._field(at).end
            self._budget.check_time()

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        window = self._window
        start = at - window.base
        if 0 <= start < len(window.buffer) and at < end and (byte := window.buffer[start]) < 0x80:
            return byte, at + 1
        value = 0
        for count, byte in enumerate(window.at(at, min(_LONGEST_VARINT, end - at))):
            value |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, at + count + 1
        raise UnreadableError("protobuf: ends inside a number, or a number too long", offset=at)

    def _bytes(self, at: int, count: int) -> bytes:
        return self._window.at(at, count)


_last: list[tuple[Source, tuple[Field, ...]]] = []
"""The source that was asked about last, and its outline."""


def outline(source: Source) -> tuple[Field, ...]:
    """Return the first fields of the message that a source may hold; none where it holds none.

    All formats that are such messages ask, so the answer is kept.
    """
    if _last and _last[0][0] is source:
        return _last[0][1]
    found = _outline(source)
    _last[:] = [(source, found)]
    return found


def outline_of(data: bytes) -> tuple[Field, ...]:
    """Return the first fields of the message that some bytes may be; none where they are none."""
    return _outline(BytesSource(data))


def _outline(source: Source) -> tuple[Field, ...]:
    fields: list[Field] = []
    if not may_be_message(source.read_at(0, _GLIMPSE), source.size):
        return ()
    try:
        for field in Message(source, Budget()).fields():
            fields.append(field)
            if len(fields) == _OUTLINE:
                break
    except WeighmasterError:
        return ()
    return tuple(fields)


def inside(source: Source, field: Field, most: int = 64) -> tuple[Field, ...]:
    """Return the first fields of the message that a field of `source` may hold; none where it holds none."""
    found: list[Field] = []
    if field.wire != BYTES:
        return ()
    try:
        for inner in Message(source, Budget(), field.start, field.end).fields():
            found.append(inner)
            if len(found) == most:
                break
    except WeighmasterError:
        return ()
    return tuple(found)


def shaped(fields: Iterable[Field], wires: Mapping[int, int | tuple[int, ...]]) -> bool:
    """Say whether every field that has a number in `wires` is of a wire type given there."""
    for field in fields:
        wanted = wires.get(field.number, field.wire)
        if field.wire != wanted and not (isinstance(wanted, tuple) and field.wire in wanted):
            return False
    return True


def signed(value: int) -> int:
    """Return a varint of the types `int32` and `int64` as the signed number it stands for.

    >>> signed(0xFFFFFFFFFFFFFFFF)
    -1
    """
    return value - (1 << 64) if value >> 63 else value
