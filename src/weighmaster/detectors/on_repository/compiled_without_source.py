"""A compiled module has no source beside it.

Nobody can read it, and this program does not follow compiled code. Python imports it like any other module.

## What to do

Ask for the source, or get the package from where there is some.

## What this rule cannot see

What the code does. What is left over in a `__pycache__` folder of an environment is imported by nobody, and not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="compiled-without-source", title="Compiled Python without its source", severity=Severity.MEDIUM, cwe=506
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.compiled import without_source

    for fact in without_source(whole):
        words = f", which uses {', '.join(fact.acts)}" if fact.acts else ""
        message = f"a compiled module without its source{words}: compiled code is not followed"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
