"""The same model lies here in two formats, and the numbers differ.

Publishers keep `pytorch_model.bin` beside `model.safetensors` for older programs. Which of the two a loader takes
depends on its release and its options; so a poisoned copy beside a clean one is loaded by some and looked at by nobody.
Copies that grew apart by accident look the same.

## What to do

Ask the publisher which one is meant, and delete the other. Compare with an earlier commit of the repository.

## What this rule cannot see

Copies of another precision, tensors whose elements do not stand one after the other, and formats other than safetensors
and PyTorch's zip.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Comparison
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="two-formats-differ",
    title="The same model in two formats, with other numbers",
    severity=Severity.MEDIUM,
    cwe=345,
)


def _detect(fact: Comparison) -> Iterator[Finding]:
    if fact.unlike:
        total = fact.equal + fact.unlike + fact.alone
        message = f"{fact.unlike} of {total} tensors hold other numbers than those of {fact.other}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Comparison, detect=_detect)
