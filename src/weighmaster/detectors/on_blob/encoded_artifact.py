"""A text carries something that a loader could take, in a code that hides it from most who look.

A pickle, an archive or a program stands in Base64, in hexadecimal, in a list of numbers. Packages do that to ship a
small file inside a module, and attacks to ship a large one past a scanner. What comes out was read like any other
file: what is wrong with it is said at its place. That it is there is no reproach.

## What to do

Look at what was found in it. If nothing was, ask why it is not a file.

## What this rule cannot see

Codes of somebody's own making, and pieces that only running code puts together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Blob

_RULE: Final = Rule(id="encoded-artifact", title="A text carries an encoded artifact", severity=Severity.NOTE, cwe=506)
_OTHERS: Final = frozenset({"encrypted", "opaque", "random", "unknown"})


def _detect(fact: Blob) -> Iterator[Finding]:
    if fact.form not in _OTHERS:
        message = f"{fact.size} characters stand for something that a loader could take ({fact.detail})"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Blob, detect=_detect)
