"""A native program or library is in this release or build of a package, and in none that it is held against.

Builds for other machines have the same libraries under names of their own kind; names are compared without what
differs between machines and versions. What a build takes along from the system differs between systems.

## What to do

Look whether the source of the project builds it.

## What this rule cannot see

Libraries under the name of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-adds-library",
    title="The release brings a native library that others do not",
    severity=Severity.LOW,
    cwe=506,
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "library":
        message = f"{fact.name} brings the native file {fact.detail}, and {fact.other} does not"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
