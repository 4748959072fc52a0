"""The user's configuration: TOML read into `Settings`; whatever it cannot mean is an error with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeVar

from weighmaster.model.errors import ConfigError
from weighmaster.model.finding import Severity
from weighmaster.model.report import GapReason
from weighmaster.model.settings import Settings
from weighmaster.model.value import Value
from weighmaster.model.verdict import Waiver

_PYPROJECT: Final = "pyproject.toml"
_TABLE: Final = "tool.weighmaster"
_MOST: Final = 1 << 20
_OURS: Final = frozenset({GapReason.DEFECT, GapReason.CRASHED, GapReason.INTERRUPTED, GapReason.CHANGED})
"""Gaps that say something about the look, not about the artifact: nobody can vouch for those."""

# Compiled where they are used: most runs read no configuration.
_HEADER: Final = r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$"
_PART: Final = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEY: Final = rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*="
_MENTION: Final = rb"""tool["']?\s*\.\s*["']?weighmaster|\[\s*["']?tool["']?\s*\]|tool["']?\s*=\s*\{"""

T = TypeVar("T")


class Known(Value):
    """The names that a configuration may use."""

    rules: Collection[str]
    policies: Collection[str]


def find(start: str) -> str | None:
    """Return the `pyproject.toml` that configures a run from the folder `start`, if one does.

    Looked at are `start` and, up to the root of the repository it lies in, its parents. Outside a repository
    only `start` itself: nobody else's folder above shall have a say.
    """
    folders = [os.path.abspath(start)]
    while not os.path.lexists(os.path.join(folders[-1], ".git")) and os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    if not os.path.lexists(os.path.join(folders[-1], ".git")):
        folders = folders[:1]
    for folder in folders:
        path = os.path.join(folder, _PYPROJECT)
        if os.path.isfile(path) and _speaks(path, _bytes(path)):
            return path
    return None


def read(path: str, known: Known) -> Settings:
    """Read a file that the user named, or that `find` found.

    In a `pyproject.toml` the table `[tool.weighmaster]` counts; any other file is ours as a whole.

    Raises:
        ConfigError: it cannot be read, or does not mean what it says. The message names file and line.
    """
    raw = _bytes(path)
    document: Any = _document(path, raw)
    place = ""
    if os.path.basename(path) == _PYPROJECT:
        place = _TABLE
        document = _table(document)
        if document is None:
            raise ConfigError(f"{path}: no table [{_TABLE}]")
    return _settings(_Table(document, place, _Lines(path, raw.decode())), known)


def _speaks(path: str, raw: bytes) -> bool:
    """Say whether a `pyproject.toml` has a table of ours."""
    # tomllib costs start-up time; a text that cannot hold our table is not worth it.
    if b"weighmaster" not in raw or not re.search(_MENTION, raw):
        return False
    return _table(_document(path, raw)) is not None


def _document(path: str, raw: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:  # tomllib's own error is a ValueError, and a wrong encoding is one
        raise ConfigError(f"{path}: not TOML: {error}") from error


def _table(document: dict[str, Any]) -> Any:
    tool = document.get("tool")
    return tool.get("weighmaster") if isinstance(tool, dict) else None


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            raw = file.read(_MOST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(raw) > _MOST:
        raise ConfigError(f"{path}: larger than {_MOST} bytes")
    return raw


class _Lines:
    """Where in the text a key stands; what the TOML reader does not tell."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = dict(_located(text))

    def error(self, place: str, what: str) -> ConfigError:
        nearest = place
        while nearest and nearest not in self._lines:
            nearest = nearest.rpartition(".")[0]
        line = self._lines.get(nearest)
        return ConfigError(f"{self._path}:{line}: {what}" if line else f"{self._path}: {what}")


def _located(text: str) -> Iterator[tuple[str, int]]:
    """Yield the dotted path of every table header and key, and its line. Items of lists carry their number."""
    table = ""
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(_HEADER, line):
            table = _dotted(header[2])
            if header[1] == "[[":
                count = counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{count}"
            yield table, number
        elif key := re.match(_KEY, line):
            yield ".".join(filter(None, (table, _dotted(key[1])))), number


def _dotted(key: str) -> str:
    return ".".join(part.strip("\"'") for part in re.findall(_PART, key))


class _Table:
    """A TOML table; its getters refuse what is not of their kind, `end` what nobody asked for."""

    def __init__(self, values: Any, place: str, lines: _Lines) -> None:
        self._place = place
        self._lines = lines
        self._asked: list[str] = []
        if not isinstance(values, dict):
            raise self.error("", f"{place} must be a table")
        self._values: dict[str, Any] = values

    def error(self, key: str, what: str) -> ConfigError:
        return self._lines.error(".".join(filter(None, (self._place, key))), what)

    def get(self, key: str, kind: type[T]) -> T | None:
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
        value = self.get(key, kind)
        if not value:
            raise self.error(key, f"{key} is missing" if value is None else f"{key} is empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[Any] = self.get(key, list) or []
        for value in values:
            if not isinstance(value, str) or not value:
                raise self.error(key, f"{key} must be a list of texts")
        return tuple(values)

    def each(self, key: str, make: Callable[[_Table], T]) -> tuple[T, ...]:
        inside = ".".join(filter(None, (self._place, key)))
        values: list[Any] = self.get(key, list) or []
        return tuple(make(_Table(value, f"{inside}.{number}", self._lines)) for number, value in enumerate(values))

    def table(self, key: str) -> dict[str, Any]:
        return self.get(key, dict) or {}

    def one_of(self, key: str, value: str, names: Collection[str], what: str) -> None:
        if value not in names:
            raise self.error(key, f"no {what} is called {value!r}{_hint(value, names)}")

    def end(self) -> None:
        for key in self._values:
            if key not in self._asked:
                raise self.error(key, f"no setting is called {key!r}{_hint(key, self._asked)}")


_NAMES: Final = {
    "str": "a text",
    "list": "a list",
    "dict": "a table",
    "date": "a date (2030-12-31)",
    "bool": "true or false",
    "int": "a number",
}


def _settings(table: _Table, known: Known) -> Settings:
    settings = Settings(
        policy=_policy(table, known),
        severities=dict(_severities(table, known)),
        allow=frozenset(table.texts("allow")),
        exclude=table.texts("exclude"),
        waivers=table.each("waivers", lambda inner: _waiver(inner, known)),
        tolerate=frozenset(_tolerate(table)),
    )
    table.end()
    return settings


def _policy(table: _Table, known: Known) -> str:
    policy = table.get("policy", str)
    if policy is None:
        return Settings().policy
    table.one_of("policy", policy, known.policies, "policy")
    return policy


def _severities(table: _Table, known: Known) -> Iterator[tuple[str, Severity]]:
    words = {severity.word: severity for severity in Severity}
    for rule, word in table.table("severities").items():
        key = f"severities.{rule}"
        table.one_of(key, rule, known.rules, "rule")
        table.one_of(key, word if isinstance(word, str) else repr(word), words, "severity")
        yield rule, words[word]


def _tolerate(table: _Table) -> Iterator[GapReason]:
    reasons = {reason.value: reason for reason in GapReason}
    for word in table.texts("tolerate"):
        table.one_of("tolerate", word, reasons, "gap")
        if reasons[word] in _OURS:
            raise table.error("tolerate", f"{word} cannot be tolerated: it says nothing about the artifact")
        yield reasons[word]


def _waiver(table: _Table, known: Known) -> Waiver:
    from datetime import date

    waiver = Waiver(
        rule=table.get("rule", str),
        sha256=table.get("sha256", str),
        where=table.get("where", str),
        reason=table.need("reason", str),
        owner=table.need("owner", str),
        until=table.need("until", date),
    )
    table.end()
    if waiver.rule is not None:
        table.one_of("rule", waiver.rule, known.rules, "rule")
    if waiver.sha256 is not None and not re.fullmatch("[0-9a-f]{64}", waiver.sha256):
        raise table.error("sha256", "sha256 must be 64 lower-case hexadecimal digits")
    if not (waiver.rule or waiver.sha256 or waiver.where):
        raise table.error("", "a waiver needs a rule, a sha256 or a where")
    return waiver


def _hint(word: str, names: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, list(names), 1)
    return f"; did you mean {near[0]!r}?" if near else f" (there are: {', '.join(sorted(names))})"
