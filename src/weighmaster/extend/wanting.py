"""Formats that say which packages are wanted: a document of a known kind, recognised by its keys, told as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Shared
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.opening import LONGEST, begins_as_mapping, significant, whole

_MOST: Final = 5_000
"""Facts that one file may tell; the engine keeps no more."""

Holds = Callable[[dict[str, Any]], bool]
Tell = Callable[[dict[str, Any], str, Where], Iterator[Shared]]


def toml(id: str, title: str, marks: tuple[bytes, ...], holds: Holds, tell: Tell) -> Format:
    """Return the format of TOML documents that have one of `marks` in them, and of which `holds` is true."""
    from weighmaster.reading.tables import is_heavy, table, text_of

    def matches(glance: Glance) -> bool:
        text = whole(glance.source)
        if not any(mark in text for mark in marks):
            return False
        found = table(glance.source)
        return is_heavy(glance.source) if found is None else holds(found)

    def read(cursor: Cursor, where: Where) -> Iterator[Read]:
        _hold(cursor)
        found = table(cursor.source)
        if is_heavy(cursor.source):
            raise OverBudgetError("keys of too many parts")
        if found is not None:
            yield from bounded(tell(found, text_of(cursor.source), where))

    return Format(id=id, title=title, matches=matches, read=read, layer=True)


def yaml(id: str, title: str, marks: tuple[bytes, ...], holds: Holds, tell: Tell) -> Format:
    """Return the format of YAML documents that have all of `marks` in them, and of which `holds` is true."""
    from weighmaster.reading.yaml import tree

    def first(source: Any) -> dict[str, Any] | None:
        held = tree(source)
        found = held.documents[0] if held is not None and held.documents else None
        if isinstance(found, dict) and "<<" in found:  # <https://yaml.org/type/merge.html>
            merged = found["<<"]
            for one in reversed(merged if isinstance(merged, list) else [merged]):
                found = one | found if isinstance(one, dict) else found
        return found if isinstance(found, dict) and holds(found) else None

    def matches(glance: Glance) -> bool:
        text = whole(glance.source)
        if not all(mark in text for mark in marks) or not begins_as_mapping(significant(glance.source)):
            return False
        return first(glance.source) is not None

    def read(cursor: Cursor, where: Where) -> Iterator[Read]:
        _hold(cursor)
        found = first(cursor.source)
        if found is not None:
            yield from bounded(tell(found, _text(cursor), where))

    return Format(id=id, title=title, matches=matches, read=read, layer=True)


def json(id: str, title: str, holds: Holds, tell: Tell) -> Format:
    """Return the format of JSON documents of which `holds` is true."""
    from weighmaster.reading.document import document

    def matches(glance: Glance) -> bool:
        found = document(glance.source)
        return isinstance(found, dict) and holds(found)

    def read(cursor: Cursor, where: Where) -> Iterator[Read]:
        _hold(cursor)
        found = document(cursor.source)
        if isinstance(found, dict):
            yield from bounded(tell(found, _text(cursor), where))

    return Format(id=id, title=title, matches=matches, read=read, layer=True)


def lines(
    id: str, title: str, matches: Callable[[bytes], bool], tell: Callable[[str, Where], Iterator[Shared]]
) -> Format:
    """Return the format of texts that `matches`, which gets all of the text."""

    def read(cursor: Cursor, where: Where) -> Iterator[Read]:
        _hold(cursor)
        yield from bounded(tell(_text(cursor), where))

    return Format(id=id, title=title, matches=lambda glance: matches(whole(glance.source)), read=read, layer=True)


def bounded(facts: Iterator[Shared]) -> Iterator[Shared]:
    """Yield facts, and refuse to go on after very many."""
    for number, fact in enumerate(facts):
        if number >= _MOST:
            raise OverBudgetError(f"more than {_MOST} packages and indexes in one file")
        yield fact


def _hold(cursor: Cursor) -> None:
    if cursor.size > LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes of text, {LONGEST} allowed")
    cursor.budget.hold(cursor.size * 8)


def _text(cursor: Cursor) -> str:
    return cursor.source.read_at(0, cursor.size).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
