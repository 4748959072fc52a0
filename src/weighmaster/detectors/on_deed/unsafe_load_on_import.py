"""Importing this package unpickles a file, before anybody asks for a model.

A pickle runs what it names. Here `torch.load` without `weights_only=True`, `pickle.load`, `joblib.load` or another of
their kind is called outside of functions, or in a function that the import calls, so whoever imports the package, or
starts a program that does, runs what is in the file. The message shows the files that lead to the call.

## What to do

Look at what is said of the file that is loaded. Ask the publisher for weights in safetensors, and for a load that waits
until it is called.

## What this rule cannot see

Which file is loaded, where its name is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import is_load, sentence
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="unsafe-load-on-import", title="Importing the package unpickles a file", severity=Severity.MEDIUM, cwe=502
)


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.level == "touches" and is_load(fact):
        message = sentence(fact)
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=message,
            confidence=Confidence.MEDIUM,
            evidence=(*fact.facts, fact.use),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
