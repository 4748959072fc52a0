"""The model's own code reads or writes files, or reaches another machine.

TorchScript carries the source of the model's functions. Most operators compute with tensors; a few take a file's name.
`aten::from_file` with `shared=True` creates the file or overwrites it, without it the file's content becomes a tensor
that the model may return. In `__setstate__` this happens when the model is loaded, elsewhere when it is first called.

## What to do

Do not load the file. A model has no reason to open files: its weights are in the archive.

## What this rule cannot see

What operators of other native libraries do: see torchscript-unknown-operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.operators import METHODS, TOUCHES
from weighmaster.model.fact import Operation
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="torchscript-touches-files",
    title="The model's code reaches files or other machines",
    severity=Severity.HIGH,
    cwe=73,
)


def _detect(fact: Operation) -> Iterator[Finding]:
    operator = _operator(fact.name) if fact.dialect == "torchscript" else ""
    if power := TOUCHES.get(operator):
        yield Finding(rule=_RULE, where=fact.where, message=f"uses {operator}, which {power}", evidence=(fact,))


def _operator(name: str) -> str:
    """Return the operator of a name as the source spells it."""
    match name.split("."):
        case ["torch", operator, *_]:
            return f"aten::{operator}"
        case ["ops", namespace, operator, *_]:
            return f"{namespace}::{operator}"
        case ["value", method]:
            return METHODS.get(method, "")
        case _:
            return ""


DETECTOR: Final = Detector(rule=_RULE, on=Operation, detect=_detect)
