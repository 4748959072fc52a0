"""A package brings a compiled module that Python runs whatever its source says.

The head of a compiled module says how Python tells whether it is that of the source: by time and size, by a digest, or,
since PEP 552, not at all. Packages do not bring compiled modules; one that brings some of the last kind makes sure that
its source, which people read, is not what runs.

## What to do

Delete the compiled modules before you use the package.

## What this rule cannot see

What the code does. Compiled modules of environments, which some systems build so on purpose, are told only where they
differ from their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="compiled-unchecked",
    title="Compiled Python that takes the place of its source unchecked",
    severity=Severity.MEDIUM,
    cwe=345,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.compiled import unchecked

    for fact in unchecked(whole):
        message = "Python runs this compiled module in place of the source beside it, and compares nothing"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
