"""The package has a version that is higher than any real one would be.

Whoever knows the name of a company's own package can publish one of that name on a public index. Installers that ask
both take the higher version, so such packages are called 99.9.9 or 9999.0.0 (dependency confusion; A. Birsan, 2021).

## What to do

Find out which index the package is from. If it should be your own, do not install it, and ask your own index only.

## What this rule cannot see

Confusion with a version that looks real.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.namespaces import is_sky_high
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="version-wins-everywhere", title="A version that is higher than any other", severity=Severity.MEDIUM, cwe=427
)


def _detect(package: Package) -> Iterator[Finding]:
    said = package.distribution
    if is_sky_high(said.name, said.version):
        message = f"{said.name} calls itself version {said.version}, which is higher than any other would be"
        yield Finding(rule=_RULE, where=package.where, message=message, evidence=evidence(package))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
