"""A package brings machine code for other machines than those that it is built for.

A wheel says for which systems and processors it is. Code for others is of no use to whoever installs it: no build of
the project made it for this wheel. Files whose names say for which machine they are, as those of packages that serve
several, are not reported.

## What to do

Compare with the other wheels of the release, and ask the project how the file is built.

## What this rule cannot see

Code that is for the right machine and does not belong there, code for accelerators, and wheels for any machine: see
[native-code-in-pure-wheel](native-code-in-pure-wheel.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="native-for-another-machine",
    title="Machine code for machines that a package is not built for",
    severity=Severity.MEDIUM,
    cwe=506,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.native import elsewhere, of_packages
    from weighmaster.knowledge.packages.packages import build_of, evidence

    for fact, package in of_packages(whole):
        build = build_of(package)
        if build is not None and (machine := elsewhere(package, fact)):
            tags = ", ".join(dict.fromkeys(tag.rpartition("-")[2] for tag in build.tags))
            message = f"{package.distribution.name} is built for {tags}, and brings machine code for others ({machine})"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=evidence(package, build, fact))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
