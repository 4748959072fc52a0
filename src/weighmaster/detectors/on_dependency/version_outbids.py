"""A package is wanted in a version like 99.9.9.

Nobody numbers releases so. It is the number that wins against an organisation's own package of the same name, where
several indexes are asked (dependency confusion), and the mark of packages that test for that, or do it.

## What to do

Look at which index has this version, and whose package it is.

## What this rule cannot see

Confusions under ordinary numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at, called
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency

_RULE: Final = Rule(
    id="version-outbids",
    title="A version is wanted that is higher than any real one",
    severity=Severity.MEDIUM,
    cwe=427,
)


def _detect(fact: Dependency) -> Iterator[Finding]:
    first = fact.version.lstrip("v").partition(".")[0]
    if fact.ecosystem == "pypi" and len(first) > 1 and not first.strip("9"):
        message = f"{at(fact)}{called(fact)} is wanted in version {fact.version}, which outbids any real one"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Dependency, detect=_detect)
