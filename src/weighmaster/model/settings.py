"""What a user's configuration says to a policy and to a walk."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from weighmaster.model.finding import Severity
from weighmaster.model.report import GapReason
from weighmaster.model.value import Value
from weighmaster.model.verdict import Waiver


class Settings(Value):
    """All that a configuration may set; the defaults are those of no configuration."""

    policy: str = "default"
    severities: Mapping[str, Severity] = MappingProxyType({})
    allow: frozenset[str] = frozenset()
    """Dotted names of callables that the user vouches for."""
    exclude: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    tolerate: frozenset[GapReason] = frozenset()
    trust: str = ""
    """The policy of trust that evidence is held to: a file, or a folder of roots."""
    names: tuple[str, ...] = ()
    """The user's own names: of packages, of families of them, which end in `-*`, and of accounts, which end in `/`."""
    recall: str = ""
    """The list of recalls: a file, or a folder of roots."""
    cooldown: int = 1
    """Days before a release on a package index is old enough."""
