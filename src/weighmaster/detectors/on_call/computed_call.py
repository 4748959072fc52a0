"""Loading this file calls something that the file itself put together.

What a pickle calls is a class or a function by its name. A file that calls the result of another call (what `getattr`
gave, a function made of bytecode, an object from outside) hides what it calls. Where the steps can be followed, the
message says what they come to.

## What to do

Do not load the file.

## What this rule cannot see

What is called where the steps depend on the machine that loads the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import powers_sentence
from weighmaster.knowledge.terms import allows, canonical, known, named, resolve
from weighmaster.model.fact import Call
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="computed-call", title="Loading calls what the file put together", severity=Severity.CRITICAL, cwe=502
)


def _detect(fact: Call) -> Iterator[Finding]:
    if named(fact.callee) is not None:
        return
    name = resolve(fact.callee)
    entry = None if name is None else known(name)
    if entry is not None and "call" in entry.uses and allows(entry, fact.arguments):
        return
    if name is None:
        message = f"calls {fact.callee}, which it built itself"
    elif entry is not None and entry.powers:
        message = f"calls {fact.callee}: that is {canonical(name)}, which {powers_sentence(entry.powers)}"
    else:
        message = f"calls {fact.callee}: that is {canonical(name)}"
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Call, detect=_detect)
