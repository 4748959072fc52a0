"""The model's graph uses an operator that its framework does not have.

Such a model only runs where a native library registers the operator, and then does whatever that library does. Custom
operators are common and mostly harmless; but nobody can tell from the file. Operators of the framework that run native
code, or end the process, are told here, too.

## What to do

Find out which library registers the operator, and whether you trust it.

## What this rule cannot see

Whether a library that is installed replaces an operator of the framework's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import POWERS
from weighmaster.knowledge.graphs import is_judged, operator
from weighmaster.model.fact import Operation
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="unknown-operator",
    title="The graph needs an operator that nobody here vouches for",
    severity=Severity.MEDIUM,
    cwe=829,
)
_LONGEST: Final = 120
_WATCHED: Final = frozenset({"native", "control"})
"""Powers of known operators that a person should know of, and that are no reason to refuse."""


def _detect(fact: Operation) -> Iterator[Finding]:
    known = operator(fact.dialect, fact.name)
    if known is not None and known.power in _WATCHED and known.acts(fact.detail):
        message = f"the {fact.dialect} operator {fact.name} {POWERS[known.power]}: {known.reason}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))
    elif known is None and is_judged(fact.dialect):
        message = f"no release of {fact.dialect} that is known here has the operator {fact.name[:_LONGEST]!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Operation, detect=_detect)
