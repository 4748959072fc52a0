"""A few bytes in this file unpack to very many.

Real weights hardly compress: a member that unpacks to hundreds of times its size is zeros, or a trap for whatever
unpacks it. It harms by filling memory or a disk, and it runs no code: so the file needs a look and is not refused.

## What to do

Do not unpack it on a machine that matters. If the size is meant (a table of zeros), ask for a file that says so in its
header instead, such as safetensors.

## What this rule cannot see

Whether the program that loads the file stops in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Expansion
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="expansion-bomb",
    title="A few bytes unpack to very many",
    severity=Severity.MEDIUM,
    cwe=409,
)


def _detect(fact: Expansion) -> Iterator[Finding]:
    message = f"{fact.packed} bytes unpack to {fact.unpacked} or more"
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Expansion, detect=_detect)
