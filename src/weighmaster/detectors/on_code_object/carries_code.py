"""This file carries compiled Python code.

A constant of the file is a marshalled code object: bytecode that needs only one more step to run. Model files have no
use for it.

## What to do

Do not load the file.

## What this rule cannot see

Code that is encrypted or encoded in a way of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import CodeObject
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="carries-code", title="A constant is compiled Python code", severity=Severity.HIGH, cwe=506)


def _detect(fact: CodeObject) -> Iterator[Finding]:
    yield Finding(rule=_RULE, where=fact.where, message=f"carries a code object ({fact.form})", evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=CodeObject, detect=_detect)
