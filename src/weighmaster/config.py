"""The user's configuration: TOML read into `Settings`; whatever it cannot mean is an error with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from weighmaster.model.errors import ConfigError
from weighmaster.model.finding import Severity
from weighmaster.model.report import GapReason
from weighmaster.model.settings import Settings
from weighmaster.model.value import Value
from weighmaster.model.verdict import Waiver
from weighmaster.reading import toml

_PYPROJECT: Final = "pyproject.toml"
_TABLE: Final = "tool.weighmaster"
_OURS: Final = frozenset({GapReason.DEFECT, GapReason.CRASHED, GapReason.INTERRUPTED, GapReason.CHANGED})
"""Gaps that say something about the look, not about the artifact: nobody can vouch for those."""

_LONGEST_COOLDOWN: Final = 3650

# Compiled where they are used: most runs read no configuration.
_MENTION: Final = rb"""tool["']?\s*\.\s*["']?weighmaster|\[\s*["']?tool["']?\s*\]|tool["']?\s*=\s*\{"""


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
        if os.path.isfile(path) and _speaks(path, toml.content(path)):
            return path
    return None


def read(path: str, known: Known) -> Settings:
    """Read a file that the user named, or that `find` found.

    In a `pyproject.toml` the table `[tool.weighmaster]` counts; any other file is ours as a whole.

    Raises:
        ConfigError: it cannot be read, or does not mean what it says. The message names file and line.
    """
    raw = toml.content(path)
    document: Any = toml.document(path, raw)
    place = ""
    if os.path.basename(path) == _PYPROJECT:
        place = _TABLE
        document = _table(document)
        if document is None:
            raise ConfigError(f"{path}: no table [{_TABLE}]")
    return _settings(toml.Table(document, place, toml.Lines(path, raw.decode())), known, os.path.dirname(path))


def _speaks(path: str, raw: bytes) -> bool:
    """Say whether a `pyproject.toml` has a table of ours."""
    # tomllib costs start-up time; a text that cannot hold our table is not worth it.
    if b"weighmaster" not in raw or not re.search(_MENTION, raw):
        return False
    return _table(toml.document(path, raw)) is not None


def _table(document: dict[str, Any]) -> Any:
    tool = document.get("tool")
    return tool.get("weighmaster") if isinstance(tool, dict) else None


def _settings(table: toml.Table, known: Known, folder: str) -> Settings:
    settings = Settings(
        policy=_policy(table, known),
        severities=dict(_severities(table, known)),
        allow=frozenset(table.texts("allow")),
        exclude=table.texts("exclude"),
        waivers=table.each("waivers", lambda inner: _waiver(inner, known)),
        tolerate=frozenset(_tolerate(table)),
        names=_names(table),
        trust=_beside(folder, table, "trust"),
        recall=_beside(folder, table, "recall"),
        cooldown=_cooldown(table),
    )
    table.end()
    return settings


def _beside(folder: str, table: toml.Table, key: str) -> str:
    """Return the path that a key names, from the folder of the configuration; empty where there is no such key."""
    path = table.get(key, str)
    if path == "":
        raise table.error(key, f"{key} is empty")
    return os.path.join(folder, path) if path else ""


def _cooldown(table: toml.Table) -> int:
    days = table.get("cooldown", int)
    if days is not None and not 0 <= days <= _LONGEST_COOLDOWN:
        raise table.error("cooldown", f"cooldown must be a number of days from 0 to {_LONGEST_COOLDOWN}")
    return Settings().cooldown if days is None else days


def _names(table: toml.Table) -> tuple[str, ...]:
    names = table.texts("names")
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/?|-\*)", name):
            raise table.error("names", f"{name!r} is no package, no family of them (acme-*) and no account (acme/)")
    return names


def _policy(table: toml.Table, known: Known) -> str:
    policy = table.get("policy", str)
    if policy is None:
        return Settings().policy
    table.one_of("policy", policy, known.policies, "policy")
    return policy


def _severities(table: toml.Table, known: Known) -> Iterator[tuple[str, Severity]]:
    words = {severity.word: severity for severity in Severity}
    for rule, word in table.table("severities").items():
        key = f"severities.{rule}"
        table.one_of(key, rule, known.rules, "rule")
        table.one_of(key, word if isinstance(word, str) else repr(word), words, "severity")
        yield rule, words[word]


def _tolerate(table: toml.Table) -> Iterator[GapReason]:
    reasons = {reason.value: reason for reason in GapReason}
    for word in table.texts("tolerate"):
        table.one_of("tolerate", word, reasons, "gap")
        if reasons[word] in _OURS:
            raise table.error("tolerate", f"{word} cannot be tolerated: it says nothing about the artifact")
        yield reasons[word]


def _waiver(table: toml.Table, known: Known) -> Waiver:
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
