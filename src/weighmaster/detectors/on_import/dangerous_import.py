"""Loading this file imports a callable that can harm.

A pickle names the callables it wants, and the loader imports them before anybody can object. When one of them runs
code, starts processes, opens files, reaches the network or loads another artifact, whoever wrote the file has that
power on the machine that loads it. What each callable can do is written down in `weighmaster.knowledge`.

## What to do

Do not load the file. Ask its publisher for a safetensors export. If the callable is your own and you vouch for it, name
it under `allow` in the configuration.

## What this rule cannot see

Callables that no table knows: those are `unknown-import`. Names that the file builds at load time out of pieces: those
are `computed-import` and `computed-call`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.callables import HARMFUL, look_up, powers_sentence
from weighmaster.knowledge.packages.own import of_own_tests
from weighmaster.model.fact import Import
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="dangerous-import", title="Loading imports a callable that can harm", severity=Severity.CRITICAL, cwe=502
)


def _detect(fact: Import) -> Iterator[Finding]:
    entry = look_up(fact.module, fact.name)
    if entry is None or entry.uses or not entry.powers & HARMFUL:
        return
    if entry.name == f"{fact.module.partition('.')[0]}.*" and of_own_tests(fact):
        return  # All that a package brings is held for able of what a part of it can do; to itself it is no stranger.
    known_as = "" if entry.name == fact.dotted else f" (that is {entry.name})"
    yield Finding(
        rule=_RULE,
        where=fact.where,
        message=f"imports {fact.dotted}{known_as}, which {powers_sentence(entry.powers)}: {entry.reason}",
        evidence=(fact,),
    )


DETECTOR: Final = Detector(rule=_RULE, on=Import, detect=_detect)
