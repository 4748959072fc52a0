"""A list of recalls names the target: a file of it, the whole, what it was built on, or whoever signed it.

What was good once may be known as bad today: poisoned data, a hole in shipped code, a key that was lost. A publisher
says so in a list that is signed and has a date after which it does not count.

## What to do

The message gives the reason, and what to use in its place where there is something. Do not use the target.

## What this rule cannot see

Recalls in other lists, and models that were built on a recalled one and do not say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Recalled
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="recalled", title="It was recalled", severity=Severity.CRITICAL, cwe=1357)


def _detect(fact: Recalled) -> Iterator[Finding]:
    if fact.action == "block":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Recalled, detect=_detect)
