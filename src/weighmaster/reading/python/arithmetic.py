"""What operators of Python source make of constants: worked out within bounds, never run."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from weighmaster.reading.python.values import (
    BESIDE,
    DECODED,
    FETCHED,
    FILE,
    FOLDED,
    LONGEST,
    Made,
    Value,
    blur,
    flags_of,
    gather,
    made,
    plain,
)

if TYPE_CHECKING:
    import ast

_MOST_BITS: Final = 64
"""How far a number is shifted to the left."""
_WHOLE: Final[dict[str, Callable[[int, int], int]]] = {
    "Sub": operators.sub,
    "BitAnd": operators.and_,
    "BitOr": operators.or_,
    "BitXor": operators.xor,
    "Mod": operators.mod,
    "FloorDiv": operators.floordiv,
    "LShift": operators.lshift,
    "RShift": operators.rshift,
}
"""Operators on whole numbers."""


def add(left: Value, right: Value) -> Value:
    """Return `left + right`."""
    one, two = plain(left), plain(right)
    flags = flags_of(left) | flags_of(right)
    if one is not None and two is not None and (type(one) is type(two) or (_number(one) and _number(two))):
        if _number(one):
            return made(one + two, flags)
        return made(one + two, flags | FOLDED) if len(one) + len(two) <= LONGEST else blur(flags)
    if type(left) is list and type(right) is list:
        return left + right if len(left) + len(right) <= LONGEST else None
    return blur(flags & ~FOLDED)


def _number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def calculate(operator: ast.operator, left: Value, right: Value) -> Value:
    """Return what an operator makes of two values."""
    name = type(operator).__name__
    if name == "Add":
        return add(left, right)
    one, two = plain(left), plain(right)
    flags = flags_of(left) | flags_of(right)
    if name == "Mod" and type(one) in {str, bytes}:
        return _percent(one, right, flags)
    if name == "Mult":
        return _times(left, right, flags)
    if type(one) is int and type(two) is int:
        return _whole(name, one, two, flags)
    # Data that is taken apart by `^` is deciphered.
    return blur((flags | (DECODED if name == "BitXor" and flags & (BESIDE | FETCHED | FILE) else 0)) & ~FOLDED)


def _whole(name: str, one: int, two: int, flags: int) -> Value:
    function = _WHOLE.get(name)
    if function is None or (name == "LShift" and two > _MOST_BITS):
        return None
    try:
        value = function(one, two)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    # To take numbers apart by `^` is how ciphers begin.
    return Made(value, flags | DECODED) if name == "BitXor" else made(value, flags)


def _times(left: Value, right: Value, flags: int) -> Value:
    one, two = plain(left), plain(right)
    if type(one) is int and type(two) in {str, bytes}:
        one, two = two, one
    if type(one) in {str, bytes} and type(two) is int:
        return made(one * two, flags) if len(one) * max(0, two) <= LONGEST else blur(flags)
    if type(one) is int and type(two) is int:
        return made(one * two, flags)
    if type(left) is list and type(two) is int:
        return left * two if len(left) * max(0, two) <= LONGEST else None
    return blur(flags)


def _percent(template: Any, right: Value, flags: int) -> Value:
    items = right if type(right) is list else [right]
    plains = [plain(item) for item in items]
    # Without widths: `%999999999d` would be a bomb.
    text = template if type(template) is str else template.decode("latin-1")
    if any(item is None for item in plains) or text.replace("%s", "").replace("%c", "").replace("%d", "").count("%"):
        return blur((flags | gather(items)) & ~FOLDED)
    if text.count("%") * max([len(str(item)) for item in plains], default=0) > LONGEST:
        return blur(flags)
    try:
        done = template % (tuple(plains) if type(right) is list else plains[0])
    except (TypeError, ValueError, OverflowError):
        return blur(flags)
    more = DECODED if "%c" in text else 0
    return made(done, flags | gather(items) | FOLDED | more)
