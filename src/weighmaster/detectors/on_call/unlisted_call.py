"""Loading this file calls something that is only known to be safe to hold.

A class may be safe to rebuild (`cls.__new__` and its state) although nobody has looked at what its constructor does. A
file that calls it otherwise than the library itself would waits for a person.

## What to do

Find out which version of which library wrote the file. If that library really writes such calls, tell us; meanwhile
name the callable under `allow` in the configuration.

## What this rule cannot see

What the constructor does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.terms import known, named
from weighmaster.model.fact import Call
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="unlisted-call", title="Loading calls what is only known safe to hold", severity=Severity.MEDIUM, cwe=502
)


def _detect(fact: Call) -> Iterator[Finding]:
    callee = named(fact.callee)
    entry = None if callee is None else known(callee)
    if entry is None or not entry.uses or entry.powers:
        return
    # INST and OBJ of a class without arguments go through __new__, as NEWOBJ does (Lib/pickle.py, _instantiate).
    bare = fact.opcode in {"INST", "OBJ"} and not fact.arguments
    wanted = {"new"} if fact.opcode.startswith("NEWOBJ") else {"call", "new"} if bare else {"call"}
    if not entry.uses & wanted:
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"calls {callee} ({fact.opcode}), which is only known to be safe to hold and to restore",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Call, detect=_detect)
