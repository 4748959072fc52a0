"""The file holds bytes that nothing in it refers to.

A self-extracting stub, a signature block or padding stands there, or something that another program reads: a pickle in
front of a zip is loaded by one tool and never seen by the next. The bytes were read like any other file. What was found
in them is reported on its own, and if nobody knows what they are, that is a gap; so the fact itself counts for little.

## What to do

Look at what was found in them. A model file has no reason to hold any.

## What this rule cannot see

Bytes hidden inside a member, such as the lowest bits of weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Stray
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="stray-bytes",
    title="Bytes that nothing in the file refers to",
    severity=Severity.LOW,
    cwe=1113,
)

_POSITIONS: Final = {"before": "before what the file is", "between": "between its parts", "after": "after its end"}


def _detect(fact: Stray) -> Iterator[Finding]:
    message = f"{fact.size} bytes stand {_POSITIONS.get(fact.position, fact.position)}"
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Stray, detect=_detect)
