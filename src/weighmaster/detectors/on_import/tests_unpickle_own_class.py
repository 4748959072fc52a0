"""Test data of a package makes objects of the package's own classes.

The class is not known to be safe, but its source lies beside the file and was looked at with it, and only the tests of
the package load the file.

## What to do

Nothing, unless you run the tests of packages that you do not trust.

## What this rule cannot see

Whether the class does more than its source shows when one of its objects is made. A function of the package, or a
class of another, is no matter of this rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import look_up
from weighmaster.knowledge.packages.own import of_own_tests
from weighmaster.model.fact import Import
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="tests-unpickle-own-class", title="Test data makes objects of the package's own classes",
    severity=Severity.LOW, cwe=502,
)  # fmt: skip


def _detect(fact: Import) -> Iterator[Finding]:
    if "?" in (fact.module, fact.name) or not of_own_tests(fact):
        return
    entry = look_up(fact.module, fact.name)
    if entry is None or not (entry.powers or entry.uses):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"imports {fact.dotted} of the package it is test data of",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Import, detect=_detect)
