"""A rule, and one place where it holds."""

from __future__ import annotations

import enum

from weighmaster.model.fact import Fact
from weighmaster.model.value import Value
from weighmaster.model.where import Where


class Severity(enum.IntEnum):
    """How bad it is, if the rule is right."""

    NOTE = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """The name as outputs and configurations spell it."""
        return self.name.lower()


class Confidence(enum.IntEnum):
    """How sure the rule is, whatever the severity."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The name as outputs spell it."""
        return self.name.lower()


class Rule(Value):
    """What a detector looks for; its page in the docs is the detector's module docstring."""

    id: str
    title: str
    severity: Severity
    cwe: int | None = None


class Finding(Value):
    """One place where a rule holds, with the facts that show it."""

    rule: Rule
    where: Where
    message: str
    confidence: Confidence = Confidence.HIGH
    evidence: tuple[Fact, ...]
