"""Loading this file calls a known callable in a way that can harm.

Some callables are needed by honest files and serve attacks as well: `getattr`, `functools.partial`, a class whose
constructor opens a file. `weighmaster.knowledge` says with which arguments, and in which way, each is safe. This call
is not one of those.

## What to do

Look at the arguments in the finding. If nothing but a path or a name of your own is in them, a waiver with a reason is
the way; otherwise do not load the file.

## What this rule cannot see

Arguments that only the loading process knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import ARGUMENTS, powers_sentence
from weighmaster.knowledge.terms import allows, known, named
from weighmaster.model.fact import Call
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="unsafe-arguments", title="Loading calls a callable in a way that can harm", severity=Severity.HIGH, cwe=502
)


def _detect(fact: Call) -> Iterator[Finding]:
    callee = named(fact.callee)
    entry = None if callee is None else known(callee)
    if entry is None or not entry.uses:
        return
    covered = entry.uses & ({"new"} if fact.opcode.startswith("NEWOBJ") else {"call"})
    if covered and not allows(entry, fact.arguments):
        shown = ", ".join(map(str, fact.arguments))
        message = f"calls {callee}({shown}); safe is only: {ARGUMENTS[entry.arguments]}"
    elif not covered and entry.powers:
        message = f"calls {callee} with {fact.opcode}, which {powers_sentence(entry.powers)}: {entry.reason}"
    else:
        return
    yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Call, detect=_detect)
