"""A configuration names a function that does harm, and its loader calls it.

Keras configurations name classes by module, Hydra has `_target_`, MLflow `loader_module`, skops `__module__`, YAML
`!!python/object/apply`. A loader that imports whatever stands there runs `os.system` as readily as a layer. The file is
text, and loading it runs code all the same.

## What to do

Do not load the file. Ask its publisher why the name is there.

## What this rule cannot see

Whether the release of the loader that you use refuses the name. Functions that nobody here has judged: those are
`configured-unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.instantiation import judgement
from weighmaster.model.fact import Instantiation
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="configured-danger",
    title="A configuration makes its loader call what does harm",
    severity=Severity.CRITICAL,
    cwe=470,
)


def _detect(fact: Instantiation) -> Iterator[Finding]:
    judged = judgement(fact.by, fact.module, fact.name)
    if judged.kind == "danger":
        given = f" with {fact.arguments}" if fact.arguments else ""
        message = f"makes {fact.by} call {fact.dotted}{given}: {judged.reason}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Instantiation, detect=_detect)
