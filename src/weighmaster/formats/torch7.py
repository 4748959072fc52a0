"""Torch7: Lua objects as Torch of old wrote them, binary or as text. A function comes as Lua's own bytecode.

Specification: `File:readObject` in <https://github.com/torch/torch7/blob/master/File.lua>, `THStorage` and `THTensor`
in <https://github.com/torch/torch7/tree/master/generic>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import CodeObject, Instantiation, Stray, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_NIL, _NUMBER, _STRING, _TABLE, _OBJECT, _BOOLEAN, _FUNCTION, _FUNCTION_7, _FUNCTION_8 = range(9)
_BINARY: Final = pattern(
    rb"(?:\x04\0\0\0\x01\0\0\0[\x02-\x40]\0\0\0(?:V \d|[a-zA-Z])|\x03\0\0\0\x01\0\0\0..\0\0(?:[\x01-\x05]\0\0\0|\Z))",
    16,
)
_TEXTUAL: Final = pattern(rb"(?:4\n1\n\d{1,2}\n(?:V \d|[a-zA-Z]+\.)|3\n1\n\d{1,7}\n(?:[1-5]\n|\Z))")
_VERSION: Final = pattern(r"V (\d+)")
_TENSOR: Final = pattern(r"torch\.(?:Cuda)?(Byte|Char|Short|Int|Long|Float|Double|Half|)Tensor")
_STORAGE: Final = pattern(r"torch\.(?:Cuda)?(Byte|Char|Short|Int|Long|Float|Double|Half|)Storage")
_WIDTHS: Final = {"Byte": 1, "Char": 1, "Short": 2, "Int": 4, "Long": 8, "Float": 4, "Double": 8, "Half": 2, "": 4}
_OBJECTS: Final = 4_000_000
_DIMENSIONS: Final = 64
_NAME: Final = 400
_NAMES: Final = 5_000


def _matches(glance: Glance) -> bool:
    return (_BINARY.match(glance.head) or _TEXTUAL.match(glance.head)) is not None


class _Tokens:
    """Numbers and characters, binary or one to a line."""

    def __init__(self, stream: Buffered, *, textual: bool) -> None:
        self.stream = stream
        self._textual = textual

    def integer(self, code: str = "i") -> int:
        if not self._textual:
            return self.stream.number(code)
        word = self._word()
        if not (word.lstrip(b"-").isdigit() and len(word) <= 20):
            raise UnreadableError(f"torch7: {word[:20]!r} is no integer", offset=self.stream.offset)
        return int(word)

    def real(self) -> None:
        if self._textual:
            self._word()
        else:
            self.stream.skip(8)

    def characters(self, count: int) -> tuple[int, int]:
        """Pass over characters; return where they stand."""
        if not 0 <= count <= self.stream.left:
            raise UnreadableError(f"torch7: {count} characters", offset=self.stream.offset)
        start = self.stream.offset
        self.stream.skip(count + (1 if self._textual and self.stream.left > count else 0))
        return start, start + count

    def numbers(self, count: int, width: int) -> None:
        if not self._textual:
            self.stream.skip(count * width)
            return
        for _ in range(count):
            self._word()

    def _word(self) -> bytes:
        while self.stream.peek(1) in {b" ", b"\n", b"\r"}:
            self.stream.skip(1)
        ahead = self.stream.peek(64)
        word = ahead.split(None, 1)[0] if ahead.strip() else b""
        if not word or len(word) == 64:
            raise UnreadableError("torch7: a word wanted", offset=self.stream.offset)
        self.stream.take(len(word))
        self.stream.skip(1 if self.stream.left else 0)
        return word


class _Reader:
    """Reads one object, and all that is in it, without recursion: `left` counts the objects to come."""

    def __init__(self, tokens: _Tokens, where: Where) -> None:
        self._tokens = tokens
        self._where = where
        self._seen: set[int] = set()
        self._classes: set[str] = set()
        self.left = 1

    def reads(self) -> Iterator[Read]:
        for _ in range(_OBJECTS):
            if not self.left:
                return
            self.left -= 1
            yield from self._one()
        raise OverBudgetError(f"torch7: more than {_OBJECTS} objects")

    def _one(self) -> Iterator[Read]:
        tokens = self._tokens
        kind = tokens.integer()
        if kind == _NUMBER:
            tokens.real()
        elif kind == _BOOLEAN:
            tokens.integer()
        elif kind == _STRING:
            tokens.characters(tokens.integer())
        elif kind in {_FUNCTION, _FUNCTION_7, _FUNCTION_8}:
            yield from self._function(kind)
        elif kind in {_TABLE, _OBJECT}:
            index = tokens.integer()
            if index in self._seen:
                return
            self._seen.add(index)
            if kind == _TABLE:
                self._expect(2 * tokens.integer())
            else:
                yield from self._object()
        elif kind != _NIL:
            raise UnreadableError(f"torch7: no object is of the type {kind}", offset=tokens.stream.offset)

    def _expect(self, count: int) -> None:
        self.left += count
        if count < 0 or self.left > self._tokens.stream.left:
            left = self._tokens.stream.left
            raise UnreadableError(f"torch7: {count} objects in {left} bytes", offset=self._tokens.stream.offset)

    def _function(self, kind: int) -> Iterator[Read]:
        if kind != _FUNCTION:
            index = self._tokens.integer()
            if index in self._seen:
                return
            self._seen.add(index)
        start, end = self._tokens.characters(self._tokens.integer())
        yield CodeObject(where=self._where.span(start, end), form="Lua bytecode")
        self._expect(1)

    def _object(self) -> Iterator[Read]:
        name = self._text()
        if _VERSION.fullmatch(name):
            name = self._text()
        if kind := _TENSOR.fullmatch(name):
            yield self._tensor(kind[1])
        elif kind := _STORAGE.fullmatch(name):
            size = self._tokens.integer("q")
            if size < 0:
                raise UnreadableError(f"torch7: a storage of {size} numbers", offset=self._tokens.stream.offset)
            self._tokens.numbers(size, _WIDTHS[kind[1]])
        else:
            if name not in self._classes and len(self._classes) < _NAMES:
                self._classes.add(name)
                module, _, bare = name.rpartition(".")
                yield Instantiation(where=self._where, by="torch7", module=module, name=bare)
            self._expect(1)

    def _tensor(self, kind: str) -> Tensor:
        count = self._tokens.integer()
        if not 0 <= count <= _DIMENSIONS:
            raise UnreadableError(f"torch7: a tensor of {count} dimensions", offset=self._tokens.stream.offset)
        shape = tuple(self._tokens.integer("q") for _ in range(count))
        for _ in range(count + 1):
            self._tokens.integer("q")
        self._expect(1)
        return Tensor(where=self._where, name="", dtype=kind or "Float", shape=shape)

    def _text(self) -> str:
        start, end = self._tokens.characters(self._tokens.integer())
        return self._tokens.stream.source.read_at(start, min(end - start, _NAME)).decode("latin-1")


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    stream = Buffered(cursor.source, cursor.budget)
    textual = _BINARY.match(cursor.source.read_at(0, 64)) is None
    yield from _Reader(_Tokens(stream, textual=textual), where).reads()
    if stream.left and stream.peek(64).strip():
        yield Stray(where=where.span(stream.offset, cursor.size), size=stream.left, position="after")
        yield part(cursor, where, stream.offset, cursor.size)


FORMAT: Final = Format(id="torch7", title="Torch7 objects", matches=_matches, read=_read)
