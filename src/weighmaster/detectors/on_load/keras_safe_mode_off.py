"""Source loads a Keras model with `safe_mode=False`, or turns safe mode off for all (`enable_unsafe_deserialization`).

A model may then bring Python code, which runs when it is loaded (`Lambda` layers).

## What to do

Leave `safe_mode` as it is. Where a model needs a `Lambda`, register a function of your own under its name.

## What this rule cannot see

Where the file comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, option, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="keras-safe-mode-off", title="A Keras model may run code when it is loaded", severity=Severity.LOW, cwe=502
)


def _detect(fact: Load) -> Iterator[Finding]:
    off = option(fact, "safe_mode") == "False" or fact.loader.endswith("enable_unsafe_deserialization")
    if fact.kind == "keras" and off and not is_test(path_of(fact.where)):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: code in the model will run",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
