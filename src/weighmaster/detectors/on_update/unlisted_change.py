"""Loading this file fills an object in a way that is not known to be safe.

BUILD hands a state to the object's `__setstate__`, SETITEM goes through its `__setitem__`, APPEND through its `append`
or `extend`. Where a class has such methods of its own and nobody has judged them, the file waits for a person.

## What to do

Find out which version of which library wrote the file; name the class under `allow` in the configuration if you trust
it.

## What this rule cannot see

What the method does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import Entry
from weighmaster.knowledge.terms import allows, class_of, known
from weighmaster.model.fact import Update
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.term import Group, Made

_RULE: Final = Rule(
    id="unlisted-change", title="Loading fills an object in a way not known to be safe", severity=Severity.MEDIUM,
    cwe=502,
)  # fmt: skip
_USES: Final = {"BUILD": "build", "SETITEMS": "items", "APPENDS": "extend", "ADDITEMS": "extend"}


def _detect(fact: Update) -> Iterator[Finding]:
    if not isinstance(fact.target, Made):
        return
    name = class_of(fact.target)
    entry = None if name is None else known(name)
    if entry is None or not entry.uses or _covers(entry, fact):
        return
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"{fact.opcode} on {name}; known safe is only: {', '.join(sorted(entry.uses))}",
        confidence=Confidence.MEDIUM,
        evidence=(fact,),
    )


def _covers(entry: Entry, fact: Update) -> bool:
    if _USES[fact.opcode] not in entry.uses:
        return False
    # functools.partial takes its callable from its state: (function, arguments, keywords, attributes).
    return entry.arguments != "callable-first" or not isinstance(fact.value, Group) or allows(entry, fact.value.items)


DETECTOR: Final = Detector(rule=_RULE, on=Update, detect=_detect)
