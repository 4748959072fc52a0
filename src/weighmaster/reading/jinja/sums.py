"""Sums and comparisons of guesses: what operators give, and which tests of what somebody wrote they make."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import floordiv, mod, mul, sub, truediv
from typing import Any, Final

from weighmaster.reading.jinja.guess import (
    HOLE,
    LONGEST,
    Alternative,
    Guess,
    Items,
    of_all,
    plain,
    shown,
    sure,
    unknown,
)

_SAID: Final = frozenset({"content", "text"})
_COUNTS: Final = frozenset({"index", "index0", "revindex", "revindex0", "length", "depth"})
_LEAST: Final = 3
"""A count that is compared to less tells the first turn from others."""
_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "*": mul, "-": sub, "/": truediv, "//": floordiv, "%": mod, "**": pow,
}  # fmt: skip
_NUMBERED: Final = re.compile(r"[0-9*]+")
_PADDED: Final = re.compile(r"%[^%]{0,8}[0-9]{5}")


COMPARING: Final = {
    "equalto": "eq", "eq": "eq", "==": "eq", "sameas": "eq", "ne": "ne", "!=": "ne", "in": "in", "gt": "gt",
    "greaterthan": "gt", ">": "gt", "ge": "gteq", ">=": "gteq", "lt": "lt", "lessthan": "lt", "<": "lt", "le": "lteq",
    "<=": "lteq", "startingwith": "in", "endingwith": "in", "contains": "in", "match": "in", "search": "in",
    "regex": "in",
}  # fmt: skip
"""Tests that are comparisons."""


def derived(of: frozenset[str], name: str) -> frozenset[str]:
    """Return what an attribute derives from, given what it is taken from."""
    if "loop" in of:
        return frozenset({"count"}) if name in _COUNTS else frozenset({"messages"})
    if name in _SAID and "messages" in of:
        return of | {"content"}
    if name.isidentifier() and "content" in of:
        # A part of a message that consists of parts: its type, its address; no longer what somebody wrote.
        return of - {"content"}
    return of


def because(guess: Guess, by: frozenset[str]) -> Guess:
    """Return a guess that holds only by some tests."""
    return tuple(Alternative(one.value, one.of, one.by | by) for one in guess) if by else guess


def tests(operator: str, said: Guess, against: Guess) -> frozenset[str]:
    """Return the tests of what somebody wrote in a comparison of `said` with constants."""
    of = of_all([said])
    found: set[str] = set()
    for one in against:
        values = [o.value for item in one.value.items for o in item] if isinstance(one.value, Items) else [one.value]
        for value in values:
            if isinstance(value, str) and value.strip() and "content" in of and "length" not in of:
                # `'image' in part`: a part of a message is a mapping, and this asks for a key.
                kind = "key" if "part" in of and "words" not in of and operator in {"in", "notin"} else "text"
                found.add(f"{kind}:{value[:80]}")
            elif isinstance(value, (str, int)) and value and "time" in of:
                found.add(f"time:{str(value)[:80]}")
            elif type(value) is int and abs(value) >= _LEAST and of & {"length", "count"}:
                found.add(f"count:{operator} {value}")
    return frozenset(found)


def chain(node: Any, kind: Any) -> list[Any]:
    """Return the operands of a chain of one operator, which the parser nests to the left."""
    found: list[Any] = []
    while type(node) is kind:
        found.append(node.right)
        node = node.left
    found.append(node)
    return found[::-1]


def added(left: object, right: object) -> Guess:
    """Return what `+` gives."""
    if isinstance(left, Items) and isinstance(right, Items) and len(left.items) + len(right.items) <= LONGEST:
        return sure(Items([*left.items, *right.items]))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return sure(left + right)
    if isinstance(left, str) or isinstance(right, str):
        text = shown(left) + shown(right)
        return sure(text, of=frozenset({"built"})) if len(text) <= LONGEST else unknown(of=["built", "huge"])
    return unknown()


def calculated(operator: str, left: object, right: object) -> Guess:
    """Return what another operator gives."""
    if operator == "*" and isinstance(left, int) and isinstance(right, (str, Items)):
        left, right = right, left
    if operator == "*" and isinstance(left, (str, Items)) and isinstance(right, int):
        whole = left.items if isinstance(left, Items) else left
        if len(whole) * right > LONGEST:
            return unknown(of=["built", "huge"])
        return (
            sure(Items(left.items * right)) if isinstance(left, Items) else sure(left * right, of=frozenset({"built"}))
        )
    if operator == "%" and isinstance(left, str):
        return interpolated(left, right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and max(abs(left), abs(right)) < LONGEST:
        return _number(operator, left, right)
    return unknown()


def _number(operator: str, left: float, right: float) -> Guess:
    if operator == "**" and abs(right) > 16:
        return unknown(of=["huge"] if abs(left) > 1 else ())
    try:
        return sure(_OPERATORS[operator](left, right))
    except (ArithmeticError, ValueError, LookupError):
        return unknown()


def interpolated(text: str, given: object) -> Guess:
    """Return what `%` gives on text."""
    try:
        values = plain(given)
        if len(text) < LONGEST and not any(len(digits) > 4 for digits in _NUMBERED.findall(text)):
            return sure(text % (tuple(values) if isinstance(values, list) else values), of=frozenset({"built"}))
    except (ValueError, TypeError, LookupError, OverflowError):
        pass
    if _PADDED.search(text):
        return unknown(of=["built", "huge"])
    return sure(text.replace("%s", HOLE), of=frozenset({"built"}))
