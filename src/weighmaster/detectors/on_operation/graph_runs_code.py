"""The model's graph has an operator that runs code.

`PyFunc` of TensorFlow, a `Python` layer of Caffe, `PyOp` of ONNX Runtime: such an operator names a Python function or a
module, which whatever runs the graph imports and calls. Some are dead without the process that made them; none belongs
into a model that is handed on.

## What to do

Do not load the file. Ask its publisher for one that is exported without it.

## What this rule cannot see

Whether the function that is named exists where the model runs, and what it does.
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
    id="graph-runs-code", title="An operator of the graph runs code", severity=Severity.CRITICAL, cwe=94
)
_POWERS: Final = frozenset({"code", "process", "import"})
_LONGEST: Final = 200


def _detect(fact: Operation) -> Iterator[Finding]:
    known = operator(fact.dialect, fact.name)
    if known is None or known.power not in _POWERS or not known.acts(fact.detail):
        return
    given = f" with {fact.detail[:_LONGEST]!r}" if fact.detail else ""
    message = f"the {fact.dialect} operator {fact.name}{given} {POWERS[known.power]}: {known.reason}"
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Operation, detect=_detect)
