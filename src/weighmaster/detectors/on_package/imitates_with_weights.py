"""A package that poses as another project carries the files of a model.

It takes the namespace, the home or nearly the name of a library that everybody knows, and brings weights: loading them
runs what the package's author put there. Fake kits for Alibaba's services carried PyTorch models with a program that
stole data (ReversingLabs, May 2025).

## What to do

Do not install the package, and do not load the model.

## What this rule cannot see

Weights in bytes that no reader knows; those are told as unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.packages.namespaces import carried_model, poses
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Package

_RULE: Final = Rule(
    id="imitates-with-weights",
    title="A package that poses as another carries a model",
    severity=Severity.HIGH,
    cwe=506,
)


def _detect(package: Package) -> Iterator[Finding]:
    # Most packages carry none, and to compare names takes a table of them.
    model = carried_model(package)
    how = poses(package) if model is not None else ""
    if how and model is not None:
        message = f"{package.distribution.name} {how}, and carries a model ({', '.join(model.formats)})"
        yield Finding(rule=_RULE, where=model.where, message=message, evidence=evidence(package, model))


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
