"""Importing this source runs code that it hides.

Source that means no harm says what it does. Here a text is decoded, put together out of numbers, turned round or
fetched, and then run; or the name of what is called is built out of pieces, so that nobody finds it by searching. It
happens while the file is imported, installed, or made into a model by its loader: before anybody asks for anything.

## What to do

Do not import, install or load it. What was decoded is shown, and was itself looked at as far as it goes.

## What this rule cannot see

Code that is hidden by the meaning of the numbers that a program computes while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.chains.deeds import sentence
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.source import Deed

_RULE: Final = Rule(
    id="source-runs-hidden-code", title="Importing the source runs hidden code", severity=Severity.HIGH, cwe=506
)


def _detect(fact: Deed) -> Iterator[Finding]:
    if fact.level == "hides" and not fact.reach:
        yield Finding(rule=_RULE, where=fact.where, message=sentence(fact), evidence=(*fact.facts, fact.use))


DETECTOR: Final = Detector(rule=_RULE, on=Deed, detect=_detect)
