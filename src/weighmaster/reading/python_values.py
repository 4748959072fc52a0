"""What an expression of Python source may stand for, and the arithmetic of constants: worked out, never run.

A value is `None` where nothing is known of it, a plain `str`, `bytes`, `int`, `float`, `list` or `dict` of values where
the source writes it down, or one of the classes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ast

Value = Any

FOLDED: Final = 1
"""Put together out of pieces."""
DECODED: Final = 2
"""Comes out of a code that hides it: Base64, numbers for letters, backwards, compressed, enciphered."""
FETCHED: Final = 4
"""Comes from the network."""
FILE: Final = 8
"""Comes from a file."""
ENVIRONMENT: Final = 16
"""Holds all variables of the environment."""
SECRET: Final = 32
"""Holds a key or a password."""
CLIMBED: Final = 64
"""Was reached through the interpreter's own objects."""
MODULE: Final = 128
"""Is a module whose name is not known."""

SECRET_FILE: Final = 256
"""Comes from a file of keys or passwords."""
CLASSES: Final = 512
"""Is one of all classes that the interpreter has."""

LONGEST: Final = 1 << 20
"""Characters of a constant that is put together."""
_WIDEST: Final = 1 << 256
_MANY: Final = 64


class Ref:
    """Something by its dotted name: a module, what is in it, a builtin."""

    __slots__ = ("dotted", "flags")

    def __init__(self, dotted: str, flags: int = 0) -> None:
        self.dotted = dotted
        self.flags = flags


class Made:
    """A constant that the source puts together, and how."""

    __slots__ = ("flags", "value")

    def __init__(self, value: Any, flags: int) -> None:
        self.value = value
        self.flags = flags


class Blur:
    """Something of which only the flags are known."""

    __slots__ = ("flags",)

    def __init__(self, flags: int) -> None:
        self.flags = flags


class Either:
    """One of several values."""

    __slots__ = ("values",)

    def __init__(self, values: list[Value]) -> None:
        self.values = values


class Method:
    """A method of a value: `"".join`."""

    __slots__ = ("base", "name")

    def __init__(self, base: Value, name: str) -> None:
        self.base = base
        self.name = name


class Partial:
    """A callable with its first arguments."""

    __slots__ = ("arguments", "function", "keywords")

    def __init__(self, function: Value, arguments: list[Value], keywords: dict[str, Value]) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords


class Thing:
    """An object of a class of the library, and the first argument it was made with: a path, a connection."""

    __slots__ = ("dotted", "first")

    def __init__(self, dotted: str, first: Value) -> None:
        self.dotted = dotted
        self.first = first


class Func:
    """A function that the source defines. `uses` is filled when its body is read."""

    __slots__ = ("defaults", "env", "kind", "name", "node", "owner", "part")

    def __init__(self, node: Any, name: str, env: Env, owner: Cls | None) -> None:
        self.node = node
        self.name = name
        self.env = env
        self.owner = owner
        self.defaults: list[tuple[str, Value]] = []
        self.kind = ""
        self.part: Part | None = None


class Cls:
    """A class that the source defines."""

    __slots__ = ("attributes", "bases", "env", "name")

    def __init__(self, name: str, bases: list[Value], env: Env) -> None:
        self.name = name
        self.bases = bases
        self.env = env
        self.attributes: dict[str, Value] = {}

    def find(self, name: str, depth: int = 8) -> Value:
        """Return what an attribute of the class or of its instances is."""
        if name in self.attributes:
            return self.attributes[name]
        if name in self.env.names:
            return self.env.names[name]
        for base in self.bases:
            if type(base) is Cls and depth and (found := base.find(name, depth - 1)) is not None:
                return found
        return None

    def methods(self, depth: int = 8) -> Iterable[Func]:
        """Yield the functions of the class and of its bases here."""
        yield from (value for value in self.env.names.values() if type(value) is Func)
        for base in self.bases:
            if type(base) is Cls and depth:
                yield from base.methods(depth - 1)

    def roots(self, depth: int = 8) -> Iterable[str]:
        """Yield the dotted names of the classes that it inherits from."""
        for base in self.bases:
            if type(base) is Ref:
                yield base.dotted
            elif type(base) is Cls and depth:
                yield base.name
                yield from base.roots(depth - 1)


class Inst:
    """An instance of a class that the source defines."""

    __slots__ = ("cls",)

    def __init__(self, cls: Cls) -> None:
        self.cls = cls


class Env:
    """Names and what they stand for, inside others."""

    __slots__ = ("away", "names", "outer", "stars")

    def __init__(self, outer: Env | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.stars: list[str] = outer.stars if outer else []
        self.away: dict[str, Env] = {}


class Use:
    """Source that calls `dotted`, or hands it on (`how` is `call`, `refer`, `set`)."""

    __slots__ = ("arguments", "dotted", "flags", "how", "keywords", "line")

    def __init__(  # noqa: PLR0913, PLR0917 - a record
        self, dotted: str, how: str, line: int, flags: int, arguments: list[Value], keywords: dict[str, Value]
    ) -> None:
        self.dotted = dotted
        self.how = how
        self.line = line
        self.flags = flags
        self.arguments = arguments
        self.keywords = keywords


class Part:
    """A piece of source that runs as a whole: what it uses, and which functions it runs."""

    __slots__ = ("edges", "uses")

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.edges: dict[int, Func] = {}


def plain(value: Value) -> Any:
    """Return the constant that a value is, or None."""
    kind = type(value)
    if kind is Made:
        return value.value
    if kind is Thing:
        return plain(value.first)
    return value if kind is str or kind is bytes or kind is int or kind is float else None


def flags_of(value: Value, depth: int = 3) -> int:
    """Return what is known of a value and of what it holds."""
    kind = type(value)
    if kind is Made or kind is Blur or kind is Ref:
        return int(value.flags)
    if depth and kind is Either:
        return gather(value.values, depth)
    if depth and kind is list:
        return gather(value[:_MANY], depth)
    if depth and kind is dict:
        return gather(list(value.values())[:_MANY], depth)
    if kind is Method:
        return flags_of(value.base, depth)
    return 0


def gather(values: Iterable[Value], depth: int = 3) -> int:
    """Return the flags of several values."""
    flags = 0
    for value in values:
        if value is not None:
            flags |= flags_of(value, depth - 1)
    return flags


def blur(flags: int) -> Value:
    """Return a value of which only that is known."""
    return Blur(flags) if flags else None


def made(value: Any, flags: int) -> Value:
    """Return a constant that was put together, or what is left of it where it gets too long."""
    if isinstance(value, str | bytes | list) and len(value) > LONGEST:
        return blur(flags)
    if type(value) is int and abs(value) > _WIDEST:
        return blur(flags)
    if type(value) is bytearray:
        value = bytes(value)
    return Made(value, flags) if flags and type(value) in {str, bytes, int, float} else value


def spread(value: Value, function: Callable[[Value], Value]) -> Value:
    """Do something to each value that it may be."""
    if type(value) is not Either:
        return function(value)
    return either([function(one) for one in value.values])


def either(values: list[Value]) -> Value:
    """Return one of several values as a value."""
    found: list[Value] = []
    for value in values:
        for one in value.values if type(value) is Either else (value,):
            if one is not None and not any(one is other for other in found):
                found.append(one)
    if len(found) > 8:
        found = found[:8]
    return found[0] if len(found) == 1 else Either(found) if found else None


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
    return blur(flags & ~FOLDED)


def _whole(name: str, one: int, two: int, flags: int) -> Value:
    try:
        match name:
            case "Sub":
                return made(one - two, flags)
            case "BitXor":
                return Made(one ^ two, flags | DECODED)
            case "BitAnd":
                return made(one & two, flags)
            case "BitOr":
                return made(one | two, flags)
            case "Mod":
                return made(one % two, flags)
            case "FloorDiv":
                return made(one // two, flags)
            case "LShift" if two <= 64:
                return made(one << two, flags)
            case "RShift":
                return made(one >> two, flags)
            case _:
                return None
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


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
