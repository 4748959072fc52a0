"""Two indexes have a file of the same name with other bytes in it.

Which one an installer takes depends on the order in which it is told of them. Somebody built a release again under its
own name, or one of the two was replaced.

## What to do

Compare the two files, and install with a hash: then only one of them can come in.

## What this rule cannot see

Files whose digest an index does not declare.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Release

_RULE: Final = Rule(
    id="differs-elsewhere", title="Another index has other bytes under the same name", severity=Severity.MEDIUM, cwe=345
)


def _detect(fact: Release) -> Iterator[Finding]:
    for rival in fact.rivals:
        relation, index, _ = rival.split(" ", 2)
        if relation == "differs":
            message = f"{fact.name} on {fact.index} and on {index} has files of the same name with other bytes"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Release, detect=_detect)
