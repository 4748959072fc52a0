"""Loading this file imports a callable that climbs or meddles.

Some callables do no harm by themselves, but reach others by name (`getattr`, `vars`), put callables together
(`map`, `operator.methodcaller`), or change the process that loads the file (signals, registries, the garbage
collector). Published attacks are made of such parts. Files that libraries write use few of them, and only in ways that
`weighmaster.knowledge` lists as safe.

## What to do

Look at what the file does with the callable: `weighmaster explain` shows the place. If it is your own and you vouch for
it, name it under `allow` in the configuration.

## What this rule cannot see

What the parts compose to, where that depends on the machine that loads the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import HARMFUL, look_up, powers_sentence
from weighmaster.model.fact import Import
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="meddling-import", title="Loading imports a callable that climbs or meddles", severity=Severity.HIGH, cwe=502
)


def _detect(fact: Import) -> Iterator[Finding]:
    entry = look_up(fact.module, fact.name)
    if entry is None or entry.uses or not entry.powers or entry.powers & HARMFUL:
        return
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"imports {fact.dotted}, which {powers_sentence(entry.powers)}: {entry.reason}",
        evidence=(fact,),
    )


DETECTOR: Final = Detector(rule=_RULE, on=Import, detect=_detect)
