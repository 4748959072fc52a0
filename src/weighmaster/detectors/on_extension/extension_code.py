"""Loading this file looks a callable up in a registry that the file does not carry.

The opcodes EXT1, EXT2 and EXT4 name a callable by a number that `copyreg.add_extension` gave out in the process that
loads the file. Nobody can say from the file what it is. Hardly any library uses them.

## What to do

Find out who registered the number, and load the file nowhere else.

## What this rule cannot see

What is registered under the number on your machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Extension
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="extension-code", title="Loading looks up a callable by a number", severity=Severity.MEDIUM, cwe=502
)


def _detect(fact: Extension) -> Iterator[Finding]:
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"takes whatever is registered under extension code {fact.code}",
        confidence=Confidence.MEDIUM,
        evidence=(fact,),
    )


DETECTOR: Final = Detector(rule=_RULE, on=Extension, detect=_detect)
