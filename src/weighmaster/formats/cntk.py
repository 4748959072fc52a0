"""Models of CNTK, version 2: a dictionary of values, in which functions are dictionaries that name what they are.

A function of the user's own names a Python module and a class, which CNTK imports and calls, or a native library, which
it loads. Messages: <https://github.com/microsoft/CNTK/blob/master/Source/CNTKv2LibraryDll/proto/CNTK.proto>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Operation, Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, outline, shaped
from weighmaster.reading.source import Source

_DICTIONARY: Final = {1: VARINT, 2: BYTES}
_KEYS: Final = frozenset(
    {b"type", b"version", b"uid", b"inputs", b"root", b"root_uid", b"primitive_functions", b"name", b"attributes"}
)
_OWN: Final = "UserDefinedFunction"
_NATIVE: Final = "NativeUserDefinedFunction"
_PRIMITIVE: Final = "PrimitiveFunction"
_DEEPEST: Final = 64
_VALUES: Final = 1_000_000
_NAME: Final = 1000


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    if not {1, 2} <= {field.number for field in fields} <= _DICTIONARY.keys() or not shaped(fields, _DICTIONARY):
        return False
    keys = {_key(glance.source, field) for field in fields if field.number == 2}
    return b"type" in keys and bool(keys & (_KEYS - {b"type"}))


def _key(source: Source, field: Field) -> bytes:
    entry = inside(source, field)
    keys = [f for f in entry if f.number == 1 and f.wire == BYTES]
    return (
        source.read_at(keys[0].start, min(keys[0].value, 64)) if keys and {f.number for f in entry} <= {1, 2} else b""
    )


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from _Reader(where).dictionary(Message(cursor.source, cursor.budget), 0)


class _Reader:
    """Reads dictionaries inside dictionaries."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._left = _VALUES
        self._told: set[tuple[str, str]] = set()

    def dictionary(self, message: Message, depth: int) -> Iterator[Read]:
        """Yield what a dictionary and those inside it say."""
        if depth > _DEEPEST:
            raise OverBudgetError(f"cntk: dictionaries inside dictionaries, more than {_DEEPEST} deep")
        plain: dict[str, str] = {}
        for key, value in _entries(message):
            yield from self._value(value, key, plain, depth)
        yield from self._function(message, plain)

    def _value(self, message: Message, key: str, plain: dict[str, str], depth: int) -> Iterator[Read]:
        self._left -= 1
        if self._left < 0:
            raise OverBudgetError(f"cntk: more than {_VALUES} values")
        for field in message.fields():
            if field.number in {3, 4, 5} and field.wire == VARINT:
                plain[key] = str(field.value)
            elif field.number == 8 and field.wire == BYTES:
                plain[key] = message.text(field, _NAME)
            elif field.number == 9 and field.wire == BYTES:
                vector = message.message(field)
                for item in vector.fields():
                    if item.number == 1 and item.wire == BYTES:
                        yield from self._value(vector.message(item), "", {}, depth + 1)
            elif field.number == 12 and field.wire == BYTES:
                inner = message.message(field)
                yield from self.dictionary(inner, depth + 1)
                # What a function of the user's own is restored with lies one dictionary further in.
                plain |= {f"{key}.{name}": text for name, text in _texts(inner).items()}

    def _function(self, message: Message, plain: dict[str, str]) -> Iterator[Read]:
        kind = plain.get("type", "")
        named = _named(plain)
        if kind == _PRIMITIVE:
            name, detail = plain.get("op", ""), ""
        elif kind == _NATIVE or (kind == _OWN and plain.get("native") == "1"):
            name, detail = _NATIVE, named
            if module := plain.get("module") or plain.get("state.module"):
                yield Reference(where=self._where, kind="library", target=module, by="cntk")
        elif kind == _OWN:
            name, detail = _OWN, named
        else:
            return
        if (name, detail) not in self._told:
            self._told.add((name, detail))
            place = self._where.span(message.start, message.end)
            yield Operation(where=place, dialect="cntk", name=name, detail=detail)


def _entries(message: Message) -> Iterator[tuple[str, Message]]:
    """Yield the keys and the values of a dictionary."""
    for field in message.fields():
        if field.number != 2 or field.wire != BYTES:
            continue
        entry = message.message(field)
        key = ""
        for inner in entry.fields():
            if inner.number == 1 and inner.wire == BYTES:
                key = entry.text(inner, _NAME)
            elif inner.number == 2 and inner.wire == BYTES:
                yield key, entry.message(inner)


def _texts(message: Message) -> dict[str, str]:
    """Return the strings of a dictionary."""
    found: dict[str, str] = {}
    for key, value in _entries(message):
        for text in value.fields():
            if text.number == 8 and text.wire == BYTES:
                found[key] = value.text(text, _NAME)
    return found


def _named(plain: dict[str, str]) -> str:
    """Return the module and the name in it that a function of the user's own is restored by."""
    for prefix in ("", "state."):
        module = plain.get(f"{prefix}module", "")
        name = (
            plain.get(f"{prefix}class") or plain.get(f"{prefix}deserialize_method") or plain.get(f"{prefix}op_name", "")
        )
        if module or name:
            return ".".join(filter(None, (module, name)))
    return ""


FORMAT: Final = Format(id="cntk", title="CNTK model", matches=_matches, read=_read)
