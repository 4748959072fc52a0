"""The name of a wheel's file, its `dist-info` folder and its metadata do not name the same package and version.

An index, a lock and a person go by the file's name; what is installed goes by the metadata. Installers refuse such a
wheel or do not, depending on which of them they compare.

## What to do

Do not install it. A wheel that was renamed by mistake can be had under its own name.

## What this rule cannot see

Anything of a wheel that was renamed consistently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.namespaces import misnamed
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="wheel-named-otherwise", title="A wheel is another package than its name says", severity=Severity.MEDIUM, cwe=345
)


def _detect(package: Package) -> Iterator[Finding]:
    for said in misnamed(package):
        yield Finding(rule=_RULE, where=package.where, message=said, evidence=evidence(package))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
