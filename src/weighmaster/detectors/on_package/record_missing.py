"""A wheel has no `RECORD`, or one that leads out of where it is installed.

Without it nobody can tell what belongs to the package, whether it was changed, or what to remove. A path in it that
leads out makes uninstalling the package remove somebody else's files. pip refuses a wheel without one; other ways of
unpacking do not.

## What to do

Build the wheel again with a tool that follows the specification, or do not use it.

## What this rule cannot see

Whether the files are those that were meant: see `record-differs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.packages import evidence, record_of
from weighmaster.knowledge.packages.records import leading_out
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(id="record-missing", title="A wheel has no list of its files", severity=Severity.MEDIUM, cwe=345)


def _detect(package: Package) -> Iterator[Finding]:
    if package.form != "wheel":
        return
    said = record_of(package)
    if said is None:
        message = f"{package.distribution.name} has no RECORD of its files"
        yield Finding(rule=_RULE, where=package.where, message=message, evidence=evidence(package))
    elif outside := leading_out(said):
        message = f"the RECORD of {package.distribution.name} names {outside[0]!a}, which leads out of its folder"
        yield Finding(rule=_RULE, where=said.where, message=message, evidence=evidence(package))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
