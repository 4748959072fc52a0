"""A function of this source, or running it as a program, does what no model needs.

It runs what it decodes or fetches, joins a shell to a connection, sends keys or the whole environment away, mines
coins, or writes itself to where it will be started again. Nothing in the file does so on import; whoever calls the
function does.

## What to do

Read the function. Do not run the program before you have.

## What this rule cannot see

Who calls the function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="source-can-harm",
    title="The source hides code or attacks, where it is called",
    severity=Severity.MEDIUM,
    cwe=506,
)


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.level == "can-harm":
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=sentence(fact),
            confidence=Confidence.MEDIUM,
            evidence=(*fact.facts, fact.use),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
