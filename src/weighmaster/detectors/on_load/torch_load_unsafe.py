"""`torch.load` is told to take any pickle.

That is `weights_only=False`, or another module to read with than its own (`pickle_module`).

Such a file runs what it likes when it is loaded. Since torch 2.6 that is not so unless a program asks for it.

## What to do

Leave `weights_only` out, or set it to `True`; allow what else the file needs with
`torch.serialization.add_safe_globals`. Better: store weights as safetensors (`weighmaster convert`).

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
    id="torch-load-unsafe", title="A file of weights may run code when it is loaded", severity=Severity.LOW, cwe=502
)


def _detect(fact: Load) -> Iterator[Finding]:
    if fact.kind != "checkpoint" or is_test(path_of(fact.where)):
        return
    module = option(fact, "pickle_module")
    if option(fact, "weights_only") == "False":
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: weights_only=False takes any pickle",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )
    elif module not in {"", "None", "?", "pickle"}:
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)} reads with {module}, which takes any pickle",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
