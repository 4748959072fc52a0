"""What an expression of a template may be, as far as that can be told without running it.

A guess is a few alternatives. Each has a value (a constant, a container of guesses, something unknown), what its value
derives from (`of`), and which tests of what somebody wrote made it so (`by`). In text that the template puts together,
what is not known stands as `HOLE`.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product
from math import prod
from typing import Final, TypeAlias

from weighmaster.reading.pattern import pattern

HOLE: Final = "\U0010ffff"
"""Stands for text that is not known; no character has this number."""
MOST: Final = 12
"""Alternatives of a guess."""
LONGEST: Final = 1 << 16
"""Characters of a text that is followed, and items of a list."""
_PLAIN: Final = 20_000
_DIGITS: Final = pattern(r"[0-9]+")
_NOTHING: Final[frozenset[str]] = frozenset()


class Unknown:
    """A value that is not known."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "?"


UNKNOWN: Final = Unknown()


class Helper:
    """A function or class that whoever renders the template offers to it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Alternative:
    """One thing that an expression may be."""

    __slots__ = ("by", "of", "value")

    def __init__(self, value: object, of: frozenset[str] = _NOTHING, by: frozenset[str] = _NOTHING) -> None:
        self.value = value
        self.of = of
        self.by = by


Guess: TypeAlias = tuple[Alternative, ...]


class Items:
    """A list or tuple of the template; grows where the template appends."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Guess]) -> None:
        self.items = list(items)


class Pairs:
    """A mapping of the template."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[Guess, Guess]]) -> None:
        self.pairs = list(pairs)


class Space:
    """What `namespace()` returns."""

    __slots__ = ("names",)

    def __init__(self, names: dict[str, Guess]) -> None:
        self.names = names


def sure(value: object, *, of: frozenset[str] = _NOTHING, by: frozenset[str] = _NOTHING) -> Guess:
    """Return the guess that it is this."""
    return (Alternative(value, of, by),)


def unknown(*guesses: Guess, of: Iterable[str] = ()) -> Guess:
    """Return the guess that nobody knows, derived from others."""
    return (Alternative(UNKNOWN, of_all(guesses) | frozenset(of), by_all(guesses)),)


def of_all(guesses: Iterable[Guess]) -> frozenset[str]:
    """Return what guesses derive from."""
    return frozenset().union(*(one.of for guess in guesses for one in guess))


def by_all(guesses: Iterable[Guess]) -> frozenset[str]:
    """Return the tests that made guesses what they are."""
    return frozenset().union(*(one.by for guess in guesses for one in guess))


def either(*guesses: Guess) -> Guess:
    """Return the guess that it is one of several."""
    found: dict[tuple[object, frozenset[str], frozenset[str]], Alternative] = {}
    for guess in guesses:
        for one in guess:
            value = one.value if isinstance(one.value, (str, int, float, bool, type(None))) else id(one.value)
            found.setdefault(((type(one.value), value), one.of, one.by), one)
    alternatives = tuple(found.values())
    return alternatives if len(alternatives) <= MOST else _fewer(alternatives)


def _fewer(alternatives: Guess) -> Guess:
    of = of_all([alternatives])
    if any(isinstance(one.value, str) for one in alternatives):
        of |= {"built"}
    return (*alternatives[: MOST - 1], Alternative(UNKNOWN, of, by_all([alternatives])))


def each(function: Callable[..., Guess], *guesses: Guess) -> Guess:
    """Apply a function of single values to all combinations of alternatives."""
    found: list[Alternative] = []
    ways = prod(map(len, guesses))
    if ways > 4 * MOST:
        found += unknown(*guesses, of=["built"])
    for combination in islice(product(*guesses), 4 * MOST):
        of = frozenset().union(*(one.of for one in combination))
        by = frozenset().union(*(one.by for one in combination))
        given = function(*(one.value for one in combination))
        found += (Alternative(one.value, one.of | of, one.by | by) for one in given)
    return either(tuple(found))


def truthy(guess: Guess) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tests by which a guess is true, and those by which it is false."""
    true = frozenset().union(*(one.by for one in guess if holds(one.value) is not False))
    false = frozenset().union(*(one.by for one in guess if holds(one.value) is not True))
    return true, false


def holds(value: object) -> bool | None:
    """Say whether a value counts as true; None where that is not known."""
    if isinstance(value, Items):
        return bool(value.items)
    if isinstance(value, Pairs):
        return bool(value.pairs)
    if isinstance(value, str):
        return None if value == HOLE else bool(value)
    return bool(value) if isinstance(value, (int, float, type(None))) else None


def shown(value: object) -> str:
    """Return how a value is written into text."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)) or value is None:
        return str(value)[:64]
    return HOLE


def joined(parts: list[Guess]) -> Guess:
    """Return what parts give, one after the other."""
    found: Guess = sure("")
    for start in range(0, len(parts), 64):
        for part in parts[start : start + 64]:
            found = each(_concatenated, found, part)
    of = of_all([found]) | {"built"} if len(parts) > 1 else of_all([found])
    return tuple(Alternative(one.value, of, one.by) for one in found)


def _concatenated(left: object, right: object) -> Guess:
    text = shown(left) + shown(right)
    return sure(text) if len(text) <= LONGEST else unknown(of=("built", "huge"))


def items_of(value: object) -> Iterator[Guess] | None:
    """Return what going through a value gives, None where that is not known."""
    if isinstance(value, Items):
        return iter(value.items)
    if isinstance(value, Pairs):
        return (key for key, _ in value.pairs)
    if isinstance(value, str) and HOLE not in value:
        return (sure(character) for character in value)
    return None


def literal(value: object) -> Guess:
    """Return a guess for a value of Python."""
    if isinstance(value, (list, tuple)):
        return sure(Items(literal(item) for item in value[:LONGEST]))
    return sure(value)


def plain(value: object) -> object:
    """Return a value of Python for what is wholly known; raises `ValueError` otherwise."""
    return _plain(value, [_PLAIN])


def _plain(value: object, left: list[int]) -> object:
    # Lists that hold a list twice, which holds a list twice: what is small in memory may be endless to write out.
    left[0] -= 1
    if left[0] < 0:
        raise ValueError
    if isinstance(value, Items):
        return [_plain(only(item), left) for item in value.items]
    if isinstance(value, Pairs):
        return {_plain(only(key), left): _plain(only(item), left) for key, item in value.pairs}
    if isinstance(value, (str, int, float, bool, bytes, type(None))):
        return value
    raise ValueError


def only(guess: Guess) -> object:
    """Return the value of a guess that has one alternative; raises `ValueError` otherwise."""
    if len(guess) != 1:
        raise ValueError
    return guess[0].value


def keyword(name: str) -> str:
    """Return a keyword as Python takes it: compiled templates are Python, which normalizes names (NFKC)."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


_TEXT_METHODS: Final = frozenset(
    [
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "title",
        "capitalize",
        "swapcase",
        "casefold",
        "removeprefix",
        "removesuffix",
        "startswith",
        "endswith",
        "split",
        "rsplit",
        "splitlines",
        "find",
        "rfind",
        "index",
        "rindex",
        "count",
        "partition",
        "rpartition",
        "replace",
        "translate",
        "isdigit",
        "isalpha",
        "isupper",
        "islower",
        "isspace",
        "isalnum",
        "encode",
    ]
)
_CODECS: Final = frozenset(
    {"utf-8", "utf8", "ascii", "latin-1", "latin1", "unicode_escape", "unicode-escape", "utf-16"}
)


def called(base: object, name: str, arguments: list[object]) -> Guess | None:
    """Return what a method of a constant gives; None where that is not known."""
    try:
        return _called(base, name, [plain(argument) for argument in arguments])
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError):
        return None


def _called(base: object, name: str, arguments: list[object]) -> Guess | None:
    if isinstance(base, bytes):
        codec = arguments[0] if arguments else "utf-8"
        return sure(base.decode(str(codec))) if name == "decode" and codec in _CODECS else None
    if isinstance(base, str) and name == "join" and isinstance(arguments[0], (list, str)):
        return sure(base.join(map(shown, arguments[0])))
    if isinstance(base, str) and name in _TEXT_METHODS and _fits(base, name, arguments):
        return literal(getattr(base, name)(*arguments))
    return None


def _fits(base: str, name: str, arguments: list[object]) -> bool:
    """Whether what the method gives is known, and not too long."""
    if name == "replace":
        return len(base) * (1 + len(str(arguments[1]))) <= LONGEST
    if name == "encode":
        return HOLE not in base and (not arguments or arguments[0] in _CODECS)
    return HOLE not in base or name not in {"find", "rfind", "index", "rindex", "count"}


def fields(text: str) -> list[tuple[str, str, str]]:
    """Return the text, the field names and the forms of a format string, as they alternate."""
    found: list[tuple[str, str, str]] = []
    try:
        for before, field, form, conversion in string.Formatter().parse(text):
            found.append((before, field or "", f"!{conversion}" if conversion else form or ""))
            if form and "{" in form and form != text:
                found += fields(form)
    except (ValueError, RecursionError):
        return found
    return found


def formed(value: object, form: str) -> Guess:
    """Return what a field of a format string makes of a value."""
    if not form:
        return sure(shown(value))
    wide = any(len(digits) > 3 for digits in _DIGITS.findall(form))
    if wide or not isinstance(value, (str, int, float)) or form.startswith("!"):
        return sure(HOLE, of=frozenset({"built", "huge"} if wide else {"built"}))
    try:
        return sure(format(value, form), of=frozenset({"built"}))
    except (ValueError, OverflowError):
        return unknown()
