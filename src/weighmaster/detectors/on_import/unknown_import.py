"""Loading this file imports something that nobody here has judged.

A callable is known safe, known dangerous, or not known. What is not known is not safe: lists of bad names have been
bypassed time and again with one that was missing. So the file waits for a person.

## What to do

Find out whose callable it is. If you trust it, name it under `allow` in the configuration, or ask for a file that does
without it (safetensors, a `state_dict` instead of a whole model).

## What this rule cannot see

Whether the module that is imported when the file is loaded is the one its author meant. Test data of a package that
imports the package's own classes is a rule of its own: `tests-unpickle-own-class`.

## References

- <https://docs.python.org/3/library/pickle.html#restricting-globals>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import look_up
from weighmaster.knowledge.packages.own import of_own_tests
from weighmaster.model.fact import Import
from weighmaster.model.finding import Confidence, Finding, Rule, Severity

_RULE: Final = Rule(
    id="unknown-import", title="Loading imports a callable that is not known", severity=Severity.MEDIUM, cwe=502
)


def _detect(fact: Import) -> Iterator[Finding]:
    if "?" in (fact.module, fact.name) or of_own_tests(fact):
        return
    entry = look_up(fact.module, fact.name)
    if entry is None or not (entry.powers or entry.uses):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"imports {fact.dotted}, which is not known to be safe",
            confidence=Confidence.MEDIUM,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Import, detect=_detect)
