"""Loading this file changes an object that it did not build.

BUILD, SETITEM and APPEND fill the object that stands on the stack. Honest files fill what they made a moment before.
A file that fills a class, a module, a module's dictionary or a registry changes the process that loads it: a method is
replaced, and the next harmless call runs the attacker's choice.

## What to do

Do not load the file.

## What this rule cannot see

Objects that the loader's own `persistent_load` hands out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Update
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.term import Handle, Name, Unknown

_RULE: Final = Rule(
    id="live-object-changed", title="Loading changes an object that the file did not build", severity=Severity.HIGH,
    cwe=915,
)  # fmt: skip
_HANDS: Final = {"BUILD": "sets the state of", "SETITEMS": "sets items of"}


def _detect(fact: Update) -> Iterator[Finding]:
    if isinstance(fact.target, (Name, Handle, Unknown)):
        keys = f" ({', '.join(map(str, fact.keys))})" if fact.keys else ""
        message = f"{_HANDS.get(fact.opcode, 'adds items to')} {fact.target}{keys}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Update, detect=_detect)
