"""An assembler for pickle programs: every opcode of protocols 0 to 5 under its own name, and a few phrases.

Opcodes without an argument are constants, opcodes with one are functions, all named as in `pickletools`; `program`
joins them. `value` writes plain Python data, and `call` the phrase "push a callable, push arguments, REDUCE":

>>> program(proto(4), text("posix"), text("system"), STACK_GLOBAL, text("true"), TUPLE1, REDUCE, STOP)
b'\\x80\\x04\\x8c\\x05posix\\x8c\\x06system\\x93\\x8c\\x04true\\x85R.'
>>> program(proto(4), call(name("posix", "system"), "true"), STOP) == _
True
"""

from __future__ import annotations

import struct
from typing import Any, Final


class Code(bytes):
    """Assembled opcodes, told apart from a bytes literal that a program is to push."""

    __slots__ = ()


def code(*parts: bytes) -> Code:
    """Join opcodes."""
    return Code(b"".join(parts))


def program(*parts: bytes) -> bytes:
    """Join opcodes to a whole program, which the caller ends with `STOP` where it shall end so."""
    return b"".join(parts)


MARK: Final = Code(b"(")
STOP: Final = Code(b".")
POP: Final = Code(b"0")
POP_MARK: Final = Code(b"1")
DUP: Final = Code(b"2")
NONE: Final = Code(b"N")
BINPERSID: Final = Code(b"Q")
REDUCE: Final = Code(b"R")
APPEND: Final = Code(b"a")
BUILD: Final = Code(b"b")
DICT: Final = Code(b"d")
EMPTY_DICT: Final = Code(b"}")
APPENDS: Final = Code(b"e")
LIST: Final = Code(b"l")
EMPTY_LIST: Final = Code(b"]")
OBJ: Final = Code(b"o")
SETITEM: Final = Code(b"s")
TUPLE: Final = Code(b"t")
EMPTY_TUPLE: Final = Code(b")")
SETITEMS: Final = Code(b"u")
NEWOBJ: Final = Code(b"\x81")
TUPLE1: Final = Code(b"\x85")
TUPLE2: Final = Code(b"\x86")
TUPLE3: Final = Code(b"\x87")
NEWTRUE: Final = Code(b"\x88")
NEWFALSE: Final = Code(b"\x89")
EMPTY_SET: Final = Code(b"\x8f")
ADDITEMS: Final = Code(b"\x90")
FROZENSET: Final = Code(b"\x91")
NEWOBJ_EX: Final = Code(b"\x92")
STACK_GLOBAL: Final = Code(b"\x93")
MEMOIZE: Final = Code(b"\x94")
NEXT_BUFFER: Final = Code(b"\x97")
READONLY_BUFFER: Final = Code(b"\x98")


def proto(version: int) -> Code:
    """PROTO."""
    return Code(b"\x80" + bytes([version]))


def frame(size: int) -> Code:
    """FRAME, with a length of our choice."""
    return Code(b"\x95" + struct.pack("<Q", size))


def framed(*parts: bytes) -> Code:
    """FRAME around opcodes, with the true length."""
    inside = b"".join(parts)
    return code(frame(len(inside)), inside)


def _line(opcode: bytes, content: str | bytes) -> Code:
    return Code(opcode + (content.encode() if isinstance(content, str) else content) + b"\n")


def global_(module: str, attribute: str) -> Code:
    """GLOBAL."""
    return Code(_line(b"c", module) + attribute.encode() + b"\n")


def inst(module: str, attribute: str) -> Code:
    """INST: call a global with what stands above the mark."""
    return Code(_line(b"i", module) + attribute.encode() + b"\n")


def float_(literal: str) -> Code:
    """FLOAT, as text."""
    return _line(b"F", literal)


def int_(literal: str) -> Code:
    """INT, as text: `01` and `00` are the booleans."""
    return _line(b"I", literal)


def long_(literal: str) -> Code:
    """LONG, as text, which usually ends with `L`."""
    return _line(b"L", literal)


def string(literal: str) -> Code:
    """STRING: a quoted and escaped literal."""
    return _line(b"S", literal)


def unicode(literal: str) -> Code:
    """UNICODE: raw-unicode-escape up to the line's end."""
    return _line(b"V", literal)


def persid(id: str) -> Code:
    """PERSID."""
    return _line(b"P", id)


def get(index: int | str) -> Code:
    """GET, as text."""
    return _line(b"g", str(index))


def put(index: int | str) -> Code:
    """PUT, as text."""
    return _line(b"p", str(index))


def binget(index: int) -> Code:
    """BINGET."""
    return Code(b"h" + bytes([index]))


def long_binget(index: int) -> Code:
    """LONG_BINGET."""
    return Code(b"j" + struct.pack("<I", index))


def binput(index: int) -> Code:
    """BINPUT."""
    return Code(b"q" + bytes([index]))


def long_binput(index: int) -> Code:
    """LONG_BINPUT."""
    return Code(b"r" + struct.pack("<I", index))


def binint(number: int) -> Code:
    """BININT: four bytes, signed."""
    return Code(b"J" + struct.pack("<i", number))


def binint1(number: int) -> Code:
    """BININT1: one byte."""
    return Code(b"K" + bytes([number]))


def binint2(number: int) -> Code:
    """BININT2: two bytes."""
    return Code(b"M" + struct.pack("<H", number))


def long1(number: int) -> Code:
    """LONG1."""
    raw = _two_complement(number)
    return Code(b"\x8a" + bytes([len(raw)]) + raw)


def long4(number: int) -> Code:
    """LONG4."""
    raw = _two_complement(number)
    return Code(b"\x8b" + struct.pack("<i", len(raw)) + raw)


def _two_complement(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True) if number else b""


def binfloat(number: float) -> Code:
    """BINFLOAT."""
    return Code(b"G" + struct.pack(">d", number))


def binstring(content: bytes) -> Code:
    """BINSTRING."""
    return Code(b"T" + struct.pack("<i", len(content)) + content)


def short_binstring(content: bytes) -> Code:
    """SHORT_BINSTRING."""
    return Code(b"U" + bytes([len(content)]) + content)


def binunicode(content: str) -> Code:
    """BINUNICODE."""
    raw = content.encode("utf-8", "surrogatepass")
    return Code(b"X" + struct.pack("<I", len(raw)) + raw)


def short_binunicode(content: str) -> Code:
    """SHORT_BINUNICODE."""
    raw = content.encode("utf-8", "surrogatepass")
    return Code(b"\x8c" + bytes([len(raw)]) + raw)


def binunicode8(content: str) -> Code:
    """BINUNICODE8."""
    raw = content.encode("utf-8", "surrogatepass")
    return Code(b"\x8d" + struct.pack("<Q", len(raw)) + raw)


def short_binbytes(content: bytes) -> Code:
    """SHORT_BINBYTES."""
    return Code(b"C" + bytes([len(content)]) + content)


def binbytes(content: bytes) -> Code:
    """BINBYTES."""
    return Code(b"B" + struct.pack("<I", len(content)) + content)


def binbytes8(content: bytes) -> Code:
    """BINBYTES8."""
    return Code(b"\x8e" + struct.pack("<Q", len(content)) + content)


def bytearray8(content: bytes) -> Code:
    """BYTEARRAY8."""
    return Code(b"\x96" + struct.pack("<Q", len(content)) + content)


def ext1(number: int) -> Code:
    """EXT1."""
    return Code(b"\x82" + bytes([number]))


def ext2(number: int) -> Code:
    """EXT2."""
    return Code(b"\x83" + struct.pack("<H", number))


def ext4(number: int) -> Code:
    """EXT4."""
    return Code(b"\x84" + struct.pack("<i", number))


# Phrases


def text(content: str) -> Code:
    """Push a string, by the shortest opcode of protocol 4."""
    return short_binunicode(content) if len(content.encode("utf-8", "surrogatepass")) < 256 else binunicode(content)


def blob(content: bytes) -> Code:
    """Push bytes, by the shortest opcode of protocol 3."""
    return short_binbytes(content) if len(content) < 256 else binbytes(content)


def name(module: str, attribute: str) -> Code:
    """Push a global by STACK_GLOBAL."""
    return code(text(module), text(attribute), STACK_GLOBAL)


def tuple_(*items: Any) -> Code:
    """Push a tuple of values."""
    written = [value(item) for item in items]
    match len(written):
        case 0:
            return EMPTY_TUPLE
        case 1 | 2 | 3 as count:
            return code(*written, (TUPLE1, TUPLE2, TUPLE3)[count - 1])
        case _:
            return code(MARK, *written, TUPLE)


def value(item: Any) -> Code:  # noqa: C901, PLR0911, PLR0912 - one branch a type
    """Push plain Python data; opcodes stand for themselves."""
    match item:
        case Code():
            return item
        case None:
            return NONE
        case bool():
            return NEWTRUE if item else NEWFALSE
        case int():
            return binint1(item) if 0 <= item < 256 else long1(item)
        case float():
            return binfloat(item)
        case str():
            return text(item)
        case bytes():
            return blob(item)
        case bytearray():
            return bytearray8(bytes(item))
        case tuple():
            return tuple_(*item)
        case list():
            return code(EMPTY_LIST, MARK, *map(value, item), APPENDS)
        case set():
            return code(EMPTY_SET, MARK, *map(value, item), ADDITEMS)
        case dict():
            return code(EMPTY_DICT, MARK, *(value(half) for pair in item.items() for half in pair), SETITEMS)
        case _:
            raise TypeError(f"no opcode for {type(item).__name__}")


def call(callee: Code, *arguments: Any) -> Code:
    """Push `callee`, push a tuple of `arguments`, REDUCE."""
    return code(callee, tuple_(*arguments), REDUCE)


def new(cls: Code, *arguments: Any) -> Code:
    """Push a class, push a tuple of `arguments`, NEWOBJ: `cls.__new__(cls, *arguments)`."""
    return code(cls, tuple_(*arguments), NEWOBJ)


def new_ex(cls: Code, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Code:
    """Push a class, arguments and keywords, NEWOBJ_EX."""
    return code(cls, tuple_(*arguments), value(keywords), NEWOBJ_EX)


def build(target: Code, state: Any) -> Code:
    """Push `target`, push `state`, BUILD."""
    return code(target, value(state), BUILD)


def attribute(target: Code, attribute_name: str | Code) -> Code:
    """Push `getattr(target, attribute_name)`."""
    return call(name("builtins", "getattr"), target, attribute_name)


def pickle_of(*parts: bytes) -> bytes:
    """Return a protocol-4 program that leaves what `parts` push."""
    return program(proto(4), *parts, STOP)
