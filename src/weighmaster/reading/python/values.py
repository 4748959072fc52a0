"""What an expression of Python source may stand for.

A value is `None` where nothing is known of it, a plain `str`, `bytes`, `int`, `float`, `list` or `dict` of values where
the source writes it down, or one of the classes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

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

MACHINE: Final = 1024
"""Says on which machine the source runs, or for whom."""
MOMENT: Final = 8192
"""Says when the source runs."""
VARIABLE: Final = 2048
"""Comes from one variable of the environment."""
DECIPHERED: Final = 4096
"""Is made by a cipher."""
BESIDE: Final = 16384
"""Is in another source of the same package, or comes out of there."""

ASKED: Final = MACHINE | VARIABLE | MOMENT
"""What is known of the machine only once the source runs on it."""

LONGEST: Final = 1 << 20
"""Characters of a constant that is put together."""
ALTERNATIVES: Final = 8
"""Values that one expression may stand for."""
_WIDEST: Final = 1 << 256
_MANY: Final = 64
"""Items of a list or a dict that are asked for their flags."""


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
    """Something of which only the flags are known, and the path of the file that it comes from, if that is."""

    __slots__ = ("flags", "path")

    def __init__(self, flags: int, path: str = "") -> None:
        self.flags = flags
        self.path = path


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
    """A callable and what it is given first."""

    __slots__ = ("function", "given")

    def __init__(self, function: Value, given: Given) -> None:
        self.function = function
        self.given = given


class Thing:
    """An object of a class of the library, and the first argument it was made with: a path, a connection."""

    __slots__ = ("dotted", "first")

    def __init__(self, dotted: str, first: Value) -> None:
        self.dotted = dotted
        self.first = first


class Words:
    """A list of which no more is known than that each item was made of one of something unknown: of a setting."""

    __slots__ = ()


class Func:
    """A function that the source defines. `part` is what its body does, once that was read.

    `kind` is `staticmethod`, `classmethod`, `property` or nothing; `owner` the class it stands in.
    """

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
    """Names and what they stand for, inside others.

    `away` says where names live that were declared `global` or `nonlocal`; `stars` are the modules all of whose names
    were imported.
    """

    __slots__ = ("away", "names", "outer", "stars")

    def __init__(self, outer: Env | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.stars: list[str] = outer.stars if outer else []
        self.away: dict[str, Env] = {}

    def close(self) -> None:
        """Forget all names."""
        self.names.clear()
        self.away.clear()


class Given:
    """What a call is given: values by their place, and values by a name."""

    __slots__ = ("named", "placed")

    def __init__(self, placed: list[Value], named: dict[str, Value] | None = None) -> None:
        self.placed = placed
        self.named = named if named is not None else {}

    def __bool__(self) -> bool:
        return bool(self.placed or self.named)

    @property
    def first(self) -> Value:
        """The first value that has no name."""
        return self.placed[0] if self.placed else None

    def at(self, place: int, name: str = "", default: Value = None) -> Value:
        """Return the value at a place, or under the name that the place has."""
        return self.placed[place] if len(self.placed) > place else self.named.get(name, default)

    def values(self) -> list[Value]:
        """Return all values."""
        return [*self.placed, *self.named.values()]

    def flags(self) -> int:
        """Return what is known of any of them."""
        return gather(self.placed) | gather(self.named.values()) if self.named else gather(self.placed)


Span = tuple[int, int, int, int]
"""Where source stands: line and column where it begins, and where it ends; columns count bytes of UTF-8, from 0."""
NOWHERE: Final[Span] = (0, 0, 0, 0)


class Use:
    """Source that calls `dotted`, hands it on, sets or imports it (`how`: `call`, `refer`, `set`, `import`).

    `under` is the condition that holds then, where that is one of `triggers`.

    `span` is where the call stands, or the statement where it is none; text that is run stands where it is run.
    """

    __slots__ = ("dotted", "flags", "given", "how", "span", "under")

    def __init__(  # noqa: PLR0913, PLR0917 - one for each of what is known
        self, dotted: str, how: str, flags: int, given: Given, span: Span = NOWHERE, under: str = ""
    ) -> None:
        self.dotted = dotted
        self.how = how
        self.flags = flags
        self.given = given
        self.span = span
        self.under = under


class Part:
    """A piece of source that runs as a whole: what it uses, which functions it runs, which modules it imports.

    `brings` says of each whether it is a module for sure; what is taken from one may be one or not. `asks` are the
    names in other sources that it calls, each with the text that it is given first.
    """

    __slots__ = ("asks", "brings", "edges", "uses")

    def __init__(self) -> None:
        self.asks: dict[tuple[str, str], None] = {}
        self.brings: dict[str, bool] = {}
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
    if kind is Method:
        return flags_of(value.base, depth)
    if depth and kind in _HOLDING:
        return gather(_HOLDING[kind](value), depth)
    return 0


_HOLDING: Final[dict[type, Callable[[Any], Iterable[Value]]]] = {
    Either: lambda value: value.values,
    list: lambda value: value[:_MANY],
    dict: lambda value: list(value.values())[:_MANY],
}


def gather(values: Iterable[Value], depth: int = 3) -> int:
    """Return the flags of several values."""
    flags = 0
    for value in values:
        if value is not None:
            flags |= flags_of(value, depth - 1)
    return flags


def blur(flags: int, path: str = "") -> Value:
    """Return a value of which only that is known."""
    return Blur(flags, path) if flags else None


def made(value: Any, flags: int) -> Value:
    """Return a constant that was put together, or what is left of it where it gets too long."""
    if isinstance(value, str | bytes | list) and len(value) > LONGEST:
        return blur(flags)
    if type(value) is int and abs(value) > _WIDEST:
        return blur(flags)
    if type(value) is bytearray:
        value = bytes(value)
    return Made(value, flags) if flags and type(value) in {str, bytes, int, float} else value


def either(values: list[Value]) -> Value:
    """Return one of several values as a value."""
    found: list[Value] = []
    for value in values:
        for one in value.values if type(value) is Either else (value,):
            if one is not None and not any(one is other for other in found):
                found.append(one)
    del found[ALTERNATIVES:]
    return found[0] if len(found) == 1 else Either(found) if found else None
