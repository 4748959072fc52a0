"""Code in this file runs without being called, and does harm.

R keeps unevaluated arguments as promises: an expression, and where to evaluate it. A file may hold a promise in any
place, and R runs the expression as soon as anybody looks at the value, with `print` or `summary` or by loading a
workspace (CVE-2024-27322). A binding may be active, so that a function runs whenever it is read; and R calls the
functions `.First` and `.Last` of a workspace when a session starts or ends.

## What to do

Do not load the file. R 4.4.0 and later refuse some of these, and not all.

## What this rule cannot see

What functions do that are not R's own. Code that is put together while it runs, in an argument of a function that was
called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.rlang import acting
from weighmaster.model.fact import Deferred
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="deferred-harm", title="Code that does harm runs without being called", severity=Severity.CRITICAL, cwe=502
)
_WHEN: Final = {
    "use": "when its value is looked at",
    "argument": "when an argument is looked at",
    "read": "when a binding is read",
    "start": "when a session starts",
    "end": "when a session ends",
}
_AT_HOME: Final = frozenset({"argument", "read"})
"""Triggers that honest files have: there, only what serves nothing else is harm."""

_SESSION: Final = frozenset({"start", "end"})
"""Triggers of functions that people write for themselves, to load packages and to set options."""
_HARM: Final = frozenset({"process", "code", "network", "write", "native"})


def _detect(fact: Deferred) -> Iterator[Finding]:
    when = _WHEN.get(fact.trigger)
    if when is None:
        return
    found = list(acting(fact.calls, (*fact.names, *fact.texts)))
    if fact.trigger in _AT_HOME:
        found = [function for function in found if function.named]
    elif fact.trigger in _SESSION:
        found = [function for function in found if function.named or function.power in _HARM]
    if found:
        names = ", ".join(sorted({f"{function.name} ({function.reason})" for function in found})[:5])
        message = f"{fact.language} code runs {when}, and uses {names}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Deferred, detect=_detect)
