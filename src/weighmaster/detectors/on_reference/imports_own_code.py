"""Loading this file imports Python code that the model brings.

An MLflow model may bring a folder `code`, a TorchServe archive its handler. These loaders ask nobody: they put the code
on their path and import it, before or while they read the weights. Whatever that code does, it does with the rights of
whoever loads the model.

## What to do

Read the code that the finding names before you load the model, or ask for one that a loader's own classes read.

## What this rule cannot see

What the code does, and code that a loader imports only where it is told to trust it: other rules read both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import leads_out
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="imports-own-code", title="Loading imports code that the model brings", severity=Severity.MEDIUM, cwe=829
)

_UNASKED: Final = frozenset({"mlflow", "torchserve"})
"""Loaders that import the code of a model without being told to."""


def _detect(fact: Reference) -> Iterator[Finding]:
    # What leads out of the folder is another rule's, and worse.
    if fact.kind == "code" and fact.by in _UNASKED and leads_out(fact.target) is None:
        message = f"{fact.by} imports {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
