"""A package brings a program under the name of a library.

A library is loaded, a program is run. `libcudart.so.12` among other libraries is looked at by nobody, and a package
that runs it starts a process whose code no list of programs shows.

## What to do

Do not install the package. A program that a package needs has the name of a program.

## What this rule cannot see

Libraries that may be run as well, and programs that do not say that they are, as ELF files that are linked like
libraries.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="program-named-as-library", title="A program of a package is named as a library", severity=Severity.HIGH, cwe=506
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.native import is_misnamed, of_packages
    from weighmaster.knowledge.packages.packages import evidence

    for fact, package in of_packages(whole):
        if is_misnamed(fact):
            message = f"{package.distribution.name} brings a program ({fact.kind}) under the name of a library"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=evidence(package, fact))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
