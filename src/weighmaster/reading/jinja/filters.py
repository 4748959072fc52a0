"""What the filters of Jinja give, over guesses.

Specification: <https://jinja.palletsprojects.com/en/stable/templates/#builtin-filters>
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, Protocol

from weighmaster.reading.jinja.guess import (
    HOLE,
    LONGEST,
    UNKNOWN,
    Alternative,
    Guess,
    Helper,
    Items,
    Pairs,
    called,
    each,
    either,
    holds,
    items_of,
    joined,
    of_all,
    shown,
    sure,
    unknown,
)
from weighmaster.reading.jinja.sums import interpolated

_Keywords = dict[str, Guess]


class Walk(Protocol):
    """Whoever follows the template that the filters stand in."""

    def saw(self, kind: str, name: str, detail: str = "") -> None:
        """Note what is seen."""

    def touch_computed(self, base: Guess, name: Guess, how: str) -> None:
        """Note that an attribute is taken whose name is an expression."""

    def compared(self, operator: str, left: Guess, right: Guess) -> Guess:
        """Return the outcome of a comparison."""

    def picked(self, base: Alternative, key: Alternative) -> Guess:
        """Return what stands under a key."""

    def method(self, base: Guess, name: str, arguments: list[Guess], keywords: _Keywords) -> Guess:
        """Return what a method gives."""


Filter = Callable[[Walk, Guess, list[Guess], _Keywords], Guess]

_WIDE: Final = 10_000
"""Nobody pads or indents text so far."""
_ATTRIBUTED: Final = frozenset({"groupby", "selectattr", "rejectattr"})
"""Filters whose first argument is an attribute."""
_BY_ATTRIBUTE: Final = frozenset({"map", "sort", "sum", "unique", "min", "max", "join", "groupby"})
_SAME: Final = frozenset({"safe", "escape", "e", "forceescape", "string", "urlize", "striptags"})


def call_filter(walk: Walk, name: str, base: Guess, given: list[Guess], keywords: _Keywords) -> Guess:
    """Return what a filter gives, and note what it touches."""
    _attributes(walk, name, base, given, keywords)
    made = FILTERS.get(name)
    if made is not None:
        return made(walk, base, given, keywords)
    if name in _WIDENING:
        return _widened(walk, name, base, given, keywords)
    found = unknown(base, *given, *keywords.values())
    # A filter of the renderer's own (`b64decode`) makes one text of another.
    made_up = any(isinstance(one.value, (str, Helper, Items, Pairs)) for one in base)
    return tuple(Alternative(one.value, one.of | ({"built"} if made_up else set()), one.by) for one in found)


def _attributes(walk: Walk, name: str, base: Guess, given: list[Guess], keywords: _Keywords) -> None:
    """Note the attributes that a filter takes: `attr('x')`, `map(attribute='x.y')`, `map('attr', 'x')`."""
    if name == "attr" and given:
        walk.touch_computed(base, given[0], "attr")
        return
    if name == "attr" and keywords:
        for value in keywords.values():
            walk.touch_computed(base, value, "attr")
    named = [keywords["attribute"]] if "attribute" in keywords and name in _BY_ATTRIBUTE else []
    if name in _ATTRIBUTED or (name in {"sum", "unique", "min", "max", "sort", "join"} and len(given) > 1):
        # sum(attribute), join(separator, attribute), sort(reverse, case, attribute): whichever it is, it is text.
        named += given[:1] if name in _ATTRIBUTED or name == "sum" else given[1:]
    for attribute in named:
        for one in attribute:
            for part in one.value.split(".") if isinstance(one.value, str) else [one.value]:
                walk.touch_computed(base, (Alternative(part, one.of, one.by),), "attr")
    if name in {"map", "select", "reject"} and given:
        _inner_filter(walk, base, given)


def _inner_filter(walk: Walk, base: Guess, given: list[Guess]) -> None:
    for one in given[0]:
        if isinstance(one.value, str) and one.value != "map":
            call_filter(walk, one.value, _item(base), given[1:], {})
        elif one.value == "map" and len(given) > 1:
            _inner_filter(walk, base, given[1:])


def _item(base: Guess) -> Guess:
    found: list[Guess] = []
    for one in base:
        inside = items_of(one.value)
        found += list(inside)[:16] if inside is not None else [(Alternative(UNKNOWN, one.of, one.by),)]
    return either(*found) if found else unknown()


def _same(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    def apply(value: object) -> Guess:
        if isinstance(value, Helper):
            return unknown(of=["built", "shown", "helper"])
        return sure(shown(value)) if isinstance(value, (str, int, float, bool)) else unknown(of=["shown"])

    return each(apply, base)


def _quoted(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    def apply(value: object) -> Guess:
        if isinstance(value, str):
            return sure(json.dumps(value, ensure_ascii=False), of=frozenset({"built"}))
        return sure(shown(value)) if isinstance(value, (int, float)) else unknown()

    return each(apply, base)


def _method(name: str) -> Filter:
    def apply(_walk: Walk, base: Guess, given: list[Guess], _keywords: _Keywords) -> Guess:
        def on(value: object, *arguments: object) -> Guess:
            found = called(shown(value), name, list(arguments)) if value is not UNKNOWN else None
            return found if found is not None else unknown()

        return each(on, base, *given)

    return apply


def _replace(walk: Walk, base: Guess, given: list[Guess], _keywords: _Keywords) -> Guess:
    return walk.method(base, "replace", given, {})


def _join(_walk: Walk, base: Guess, given: list[Guess], keywords: _Keywords) -> Guess:
    between = given[0] if given else keywords.get("d", sure(""))
    found: list[Guess] = []
    for one in base:
        inside = items_of(one.value)
        if inside is None:
            found.append((Alternative(UNKNOWN, one.of | ({"built"} if "shown" in one.of else set()), one.by),))
            continue
        parts: list[Guess] = []
        for item in list(inside)[:1000]:
            parts += [between, item] if parts else [item]
        whole = joined([*parts, sure("")])
        found.append(tuple(Alternative(o.value, o.of | one.of | {"built"}, o.by | one.by) for o in whole))
    return either(*found) if found else unknown()


def _reverse(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    def apply(value: object) -> Guess:
        if isinstance(value, str):
            return sure(value[::-1], of=frozenset({"built"}))
        return sure(Items(value.items[::-1])) if isinstance(value, Items) else unknown()

    return each(apply, base)


def _list(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    def apply(value: object) -> Guess:
        inside = items_of(value)
        return sure(Items(list(inside)[:LONGEST])) if inside is not None else unknown()

    return each(apply, base)


def _end(position: int) -> Filter:
    def apply(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
        found: list[Guess] = []
        for one in base:
            inside = items_of(one.value)
            items = list(inside)[:LONGEST] if inside is not None else []
            built = {"built"} if isinstance(one.value, str) or "shown" in one.of else set()
            value = items[position] if items else unknown()
            found.append(tuple(Alternative(o.value, o.of | one.of | built, o.by | one.by) for o in value))
        return either(*found) if found else unknown()

    return apply


def _map(walk: Walk, base: Guess, given: list[Guess], keywords: _Keywords) -> Guess:
    if "attribute" in keywords:
        attribute = keywords["attribute"]
        found = [walk.picked(one, key) for one in _item(base) for key in attribute]
        return unknown(*found) if found else unknown(base)
    if not given:
        return unknown(base)
    found = []
    for one in given[0]:
        for item in base:
            inside = items_of(item.value)
            if inside is None or not isinstance(one.value, str):
                found.append(unknown((item,), *given[1:]))
            else:
                mapped = [call_filter(walk, one.value, part, given[1:], {}) for part in list(inside)[:1000]]
                found.append(sure(Items(mapped), of=item.of, by=item.by))
    return either(*found) if found else unknown(base)


def _chosen(walk: Walk, base: Guess, given: list[Guess], _keywords: _Keywords) -> Guess:
    """Follow `selectattr('content', 'equalto', 'word')`: what is left depends on what somebody wrote."""
    if len(given) < 3 or not any(one.value is UNKNOWN for one in base):
        return base  # Some of it.
    said = [walk.picked(one, key) for one in _item(base) for key in given[0]]
    return _by(walk, base, either(*said), given[2])


def _selected(walk: Walk, base: Guess, given: list[Guess], _keywords: _Keywords) -> Guess:
    return _by(walk, base, _item(base), given[1]) if len(given) > 1 else base


def _by(walk: Walk, base: Guess, said: Guess, against: Guess) -> Guess:
    outcome = walk.compared("in", said, against)
    by = frozenset().union(*(one.by for one in outcome if one.value is True))
    return tuple(Alternative(one.value, one.of, one.by | by) for one in base)


def _default(_walk: Walk, base: Guess, given: list[Guess], _keywords: _Keywords) -> Guess:
    return either(base, *given[:1])


def _length(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    of = of_all([base])
    return unknown(base, of=["length"]) if of & {"messages", "content"} else unknown(base)


def _number(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    def apply(value: object) -> Guess:
        if isinstance(value, (bool, int, float)):
            return sure(int(value)) if abs(value) < LONGEST else unknown()
        if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12:
            return sure(int(value))
        return unknown()

    return each(apply, base)


def _format(walk: Walk, base: Guess, given: list[Guess], keywords: _Keywords) -> Guess:
    del keywords
    found: list[Guess] = []
    for one in base:
        if isinstance(one.value, str):
            whole = each(lambda *values: interpolated(str(values[0]), Items(map(sure, values[1:]))), (one,), *given)
            found.append(whole)
        else:
            found.append(unknown((one,), *given, of=["built"]))
    if "huge" in of_all(found):
        walk.saw("repeat", "many", "padding by format")
    return either(*found) if found else unknown()


def _items(_walk: Walk, base: Guess, _given: list[Guess], _keywords: _Keywords) -> Guess:
    def apply(value: object) -> Guess:
        return sure(Items(sure(Items(pair)) for pair in value.pairs)) if isinstance(value, Pairs) else unknown()

    return each(apply, base)


_WIDENING: Final = frozenset({"center", "indent", "ljust", "rjust", "zfill", "wordwrap", "batch", "slice"})


def _widened(walk: Walk, name: str, base: Guess, given: list[Guess], keywords: _Keywords) -> Guess:
    for guess in (*given, *keywords.values()):
        for one in guess:
            if type(one.value) is int and one.value >= _WIDE:
                walk.saw("repeat", str(one.value)[:30], f"the filter {name}")
    if name == "batch":
        return unknown(base, of=["shown"] if any(holds(one.value) for one in base) else ())
    if all(isinstance(one.value, str) and HOLE not in one.value for one in base) and name == "center":
        return tuple(Alternative(one.value, one.of, one.by) for one in base)
    return unknown(base, of=["built"] if any(isinstance(one.value, str) for one in base) else ())


FILTERS: Final[dict[str, Filter]] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(("tojson", "pprint"), _quoted),
    **{name: _method(name) for name in ("lower", "upper", "title", "capitalize")},
    "trim": _method("strip"), "strip": _method("strip"), "replace": _replace, "join": _join, "reverse": _reverse,
    "list": _list, "sort": _list, "unique": _list, "first": _end(0), "last": _end(-1), "min": _end(0),
    "max": _end(-1), "map": _map, "selectattr": _chosen, "rejectattr": _chosen, "select": _selected,
    "reject": _selected, "default": _default, "d": _default, "length": _length, "count": _length, "int": _number,
    "format": _format, "items": _items, "dictsort": _items,
    "random": lambda _walk, base, _given, _keywords: _item(base),
}  # fmt: skip
"""Filters whose result is followed; of others, only what it derives from is known."""
