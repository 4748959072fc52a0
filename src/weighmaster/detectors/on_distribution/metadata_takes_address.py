"""The metadata of a package asks for another one by its address.

Whoever installs the package installs that as well, from a place that no index looks at. Package indexes refuse such
metadata: a package that has it was handed on in another way.

## What to do

Look at what lies at the address. Take the package from an index, or vet both.

## What this rule cannot see

What lies at the address. What the package fetches once it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Distribution

_RULE: Final = Rule(
    id="metadata-takes-address",
    title="A package asks for another by its address",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Distribution) -> Iterator[Finding]:
    if fact.by != "metadata" or not any("@" in words for words in fact.requires):
        return
    from weighmaster.reading.dependencies.wanted import Stand, dependency

    for words in fact.requires:
        wanted = dependency(words, Stand(where=fact.where, by=fact.by))
        if wanted is not None and wanted.source != "index":
            message = f"{fact.name} asks for {wanted.name} from {wanted.target}"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Distribution, detect=_detect)
