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
from weighmaster.knowledge.conduct import conduct, sentence
from weighmaster.model.fact import Use
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="source-can-harm",
    title="The source hides code or attacks, where it is called",
    severity=Severity.MEDIUM,
    cwe=506,
)


def _detect(fact: Use) -> Iterator[Finding]:
    found = conduct(fact)
    if found.level == "can-harm":
        yield Finding(
            rule=_RULE, where=fact.where, message=sentence(fact, found), confidence=Confidence.MEDIUM, evidence=(fact,)
        )


DETECTOR: Final = Detector(rule=_RULE, on=Use, detect=_detect)
