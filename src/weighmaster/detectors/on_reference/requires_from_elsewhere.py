"""A requirement is taken from another place than the package index.

An archive at an address, an index of one's own, a host whose certificate is not checked: what is installed from there
is what that place gives out on the day, to you. An extra index is asked for every name, and the higher version wins:
whoever holds it can give out any package.

## What to do

Take the package from the usual index, pinned by hash; or vouch for the place.

## What this rule cannot see

What the place gives out. Repositories on the large hosts of source code over an encrypted connection are not reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.indexes import foreign
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="requires-from-elsewhere",
    title="A requirement comes from another place than the index",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Reference) -> Iterator[Finding]:
    why = foreign(fact.target) if fact.kind == "requirement" and fact.by == "pip" else None
    if why is not None:
        message = f"{fact.target!r} {why}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
