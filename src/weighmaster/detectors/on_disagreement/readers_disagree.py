"""Two programs that read this container see different things in it.

An archive tells the same thing twice: in a directory and in the headers before the data, in a length and in the data
itself. Tools differ in which they believe. When the two do not agree, a scanner and the program that loads the file may
look at different bytes, and the file was built to make them do so: tools that pack archives do not write such files.

## What to do

Do not load the file. Unpack it with the tool that you trust, look at what came out, and pack it again; or ask its
publisher for another copy.

## What this rule cannot see

Differences that only the loader of one particular program sees. Each reading that is known here was read, and what was
found in it is reported on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.disagreements import REFUSED, SERVED, UNTIDY
from weighmaster.model.fact import Disagreement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="readers-disagree",
    title="Two readers of the container see different things",
    severity=Severity.HIGH,
    cwe=436,
)


def _detect(fact: Disagreement) -> Iterator[Finding]:
    if fact.kind not in REFUSED | UNTIDY | SERVED:
        yield Finding(rule=_RULE, where=fact.where, message=f"readers disagree: {fact.detail}", evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Disagreement, detect=_detect)
