"""A package carries a model, and the releases that it is held against carry none.

Weights in a package are loaded by its own code, from where nobody looks for models. A release that starts to bring them
was changed in kind.

## What to do

Ask the project where the weights are from. Load them only if the model itself may come in: it is vetted like any other.

## What this rule cannot see

Models that take the place of others, and weights in files that no reader knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Change

_RULE: Final = Rule(
    id="release-adds-model", title="The release brings a model, and others do not", severity=Severity.MEDIUM, cwe=829
)


def _detect(fact: Change) -> Iterator[Finding]:
    if fact.kind == "model":
        message = f"{fact.name} brings a model ({fact.detail}), and {fact.other} does not"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Change, detect=_detect)
