"""A native program or library stands among the files of a model.

Weights need no machine code. A loader that is told to use a library of operators runs it as it opens it, and an
archive that is unpacked leaves a program behind. Libraries and programs of a package that is built for one kind of
machine are not reported here: they are what such a package is for.

## What to do

Find out which loader wants it. If none does, delete it; if one does, get the library from where it is built.

## What this rule cannot see

Machine code without the header of a program, and programs inside encrypted archives. What the program does is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Executable
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="executable-inside", title="A native program among model files", severity=Severity.MEDIUM, cwe=506
)


def _detect(whole: Repository) -> Iterator[Finding]:
    for fact in whole.facts:
        if isinstance(fact, Executable):
            from weighmaster.knowledge.packages.native import is_of_package

            if not is_of_package(whole, fact):
                yield Finding(
                    rule=_RULE, where=fact.where, message=f"a program or library ({fact.kind})", evidence=(fact,)
                )


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
