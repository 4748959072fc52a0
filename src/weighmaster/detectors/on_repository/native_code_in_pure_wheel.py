"""A package that says that it fits every machine holds machine code.

A wheel for `any` machine that is `Root-Is-Purelib` has nothing that must be built. Machine code in one comes from
nowhere that the package names, runs on some machines only, and is what a project that was taken over ships first.

## What to do

Ask the project how the file is built. Compare with its other releases: a project that never had machine code and has
some now was changed by somebody.

## What this rule cannot see

Machine code in packages that are built for one kind of machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="native-code-in-pure-wheel",
    title="Machine code in a package for every machine",
    severity=Severity.MEDIUM,
    cwe=506,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.native import is_out_of_place, of_packages
    from weighmaster.knowledge.packages.packages import build_of, evidence

    for fact, package in of_packages(whole):
        build = build_of(package)
        if build is not None and is_out_of_place(package, fact):
            message = (
                f"{package.distribution.name} says that it fits every machine, and brings machine code ({fact.kind})"
            )
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=evidence(package, build, fact))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
