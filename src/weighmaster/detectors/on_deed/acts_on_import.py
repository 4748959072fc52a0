"""Importing this package starts programs, runs hidden code, or takes secrets away.

What stands outside of functions in `__init__.py` runs when the package is imported, and so does that of each module
that it imports. The message shows the way from there to what acts.

## What to do

Do not import it. Read the lines that the message names; if all of it is wanted, run that by hand.

## What this rule cannot see

What the program that is started does. Modules that are imported by a name that is computed, or only when somebody asks
for them: what those do is said by the rules on source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="acts-on-import", title="Importing the package acts on the machine", severity=Severity.HIGH, cwe=829
)
_LEVELS: Final = frozenset({"hides", "acts"})


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.reach == "import" and fact.level in _LEVELS:
        yield Finding(rule=_RULE, where=fact.where, message=sentence(fact), evidence=(*fact.facts, fact.use))


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
