"""TOML files that people write for us: read strictly, and whatever they cannot mean is an error with its line.

Specification: <https://toml.io/en/v1.0.0>.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

_MOST: Final = 1 << 20
"""Bytes of a file."""

# Compiled where they are used: most runs read no such file.
_HEADER: Final = r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$"
_PART: Final = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEY: Final = rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*="

T = TypeVar("T")


def content(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        ConfigError: it cannot be read, or is larger than anybody writes one.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(_MOST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(raw) > _MOST:
        raise ConfigError(f"{path}: larger than {_MOST} bytes")
    return raw


def document(path: str, raw: bytes) -> dict[str, Any]:
    """Return what a text holds; `path` names it in errors.

    Raises:
        ConfigError: it is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError, and a wrong encoding is one
        raise ConfigError(f"{path}: not TOML: {error}") from error


class Lines:
    """Where in the text a key stands; what the TOML reader does not tell."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = dict(_located(text))

    def error(self, place: str, what: str) -> ConfigError:
        """Return an error that names the line of `place`, or of the nearest table in or around it."""
        line = self._lines.get(place) or self._first_in(place)
        while place and not line:
            place = place.rpartition(".")[0]
            line = self._lines.get(place)
        return ConfigError(f"{self._path}:{line}: {what}" if line else f"{self._path}: {what}")

    def _first_in(self, place: str) -> int | None:
        """Return the line of the first table in one that has no header of its own."""
        inside = f"{place}." if place else "."
        return next((line for path, line in self._lines.items() if path.startswith(inside)), None)


def _located(text: str) -> Iterator[tuple[str, int]]:
    """Yield the dotted path of every table header and key, and its line. Items of lists carry their number."""
    table = ""
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(_HEADER, line):
            table = _numbered(_dotted(header[2]), counts)
            if header[1] == "[[":
                count = counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{count}"
            yield table, number
        elif key := re.match(_KEY, line):
            yield ".".join(filter(None, (table, _dotted(key[1])))), number


def _numbered(table: str, counts: dict[str, int]) -> str:
    """Return the path of a table in the item of the list that was begun last."""
    parts = table.split(".")
    path = parts[0]
    for part in parts[1:]:
        if path in counts:
            path = f"{path}.{counts[path]}"
        path = f"{path}.{part}"
    return path


def _dotted(key: str) -> str:
    return ".".join(part.strip("\"'") for part in re.findall(_PART, key))


class Table:
    """A TOML table; its getters refuse what is not of their kind, `end` what nobody asked for.

    All that it raises are `ConfigError`s that name the file and the line.
    """

    def __init__(self, values: Any, place: str, lines: Lines) -> None:
        self._place = place
        self._lines = lines
        self._asked: list[str] = []
        if not isinstance(values, dict):
            raise self.error("", f"{place} must be a table")
        self._values: dict[str, Any] = values

    def error(self, key: str, what: str) -> ConfigError:
        """Return an error at a key of this table, or at the table where `key` is empty."""
        return self._lines.error(".".join(filter(None, (self._place, key))), what)

    def get(self, key: str, kind: type[T]) -> T | None:
        """Return the value of a key, which must be of that kind; None where there is none."""
        self._asked.append(key)
        value = self._values.get(key)
        if value is None:
            return None
        # A bool is an int to Python and a datetime is a date; neither is to a reader of the file.
        if type(value) is not kind:
            raise self.error(
                key, f"{key} must be {_NAMES[kind.__name__]}, not {_NAMES.get(type(value).__name__, 'that')}"
            )
        return value

    def need(self, key: str, kind: type[T]) -> T:
        """Return the value of a key, which must be there and not be empty."""
        value = self.get(key, kind)
        if not value:
            raise self.error(key, f"{key} is missing" if value is None else f"{key} is empty")
        return value

    def moment(self, key: str) -> datetime | None:
        """Return a moment: a date is its first in UTC, and a time of day must say of which time zone it is."""
        from datetime import UTC, date, datetime

        value = self._values.get(key)
        if type(value) is not datetime:
            day = self.get(key, date)
            return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
        self._asked.append(key)
        if value.tzinfo is None:
            raise self.error(key, f"{key} must say its time zone (2030-12-31T12:00:00Z)")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list; none where there is no such key."""
        values: list[Any] = self.get(key, list) or []
        for value in values:
            if not isinstance(value, str) or not value:
                raise self.error(key, f"{key} must be a list of texts")
        return tuple(values)

    def each(self, key: str, make: Callable[[Table], T]) -> tuple[T, ...]:
        """Return what `make` makes of each table of a list."""
        inside = ".".join(filter(None, (self._place, key)))
        values: list[Any] = self.get(key, list) or []
        return tuple(make(Table(value, f"{inside}.{number}", self._lines)) for number, value in enumerate(values))

    def inner(self, key: str) -> Table:
        """Return the table of that name; an empty one where there is none."""
        inside = ".".join(filter(None, (self._place, key)))
        return Table(self.get(key, dict) or {}, inside, self._lines)

    def tables(self, key: str, make: Callable[[Table], T]) -> dict[str, T]:
        """Return what `make` makes of each table in the table of that name, by the names of those."""
        outer = self.inner(key)
        return {name: make(outer.inner(name)) for name in outer.names}

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of this table, in their order."""
        return tuple(self._values)

    def table(self, key: str) -> dict[str, Any]:
        """Return a table as a dictionary; an empty one where there is none."""
        return self.get(key, dict) or {}

    def one_of(self, key: str, value: str, names: Collection[str], what: str) -> None:
        """Refuse a value that is none of `names`."""
        if value not in names:
            raise self.error(key, f"no {what} is called {value!r}{hint(value, names)}")

    def end(self) -> None:
        """Refuse keys that nobody asked for: a typing error must not switch anything off."""
        for key in self._values:
            if key not in self._asked:
                raise self.error(key, f"no setting is called {key!r}{hint(key, self._asked)}")


_NAMES: Final = {
    "str": "a text",
    "list": "a list",
    "dict": "a table",
    "date": "a date (2030-12-31)",
    "bool": "true or false",
    "int": "a number",
}


def hint(word: str, names: Collection[str]) -> str:
    """Say which name may have been meant, or which there are."""
    import difflib

    near = difflib.get_close_matches(word, list(names), 1)
    return f"; did you mean {near[0]!r}?" if near else f" (there are: {', '.join(sorted(names))})"
