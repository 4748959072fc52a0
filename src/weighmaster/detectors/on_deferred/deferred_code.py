"""Code in this file runs without being called, or a function in it would do harm if it were.

An honest file keeps the arguments of functions that were called, some of them unevaluated, and the functions of the
model itself. A promise anywhere else, or a function that R calls when a session starts, was put there. A function that
starts programs is no part of a model.

## What to do

Read the code before you load the file.

## What this rule cannot see

Functions that do harm by means other than R's own functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.rlang import acting
from weighmaster.model.fact import Deferred
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(id="deferred-code", title="Code that runs without being called", severity=Severity.MEDIUM, cwe=502)
_PLANTED: Final = {
    "use": "an expression runs when its value is looked at",
    "start": "a function runs when a session starts",
    "end": "a function runs when a session ends",
}
_WORST: Final = frozenset({"process", "native", "network"})


def _detect(fact: Deferred) -> Iterator[Finding]:
    said = _PLANTED.get(fact.trigger)
    if said is None:
        worst = {f.name for f in acting(fact.calls, (*fact.names, *fact.texts)) if f.named and f.power in _WORST}
        if not worst or fact.trigger != "call":
            return
        said = f"a function uses {', '.join(sorted(worst)[:5])}"
    message = f"{fact.language}: {said}"
    yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Deferred, detect=_detect)
