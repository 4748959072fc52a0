"""An advisory names this version of a package.

The advisories are those that the user handed over (`--advisories`): what pip-audit or `uv audit` found, or a copy of
the database of OSV.

## What to do

Take a version that the advisory does not name. Where there is none, read whether what is vulnerable is used at all.

## What this rule cannot see

Whether the vulnerable code is reached. What the advisories do not know; how old they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.advisories import told
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Advisory

_RULE: Final = Rule(
    id="known-vulnerable", title="A package is known to be vulnerable", severity=Severity.MEDIUM, cwe=1395
)


def _detect(fact: Advisory) -> Iterator[Finding]:
    if fact.kind == "vulnerable":
        yield Finding(rule=_RULE, where=fact.where, message=told(fact), evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Advisory, detect=_detect)
