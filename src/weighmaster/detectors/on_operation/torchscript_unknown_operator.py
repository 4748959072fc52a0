"""The model's code uses operators or classes of a native library that is not part of PyTorch.

Such a model only loads where that library is, and does whatever the library does. Custom kernels are common and mostly
harmless; but nobody can tell from the file.

## What to do

Find out which library registers the operator, and whether you trust it.

## What this rule cannot see

Whether a library that is installed replaces an operator of PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.operators import CLASSES, NAMESPACES
from weighmaster.model.fact import Operation
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="torchscript-unknown-operator",
    title="The model's code needs a native library that nobody here knows",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Operation) -> Iterator[Finding]:
    match fact.name.split(".") if fact.dialect == "torchscript" else ():
        case ["ops", namespace, *_] if namespace not in NAMESPACES:
            message = f"uses an operator of the library {namespace!r}"
        case ["classes", namespace, *_] if namespace not in CLASSES:
            message = f"uses a class of the library {namespace!r}"
        case _:
            return
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Operation, detect=_detect)
