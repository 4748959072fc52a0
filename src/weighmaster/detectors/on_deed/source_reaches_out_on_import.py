"""Importing this source reaches the network, loads machine code, runs text as source, or changes what other code calls.

There are reasons for each: a kernel that is built when it is first needed, a table that is fetched, a class that is
written as text. None of them has to happen at import, and each of them can do harm that this file does not show.

## What to do

Read the line that is shown, and what it leads to.

## What this rule cannot see

What comes over the network, what the machine code does, what the text is that is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import is_load, sentence
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="source-reaches-out-on-import",
    title="Importing the source reaches outside of it",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.level == "touches" and not is_load(fact):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=sentence(fact),
            confidence=Confidence.MEDIUM,
            evidence=(*fact.facts, fact.use),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
