"""The model's graph has an operator that reads or writes files, or reaches another machine.

A graph computes with numbers; its weights are in the model. An operator that opens a file takes the name from the
graph, works with the rights of whoever runs the model, and what it reads may leave through the model's output. Some run
when the model is loaded, the others when it is first called. What a saved model needs for saving and restoring itself
is left alone as long as the one who runs it says where to.

## What to do

Do not load the file. Ask its publisher for one that is exported without it, and without the steps that read its input.

## What this rule cannot see

What operators of other native libraries do: see unknown-operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import POWERS
from weighmaster.knowledge.graphs import operator
from weighmaster.model.fact import Operation
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="graph-touches-files",
    title="An operator of the graph reaches files or other machines",
    severity=Severity.HIGH,
    cwe=73,
)
_POWERS: Final = frozenset({"read", "write", "network", "load"})
_LONGEST: Final = 200


def _detect(fact: Operation) -> Iterator[Finding]:
    known = operator(fact.dialect, fact.name)
    if known is None or known.power not in _POWERS or not known.acts(fact.detail):
        return
    given = f" with {fact.detail[:_LONGEST]!r}" if fact.detail else ""
    message = f"the {fact.dialect} operator {fact.name}{given} {POWERS[known.power]}: {known.reason}"
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Operation, detect=_detect)
