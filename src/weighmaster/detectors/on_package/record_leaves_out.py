"""A wheel holds a file that its `RECORD` does not list.

Tools that build wheels list every file. A file that is not listed was put in afterwards; installers copy it all the
same, what compares digests passes it over, and uninstalling leaves it behind.

## What to do

Do not install the wheel. Get it from where it was first published, or build it from source.

## What this rule cannot see

Files that were put in by somebody who listed them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.knowledge.packages.records import unlisted
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="record-leaves-out", title="A wheel holds a file that its RECORD leaves out", severity=Severity.MEDIUM, cwe=345
)


def _detect(package: Package) -> Iterator[Finding]:
    for artifact in unlisted(package):
        message = f"{package.distribution.name} brings a file that its RECORD does not list"
        yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=evidence(package, artifact))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
