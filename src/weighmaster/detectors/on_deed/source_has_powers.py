"""The source can start programs, run text as code or load machine code, as most programs can.

It is in a function, or where it is run as a program, and nothing is hidden. Training scripts ask git for a commit,
models load a kernel, tools evaluate an expression.

## What to do

Nothing, unless the file is to run with rights or data that matter: then read the lines that are shown.

## What this rule cannot see

What the functions are called with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(id="source-has-powers", title="The source could act on the machine", severity=Severity.LOW, cwe=829)


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.level == "has-powers":
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=sentence(fact),
            confidence=Confidence.MEDIUM,
            evidence=(*fact.facts, fact.use),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
