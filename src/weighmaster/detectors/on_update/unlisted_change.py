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
from weighmaster.knowledge.templates import is_scipys, template
from weighmaster.knowledge.terms import allows, class_of, holds_only_what_may_be_held, known
from weighmaster.model.fact import Update
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.term import Group, Made, Name

_RULE: Final = Rule(
    id="unlisted-change", title="Loading fills an object in a way not known to be safe", severity=Severity.MEDIUM,
    cwe=502,
)  # fmt: skip
_DOES: Final = {
    "BUILD": "restores the state of",
    "SETITEMS": "sets items of",
    "APPENDS": "adds items to",
    "ADDITEMS": "adds items to",
}
_USES: Final = {"BUILD": "build", "SETITEMS": "items", "APPENDS": "extend", "ADDITEMS": "extend"}


def _detect(fact: Update) -> Iterator[Finding]:
    if not isinstance(fact.target, Made):
        return
    name = class_of(fact.target)
    entry = None if name is None else known(name)
    if name is None or entry is None or not entry.uses or _covers(entry, fact) or _is_distribution(name, fact):
        return
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"{_DOES[fact.opcode]} {name} in a way of its own ({fact.opcode}), which nobody here has judged",
        confidence=Confidence.MEDIUM,
        evidence=(fact,),
    )


def _covers(entry: Entry, fact: Update) -> bool:
    if fact.words and "words" in entry.uses:
        return True
    if _USES[fact.opcode] not in entry.uses or not holds_only_what_may_be_held(fact.value):
        return False
    # functools.partial takes its callable from its state: (function, arguments, keywords, attributes).
    return entry.arguments != "callable-first" or not isinstance(fact.value, Group) or allows(entry, fact.value.items)


def _is_distribution(name: Name, fact: Update) -> bool:
    """Whether a distribution of scipy.stats gets its own template, which is all that its `__setstate__` runs."""
    text = template(fact.value) if fact.opcode == "BUILD" and name.module.startswith("scipy.stats.") else None
    return text is not None and is_scipys(text)


DETECTOR: Final = Detector(rule=_RULE, on=Update, detect=_detect)
