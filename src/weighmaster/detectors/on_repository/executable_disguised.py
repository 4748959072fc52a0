"""A file of a package that is named as data is a native program.

`weights.bin`, `logo.png`, `vocab.txt`: names by which nobody looks at them, and a package that renames and loads one
runs machine code that no list of its libraries shows.

## What to do

Do not install the package. Weights are numbers, and pictures are no programs.

## What this rule cannot see

Machine code without the header of a program, and code for accelerators.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="executable-disguised", title="A program of a package is named as data", severity=Severity.HIGH, cwe=506
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.native import is_disguised, of_packages
    from weighmaster.knowledge.packages.packages import evidence

    for fact, package in of_packages(whole):
        if is_disguised(fact):
            message = f"{package.distribution.name} brings a program ({fact.kind}) under the name of data"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=evidence(package, fact))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
