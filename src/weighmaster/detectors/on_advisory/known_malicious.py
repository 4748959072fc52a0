"""Somebody who keeps a list of malicious packages has this version on it.

Records whose name begins with `MAL-` are of packages that were made, or taken over, to do harm; installing one is
enough.

## What to do

Do not install it. If it was, take what ran it for lost: change every key that it could reach.

## What this rule cannot see

What is on no list yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.advisories import told
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Advisory

_RULE: Final = Rule(id="known-malicious", title="A package is known to be malicious", severity=Severity.HIGH, cwe=506)


def _detect(fact: Advisory) -> Iterator[Finding]:
    if fact.kind == "malicious":
        yield Finding(rule=_RULE, where=fact.where, message=told(fact), evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Advisory, detect=_detect)
