"""A package names the repository of another project as its own.

Its metadata say that its home or its source is that of a library that everybody knows, under whose name it is not
published. Who looks the package up sees the stars, the issues and the people of that library.

## What to do

Look on the library's own pages for the package. If it is not named there, do not install it.

## What this rule cannot see

Homes of projects that are not on the list (`knowledge/packages/namespaces.tsv`), and homes that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.namespaces import claimed
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="homepage-of-another", title="A package claims the home of another project", severity=Severity.MEDIUM, cwe=346
)


def _detect(package: Package) -> Iterator[Finding]:
    for address, owners in claimed(package):
        message = f"{package.distribution.name} says that its home is {address}, which is that of {owners}"
        yield Finding(rule=_RULE, where=package.where, message=message, evidence=evidence(package))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
