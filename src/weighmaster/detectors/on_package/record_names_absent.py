"""The `RECORD` of a package names files that are not there.

Somebody took them out: of an installed package often tests, to save space; of a wheel there is no reason to.

## What to do

Install the package again if something does not work. Ask who made the wheel if it is one.

## What this rule cannot see

Compiled modules, which come and go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.knowledge.packages.records import missing
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="record-names-absent", title="Files that a RECORD names are not there", severity=Severity.LOW, cwe=345
)


def _detect(package: Package) -> Iterator[Finding]:
    absent = missing(package)
    if absent:
        count = f"{len(absent)} files, such as {absent[0]!a}," if len(absent) > 1 else repr(absent[0])
        message = f"the RECORD of {package.distribution.name} names {count} not there"
        yield Finding(rule=_RULE, where=package.where, message=message, evidence=evidence(package))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
