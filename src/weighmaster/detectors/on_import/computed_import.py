"""Loading this file imports something whose name it only works out while it is loaded.

A pickle may build the name of what it imports out of pieces: by a call, from an object's state, or so long that nobody
writes it. No library does that. It hides from every reader what will be imported.

## What to do

Do not load the file.

## What this rule cannot see

Which callable it will be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Import
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="computed-import", title="Loading imports a name that is built at load time", severity=Severity.HIGH, cwe=502
)


def _detect(fact: Import) -> Iterator[Finding]:
    if "?" in (fact.module, fact.name):
        shown = fact.dotted.replace("?", "<built at load time>")
        yield Finding(rule=_RULE, where=fact.where, message=f"imports {shown}", evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Import, detect=_detect)
