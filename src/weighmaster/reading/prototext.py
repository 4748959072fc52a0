"""Protocol buffers as text: names, values and messages in braces, one event at a time.

Specification: <https://protobuf.dev/reference/protobuf/textformat-spec/>. Nothing is built: what opens, what closes and
what stands between are told in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.reading.budget import Budget
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

LONGEST: Final = 64 << 20
"""Bytes of text that are read."""
_GLIMPSED: Final = 10_000
"""Events that a first look goes through, and to the end of the message it is in."""
_DEEPEST: Final = 100
_CLOCK: Final = 4096
_TOKEN: Final = pattern(
    rb"(?:[\s;,]|#[^\n]*+)*+"
    rb"(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*|\[[A-Za-z0-9_./-]+\])|(?P<number>[-+.]*[0-9][0-9A-Za-z.+-]*|-[A-Za-z_]\w*)"
    rb"|(?P<text>\"(?:[^\"\\\n]++|\\.)*+\"|'(?:[^'\\\n]++|\\.)*+')|(?P<mark>[:{}<>\[\]]))",
    re.DOTALL,
)
_BLANK: Final = pattern(rb"(?:[\s;,]|#[^\n]*+)*+\Z")
_ESCAPE: Final = pattern(rb"\\([0-7]{1,3}|[xX][0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class Event(NamedTuple):
    """`kind` is `open`, `close` or `value`; `name` is the field's, `text` the value as bytes; `at` is where."""

    kind: str
    name: str
    text: bytes
    at: int


def events(source: Source, budget: Budget) -> Iterator[Event]:
    """Yield what the text says, in order.

    Raises:
        UnreadableError: it is no such text.
        OverBudgetError: it is too long, or nests too deep.
    """
    if source.size > LONGEST:
        raise OverBudgetError(f"text of {source.size} bytes, {LONGEST} are read")
    budget.hold(source.size)
    yield from _Parser(source.read_at(0, source.size).removeprefix(b"\xef\xbb\xbf"), budget).message()


def glimpsed(source: Source) -> Iterator[tuple[list[str], str]]:
    """Yield the fields that hold a value, and the messages that each lies in, as far as a first look goes.

    Text that is no such text just ends.
    """
    inside: list[str] = []
    try:
        for count, event in enumerate(events(source, Budget())):
            if event.kind == "open":
                inside.append(event.name)
            elif event.kind == "close":
                inside.pop()
            else:
                yield inside, event.name
            if count > _GLIMPSED and not inside:
                return
    except WeighmasterError:
        return


class _Parser:
    def __init__(self, data: bytes, budget: Budget) -> None:
        self._data = data
        self._budget = budget
        self._at = 0
        self._start = 0
        self._open: list[tuple[str, bytes]] = []

    def _next(self) -> tuple[str, bytes]:
        """Return the kind and the bytes of the next token; nothing at the end."""
        hit = _TOKEN.match(self._data, self._at)
        if hit is None:
            if _BLANK.match(self._data, self._at):
                return "", b""
            raise UnreadableError("no text of a protocol buffer", offset=self._at)
        kind = hit.lastgroup or ""
        self._start, self._at = hit.start(kind), hit.end()
        return kind, hit[kind]

    def message(self) -> Iterator[Event]:
        count = 0
        while True:
            kind, token = self._next()
            count += 1
            if count % _CLOCK == 0:
                self._budget.check_time()
            if not kind and not self._open:
                return
            if kind == "mark" and self._open and token == self._open[-1][1]:
                name, _ = self._open.pop()
                yield Event("close", name, b"", self._start)
            elif kind == "name":
                yield from self._field(token.decode("ascii"))
            else:
                raise UnreadableError("a name wanted", offset=self._start)

    def _field(self, name: str) -> Iterator[Event]:
        kind, token = self._next()
        colon = token == b":" and kind == "mark"
        if colon:
            kind, token = self._next()
        if kind == "mark" and token in {b"{", b"<"}:
            yield self._opened(name, token)
        elif kind == "mark" and token == b"[":
            yield from self._list(name)
        elif colon and kind == "name" and token.startswith(b"["):
            # `[a]` is a list of one word, which looks like the name of an extension.
            yield Event("value", name, token[1:-1], self._start)
        elif colon and kind in {"name", "number", "text"}:
            yield self._value(name, kind, token)
        else:
            raise UnreadableError(f"a value of {name[:40]} wanted", offset=self._start)

    def _opened(self, name: str, token: bytes) -> Event:
        if len(self._open) >= _DEEPEST:
            raise OverBudgetError(f"messages inside messages, more than {_DEEPEST} deep")
        self._open.append((name, b"}" if token == b"{" else b">"))
        return Event("open", name, b"", self._start)

    def _value(self, name: str, kind: str, token: bytes) -> Event:
        start = self._start
        if kind != "text":
            return Event("value", name, token, start)
        pieces = [_plain(token)]
        # Strings that stand beside one another are one.
        while (before := self._at) is not None:
            try:
                kind, token = self._next()
            except UnreadableError:
                kind = ""
            if kind != "text":
                self._at = before
                break
            pieces.append(_plain(token))
        return Event("value", name, b"".join(pieces), start)

    def _list(self, name: str) -> Iterator[Event]:
        depth = len(self._open)
        while True:
            kind, token = self._next()
            if kind == "mark" and token == b"]":
                return
            if kind == "mark" and token in {b"{", b"<"}:
                yield self._opened(name, token)
                yield from self._until(depth)
            elif kind in {"name", "number", "text"}:
                yield self._value(name, kind, token)
            else:
                raise UnreadableError(f"a value of {name[:40]} wanted", offset=self._start)

    def _until(self, depth: int) -> Iterator[Event]:
        """Yield what stands in a message of a list, to its end."""
        while len(self._open) > depth:
            kind, token = self._next()
            if kind == "mark" and token == self._open[-1][1]:
                name, _ = self._open.pop()
                yield Event("close", name, b"", self._start)
            elif kind == "name":
                yield from self._field(token.decode("ascii"))
            else:
                raise UnreadableError("a name wanted", offset=self._start)


def _plain(token: bytes) -> bytes:
    return _ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(hit: re.Match[bytes]) -> bytes:
    escape = hit[1]
    first = escape[:1]
    if first in b"01234567":
        return bytes((int(escape, 8) & 0xFF,))
    if first in b"xX" and len(escape) > 1:
        return bytes((int(escape[1:], 16),))
    if first in b"uU" and len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b"?"
    return _PLAIN.get(escape, escape)


Schema: TypeAlias = "Mapping[str, tuple[int, type[str | int] | Schema]]"
"""The fields of a message that are wanted, by name: their number, and what they are."""


def encoded(source: Source, budget: Budget, schema: Schema) -> bytes:
    """Return those fields of a text that `schema` knows as a message, so that what reads messages reads it.

    Raises:
        UnreadableError: it is no such text.
        OverBudgetError: it is too long, or nests too deep.
    """
    levels: list[tuple[Schema, bytearray]] = [(schema, bytearray())]
    passed = 0
    for event in events(source, budget):
        known, held = levels[-1]
        number, kind = known.get(event.name, (0, str))
        if event.kind == "open":
            if passed or not number or kind is str or kind is int:
                passed += 1
            else:
                levels.append((kind, bytearray()))  # type: ignore[arg-type]
        elif event.kind == "close":
            if passed:
                passed -= 1
                continue
            _, content = levels.pop()
            known, held = levels[-1]
            _put(held, known[event.name][0], content)
        elif number and not passed and kind is str:
            _put(held, number, event.text)
        elif number and not passed and kind is int:
            held += varint(number << 3) + varint(_number(event.text))
    return bytes(levels[0][1])


def _put(held: bytearray, number: int, content: bytes | bytearray) -> None:
    held += varint(number << 3 | 2) + varint(len(content))
    held += content


def _number(text: bytes) -> int:
    try:
        return int(text, 0) & 0xFFFFFFFFFFFFFFFF
    except ValueError:
        return int(text == b"true")


def varint(value: int) -> bytes:
    """Return a number as messages write it: seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
