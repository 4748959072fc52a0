"""From the machine's shadows to terms, bounded: a program can make an object that no page could hold."""

from __future__ import annotations

from typing import Final

from weighmaster.machine.shadow import Global, Handle, Items, Long, Opaque, Result
from weighmaster.machine.shadow import Table as Dictionary
from weighmaster.machine.window import HEAD
from weighmaster.model.term import Constant, Group, Made, Name, Table, Term, Unknown
from weighmaster.model.term import Handle as HandleTerm

_DEPTH: Final = 6
_NODES: Final = 250
_SHOWN: Final = 16
"""Items of a container that a term carries."""
_TEXT: Final = 256


class Terms:
    """Makes terms of what one event names; together they have at most so many nodes."""

    def __init__(self) -> None:
        self.left = _NODES

    def of(self, x: object) -> Term:
        """Return the term for `x`."""
        return self._term(x, _DEPTH)

    def all(self, x: object) -> tuple[Term, ...]:
        """Return the terms of the items of `x`, which is a call's arguments; for anything else, one Unknown."""
        if isinstance(x, tuple):
            return self._items(list(x), _DEPTH)
        if isinstance(x, Items):
            return self._items(x.items, _DEPTH)
        return (self._term(x, _DEPTH),)

    def table(self, x: object) -> Table | None:
        """Return the keyword arguments, if `x` is a dictionary."""
        return self._table(x, _DEPTH) if isinstance(x, Dictionary) else None

    def keys(self, x: object) -> tuple[Term, ...]:
        """Return the keys that a state or items `x` sets."""
        if isinstance(x, tuple):
            found: tuple[Term, ...] = ()
            for part in x:
                if isinstance(part, Dictionary):
                    found += self.keys(part)
            return found
        if isinstance(x, Dictionary):
            first = [key for key in x.pairs[0 : 2 * _SHOWN : 2] if not (isinstance(key, str) and key in x.notable)]
            return self._items([*x.notable, *first], _DEPTH, _SHOWN + len(x.notable))
        return ()

    def _items(self, items: list[object], depth: int, most: int = _SHOWN) -> tuple[Term, ...]:
        return tuple([self._term(item, depth - 1) for item in items[:most]])

    def _table(self, x: Dictionary, depth: int) -> Table:
        found: list[tuple[Term, Term]] = []
        for key, value in x.notable.items():
            text = isinstance(value, (str, Long))
            found.append((_constant(key), _constant(value, HEAD) if text else self._term(value, depth - 1)))
        for index in range(0, min(len(x.pairs) - 1, 2 * _SHOWN), 2):
            name = x.pairs[index]
            if not (isinstance(name, str) and name in x.notable):
                found.append((self._term(name, depth - 1), self._term(x.pairs[index + 1], depth - 1)))
        return Table(items=tuple(found), size=x.size)

    def _term(self, x: object, depth: int) -> Term:  # noqa: PLR0911 - one a kind
        self.left -= 1
        if depth <= 0 or self.left < 0:
            return Unknown(why="…")
        if isinstance(x, Global):
            return Name(module=x.module, name=x.name)
        if isinstance(x, Result):
            return self._made(x, depth)
        if isinstance(x, tuple):
            return Group(kind="tuple", items=self._items(list(x), depth), size=len(x))
        if isinstance(x, Items):
            return Group(kind=x.kind, items=self._items(x.items, depth), size=x.size)
        if isinstance(x, Dictionary):
            return self._table(x, depth)
        if isinstance(x, Handle):
            return HandleTerm(id=self._term(x.id, depth - 1))
        if isinstance(x, Opaque):
            return Unknown(why=x.why)
        return _constant(x)

    def _made(self, x: Result, depth: int) -> Made:
        if isinstance(x.arguments, tuple):
            arguments = self._items(list(x.arguments), depth)
        else:
            arguments = (self._term(x.arguments, depth - 1),)
        states = self._items(x.states, depth) if x.states is not None else ()
        return Made(callee=self._term(x.callee, depth - 1), arguments=arguments, state=states)


def _constant(x: object, most: int = _TEXT) -> Constant:
    if isinstance(x, str):
        return Constant(kind="str", text=x[:most], size=len(x))
    if isinstance(x, bytes):
        return Constant(kind="bytes", text=x[:_TEXT].decode("latin-1"), size=len(x))
    if isinstance(x, Long):
        encoding = "utf-8" if x.kind == "str" else "latin-1"
        return Constant(kind=x.kind, text=x.head.decode(encoding, "replace")[:most], size=x.end - x.start)
    if x is None or isinstance(x, (bool, int, float)):
        return Constant(kind=type(x).__name__, text=repr(x))
    return Constant(kind="object", text="?")
