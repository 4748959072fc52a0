"""What a detector is to the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from weighmaster.model.fact import Fact
from weighmaster.model.finding import Finding, Rule
from weighmaster.model.value import Value


class Detector(Value):
    """A rule, the kind of fact it reads, and the function that reads it."""

    rule: Rule
    on: type[Fact]
    detect: Callable[[Any], Iterator[Finding]]

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.rule.id
