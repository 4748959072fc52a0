"""What builtins, methods, subscripts and slices give for constants. Bounded, and never run.

What is done here is pure: it is computed with Python's own, once the arguments are known to be small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from weighmaster.reading.python.arithmetic import add
from weighmaster.reading.python.decoders import ERRORS, hides, is_hiding, recode
from weighmaster.reading.python.values import (
    DECODED,
    FOLDED,
    LONGEST,
    Blur,
    Made,
    Value,
    blur,
    flags_of,
    gather,
    made,
    plain,
)

_MOST_DIGITS: Final = 400
_EMPTY: Final[dict[str, Callable[[], Value]]] = {
    "str": str, "bytes": bytes, "bytearray": bytes, "list": list, "dict": dict, "tuple": list,
}  # fmt: skip


def built(name: str, arguments: list[Value]) -> Value:
    """Return what a builtin gives for constants: `chr`, `bytes`, `str`, `int`, ..."""
    if not arguments:
        return _EMPTY[name]() if name in _EMPTY else None
    flags = gather(arguments)
    build = _BUILDERS.get(name)
    try:
        return build(name, arguments, flags) if build is not None else blur(flags)
    except ERRORS:
        return blur(flags)


def _character(_: str, arguments: list[Value], flags: int) -> Value:
    # Text spelled in numbers is text that nobody shall find.
    value = plain(arguments[0])
    return Made(chr(value), flags | DECODED) if type(value) is int else Blur(flags | DECODED)


def _ordinal(_: str, arguments: list[Value], flags: int) -> Value:
    value = plain(arguments[0])
    return made(ord(value), flags) if isinstance(value, str | bytes) else blur(flags)


def _octets(_: str, arguments: list[Value], flags: int) -> Value:
    first = arguments[0]
    if type(first) is list:
        items = [plain(item) for item in first]
        return made(bytes(items), flags | DECODED) if all(type(one) is int for one in items) else blur(flags)
    value = plain(first)
    if isinstance(value, bytes):
        return first
    if isinstance(value, str) and len(arguments) > 1:
        return made(value.encode(plain(arguments[1]) or "utf-8"), flags)
    return blur(flags)


def _string(_: str, arguments: list[Value], flags: int) -> Value:
    value = plain(arguments[0])
    if isinstance(value, bytes) and len(arguments) > 1:
        return made(value.decode(plain(arguments[1]) or "utf-8"), flags)
    if type(value) is int or (type(value) is str and len(arguments) == 1):
        return made(str(value), flags)
    return blur(flags)


def _number(name: str, arguments: list[Value], flags: int) -> Value:
    value = plain(arguments[0])
    if name == "int" and isinstance(value, str) and len(value) < _MOST_DIGITS:
        base = plain(arguments[1]) if len(arguments) > 1 else 10
        return made(int(value, base), flags) if type(base) is int else blur(flags)
    return arguments[0] if type(value) is int else blur(flags)


def _items(_: str, arguments: list[Value], flags: int) -> Value:
    held = listed(arguments[0])
    return held if held is not None else blur(flags)


def _backwards(_: str, arguments: list[Value], flags: int) -> Value:
    held = listed(arguments[0])
    if held is None:
        return blur(flags)
    return [made(plain(one), flags_of(one) | DECODED) for one in reversed(held)]


_BUILDERS: Final[dict[str, Callable[[str, list[Value], int], Value]]] = {
    "chr": _character,
    "ord": _ordinal,
    "bytes": _octets,
    "bytearray": _octets,
    "str": _string,
    "int": _number,
    "float": _number,
    "list": _items,
    "tuple": _items,
    "iter": _items,
    "reversed": _backwards,
}
"""Builtins whose result is worked out, by name."""


def is_worked_out(name: str) -> bool:
    """Say whether `built` knows a builtin."""
    return name in _BUILDERS


def listed(value: Value) -> list[Value] | None:
    """Return the items that going over a value gives, or None."""
    if type(value) is list:
        return value
    flags = flags_of(value)
    constant = plain(value)
    if isinstance(constant, str | bytes) and len(constant) <= LONGEST >> 4:
        return [made(item, flags) for item in constant]
    return None


def method(base: Value, name: str, arguments: list[Value]) -> Value:
    """Return what a method of a constant gives."""
    flags = flags_of(base) | gather(arguments)
    value = plain(base)
    try:
        if name == "join" and isinstance(value, str | bytes):
            return _join(value, arguments, flags)
        if isinstance(value, str | bytes):
            return _text(value, name, arguments, flags)
        if name == "to_bytes" and type(value) is int:
            plains = [plain(argument) for argument in arguments]
            if plains and type(plains[0]) is int and plains[0] <= LONGEST:
                return made(value.to_bytes(*plains), flags | DECODED)
    except ERRORS:
        return blur(flags)
    if hides(name) and (value is not None or type(base) is Blur):
        return Blur(flags | DECODED)
    return blur(flags)


def _join(value: Any, arguments: list[Value], flags: int) -> Value:
    items = listed(arguments[0]) if arguments else None
    if items is None:
        return blur(flags & ~FOLDED)
    flags |= FOLDED
    for item in items:
        flags |= flags_of(item)
    pieces = [plain(item) for item in items]
    if any(type(piece) is not type(value) for piece in pieces):
        return blur(flags & ~FOLDED)
    if sum(map(len, pieces)) + len(value) * len(pieces) > LONGEST:
        return blur(flags)
    return made(value.join(pieces), flags)


def _text(value: Any, name: str, arguments: list[Value], flags: int) -> Value:
    plains = [plain(argument) for argument in arguments]
    if any(one is None for one in plains):
        if name == "translate":
            return Blur(flags | DECODED)
        return blur((flags | (DECODED if hides(name) else 0)) & ~FOLDED)
    method_of = _TEXT_METHODS.get(name)
    if method_of is not None:
        return method_of(value, name, plains, flags)
    if name == "format" and "{:" not in value and "!" not in value:
        return _formatted(value, arguments, flags)
    return Blur(flags | DECODED) if hides(name) else blur(flags & ~FOLDED)


def _same(value: Any, name: str, plains: list[Any], flags: int) -> Value:
    if name == "replace" and _grows(value, plains):
        return blur(flags)
    return made(getattr(value, name)(*plains), flags | (FOLDED if name in {"replace", "swapcase"} else 0))


def _split(value: Any, name: str, plains: list[Any], flags: int) -> Value:
    return [made(piece, flags) for piece in getattr(value, name)(*plains)][:LONGEST]


def _grows(value: Any, plains: list[Any]) -> bool:
    if len(plains) < 2 or type(plains[0]) is not type(value) or type(plains[1]) is not type(value):
        return True
    return (len(value) + 1) * (len(plains[1]) + 1) > LONGEST << 3


def _recoded(value: Any, name: str, plains: list[Any], flags: int) -> Value:
    codec = str(plains[0]).lower() if plains else "utf-8"
    if is_hiding(codec):
        return made(recode(value, codec), flags | DECODED)
    if name == "encode":
        return made(value.encode(codec), flags) if isinstance(value, str) else blur(flags)
    return made(value.decode(codec, *plains[1:2]), flags) if isinstance(value, bytes) else blur(flags)


_TEXT_METHODS: Final[dict[str, Callable[[Any, str, list[Any], int], Value]]] = {
    **dict.fromkeys(
        ("lower", "upper", "swapcase", "title", "strip", "lstrip", "rstrip", "replace", "casefold", "expandtabs"), _same
    ),
    **dict.fromkeys(("split", "rsplit", "splitlines", "partition", "rpartition"), _split),
    **dict.fromkeys(("encode", "decode"), _recoded),
}
"""Methods of text that are worked out where all that they are given is known."""


def _formatted(value: str, arguments: list[Value], flags: int) -> Value:
    found: Value = ""
    pieces = value.split("{")
    for number, piece in enumerate(pieces):
        if number == 0:
            found = piece
            continue
        index, brace, rest = piece.partition("}")
        at = number - 1 if not index else int(index) if index.isdecimal() and len(index) < 4 else len(arguments)
        if not brace or at >= len(arguments):
            return blur(flags & ~FOLDED)
        given = plain(arguments[at])
        found = add(add(found, made(str(given), flags_of(arguments[at]))), rest)
    return found


def item(base: Value, index: Value) -> Value:
    """Return what a subscript gives."""
    at = plain(index)
    flags = flags_of(base)
    if type(base) is dict:
        if at in base:
            return base[at]
        return blur(gather(list(base.values())[:64]))
    held = base if type(base) is list else plain(base)
    if type(at) is int and isinstance(held, str | bytes | list) and -len(held) <= at < len(held):
        return held[at] if type(base) is list else made(held[at], flags)
    return blur(flags)


def cut(base: Value, start: Value, stop: Value, step: Value) -> Value:
    """Return what a slice gives; backwards and every other one are ways to hide."""
    bounds = [plain(bound) for bound in (start, stop, step)]
    held = base if type(base) is list else plain(base)
    if held is None or not isinstance(held, str | bytes | list):
        return blur(flags_of(base) | (DECODED if bounds[2] == -1 else 0))
    if not all(bound is None or type(bound) is int for bound in bounds) or bounds[2] == 0:
        return blur(flags_of(base))
    found = held[slice(*bounds)]
    hiding = bounds[2] is not None and bounds[2] != 1
    if type(base) is list:
        return [
            made(plain(one), flags_of(one) | DECODED) if hiding and plain(one) is not None else one for one in found
        ]
    return made(found, flags_of(base) | (DECODED | FOLDED if hiding else 0))
