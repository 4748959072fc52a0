"""Installing this package from source runs code that acts on the machine.

`setup.py`, or a build backend that the source brings along, runs with the rights of whoever installs, and so does what
it imports. Builds start compilers and ask git for a version; this one starts something else, hides what it runs, or
takes secrets away. The message shows the files that lead to it.

## What to do

Do not install it from source: take a wheel (`pip install --only-binary :all:`), and have that looked at. Read the lines
that the message names.

## What this rule cannot see

What the program that is started does. What a build backend from elsewhere does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="acts-on-install", title="Installing the package acts on the machine", severity=Severity.HIGH, cwe=829
)
_LEVELS: Final = frozenset({"hides", "acts"})


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.reach == "install" and fact.level in _LEVELS:
        yield Finding(rule=_RULE, where=fact.where, message=sentence(fact), evidence=(*fact.facts, fact.use))


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
