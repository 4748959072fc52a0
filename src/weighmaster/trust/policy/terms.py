"""A policy of trust as values: identities, rules, roles, and what is denied."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from weighmaster.model.value import Value
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.log.note import VerifierKey


class Mode(enum.StrEnum):
    """What becomes of an artifact that lacks what a rule wants."""

    ENFORCE = "enforce"
    """It is refused."""
    WARN = "warn"
    """A person must look first."""
    AUDIT = "audit"
    """It is noted."""


class Party(Value):
    """An identity of the policy: whose signature counts as its own, and from when until when.

    `parts` are what no other identity may share: its keys, or the name that an authority vouches for.
    """

    name: str
    expected: Expected
    parts: frozenset[str]
    since: datetime | None = None
    until: datetime | None = None


class Log(Value):
    """A log that evidence must be in: its key, those of its witnesses, and how many of these must have seen it."""

    name: str
    key: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    threshold: int = 0


class Wanted(Value):
    """A predicate as the policy calls it, and the types that it may have."""

    word: str
    types: frozenset[str]


class Role(Value):
    """`threshold` of `parties` must each have signed every one of `predicates`, no longer than `max_age` ago."""

    name: str
    parties: tuple[str, ...]
    threshold: int
    predicates: tuple[Wanted, ...]
    max_age: timedelta | None = None


class Rule(Value):
    """What an artifact needs whose name or package URL matches `pattern`.

    `ignore` are patterns of files that need not be covered by any evidence. `timestamp`, `log` and `freshness` hold for
    all evidence. With `name` a release must say that it is one of the name that was asked for; with `sequence` it must
    not be older than one that was accepted before. One party fills one role, unless `may_share`.
    With `nameless` a signature over the bytes of a file counts, which any file of these bytes has under any name.
    """

    number: int
    pattern: str
    is_purl: bool
    mode: Mode
    roles: tuple[Role, ...]
    ignore: tuple[str, ...] = ()
    timestamp: bool = False
    log: str = ""
    freshness: timedelta | None = None
    name: bool = False
    sequence: bool = False
    may_share: bool = False
    nameless: bool = False

    @property
    def title(self) -> str:
        """How people are told which rule it is."""
        return f"rule {self.number} ({self.pattern})"


class Denied(Value):
    """What is never accepted: a file, a tree, a key, an identity of the policy; `kind` says which.

    What was signed before `since` still counts where a timestamp shows it; without `since` nothing does.
    """

    kind: str
    value: str
    reason: str
    since: datetime | None = None


class Policy(Value):
    """All that the file says. The first rule whose pattern matches decides; without one, `default` does."""

    path: str
    default: Mode
    parties: Mapping[str, Party]
    rules: tuple[Rule, ...]
    logs: Mapping[str, Log] = MappingProxyType({})
    denied: tuple[Denied, ...] = ()
