"""Importing this source starts programs, opens a shell to somebody else, or takes secrets away.

Whatever stands outside of any function runs when a module is imported, and so does what that calls: a loader that
imports the code of a model does it with the rights of whoever loads the model. A model needs no program, and no keys.

## What to do

Do not import or install it. Read the line that is shown; if all of it is wanted, run that by hand, and import a copy
without it.

## What this rule cannot see

What the program that is started does. Actions in functions that nothing in the file calls: see `source-has-powers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="source-acts-on-import", title="Importing the source acts on the machine", severity=Severity.HIGH, cwe=829
)


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.level == "acts" and not fact.reach:
        yield Finding(rule=_RULE, where=fact.where, message=sentence(fact), evidence=(*fact.facts, fact.use))


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
