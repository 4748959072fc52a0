"""Source loads a library of operators by its path.

That is `torch.ops.load_library`, `tf.load_op_library`, `register_custom_ops_library`, a delegate of TensorFlow Lite. A
library runs as the program does. Models with operators of their own bring such libraries.

## What to do

Know where the library comes from, and that it is the one that was built: compare its digest.

## What this rule cannot see

What the library does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="loads-native-operators", title="Source loads machine code for a model", severity=Severity.LOW, cwe=829
)


def _detect(fact: Load) -> Iterator[Finding]:
    if fact.kind == "native" and not is_test(path_of(fact.where)):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)} loads machine code",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
