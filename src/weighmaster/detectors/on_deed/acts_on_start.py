"""Once this package is installed, programs run its code that never import it.

A path file (`.pth`) in `site-packages` is read each time an interpreter starts, and its lines that begin with `import`
are run; `sitecustomize` and `usercustomize` are imported; pytest, torch and vLLM import what packages offer to them.
Here that code starts programs, hides what it runs, or takes secrets away. The message shows the files that lead to it.

## What to do

Do not install the package. Where it is installed, remove it from another interpreter than the one it lives in, and
change what keys that machine has.

## What this rule cannot see

What the program that is started does. Code that is imported by a name that is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="acts-on-start", title="Installing the package has each start of Python act", severity=Severity.CRITICAL, cwe=506
)
_LEVELS: Final = frozenset({"hides", "acts"})


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.reach == "start" and fact.level in _LEVELS:
        yield Finding(rule=_RULE, where=fact.where, message=sentence(fact), evidence=(*fact.facts, fact.use))


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
