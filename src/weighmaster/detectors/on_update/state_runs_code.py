"""Loading this file hands an object a state that the object runs as code.

The distributions of scipy.stats keep the source of three functions in their state (`_parse_arg_template`) and run it
when they are unpickled. Scipy writes there nothing but these functions. This file writes something else, so unpickling
it runs that: no import and no call of the file itself shows it.

## What to do

Do not load the file.

## What this rule cannot see

Other classes that run parts of their state: a class whose `__setstate__` nobody has judged is `unlisted-change`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.templates import KEY, is_scipys, template
from weighmaster.model.fact import Update
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.term import Constant

_RULE: Final = Rule(
    id="state-runs-code", title="Loading runs a part of a state as code", severity=Severity.CRITICAL, cwe=94
)


def _detect(fact: Update) -> Iterator[Finding]:
    if fact.opcode not in {"BUILD", "SETITEMS"}:
        return
    text = template(fact.value)
    if text is not None and not is_scipys(text):
        shown = text.text[:200] if isinstance(text, Constant) else str(text)
        message = f"sets {KEY} of {fact.target} to {shown!r}, which scipy.stats runs"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Update, detect=_detect)
