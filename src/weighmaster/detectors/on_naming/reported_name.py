"""A package has a name under which hostile code was published.

Such names come back: they are registered again after they were taken down, they stand in mirrors and old images, and
the mistake that made them worth taking is made again. What lies under a name today was not looked at.

## What to do

Take the package that is meant. If the name was installed anywhere, treat that machine as if the code that is reported
had run there, and follow the report that the finding names.

## What this rule cannot see

Reports that its table does not have; the table is short, and holds what concerns machine learning. For all others, give
`vet` a copy of an advisory database.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.naming import Naming

_RULE: Final = Rule(
    id="reported-name",
    title="A package of a name under which hostile code was published",
    severity=Severity.HIGH,
    cwe=506,
)


def _detect(fact: Naming) -> Iterator[Finding]:
    if fact.role not in {"is", "wants"}:
        return
    from weighmaster.knowledge.names.names import reported
    from weighmaster.knowledge.names.naming import at
    from weighmaster.knowledge.names.normal import normal

    found = reported().get(normal(fact.name))
    if found is not None:
        meant, source = found
        posing = f", posing as {meant!r}" if meant else ""
        message = f"{at(fact)}hostile code was published as {fact.name!r}{posing} ({source})"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.HIGH, evidence=(fact.said,))


DETECTOR: Final = Detector(rule=_RULE, on=Naming, detect=_detect)
