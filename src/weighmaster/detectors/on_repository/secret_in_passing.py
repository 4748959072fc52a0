"""A key or a password stands in the tests, the examples or the description of a package.

Tests of ciphers need keys, and descriptions show what tokens look like: nearly all of these open nothing. They are
told because now and then one does.

## What to do

Nothing, unless the package is yours: then make sure that the key opens nothing.

## What this rule cannot see

Whether the key opens anything: nothing is asked over the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.secrets import in_passing
from weighmaster.model.fact import Secret
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="secret-in-passing", title="A key in the tests or the description of a package", severity=Severity.LOW, cwe=798
)


def _detect(whole: Repository) -> Iterator[Finding]:
    for fact in whole.facts:
        if isinstance(fact, Secret) and in_passing(whole, fact):
            which = f", SHA-256 {fact.digest}..." if fact.digest else ""
            message = f"line {fact.line} holds {fact.kind}{which}, in a test, an example or the description"
            yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.LOW, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
