"""Loading or running this model loads a library of machine code that it names.

Custom operators, delegates and plug-ins come as shared libraries. Whatever such a library does when it is loaded, it
does with the rights of whoever runs the model; nobody can tell from the model what that is.

## What to do

Find out who builds the library and get it from there. If the model can be exported without it, ask for that.

## What this rule cannot see

What the library does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="native-library", title="The model has a native library loaded", severity=Severity.HIGH, cwe=829)


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.kind == "library":
        message = f"{fact.by} loads the library {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
