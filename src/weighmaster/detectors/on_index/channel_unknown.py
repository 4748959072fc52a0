"""An environment takes packages from a channel of conda that nobody here knows.

On anaconda.org anybody can have a channel. What stands first in the list wins: a channel before `conda-forge` may
replace any package of it.

## What to do

Look at who keeps the channel. Put it last, or name it for the one package that it is for (`channel::package`).

## What this rule cannot see

Who keeps a channel. Channels at other addresses are `index-unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at
from weighmaster.knowledge.dependencies.indexes import CHANNELS
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Index

_RULE: Final = Rule(
    id="channel-unknown", title="A channel of conda is one that anybody may keep", severity=Severity.LOW, cwe=829
)


def _detect(fact: Index) -> Iterator[Finding]:
    name = fact.target.partition("/")[0]
    if fact.role == "channel" and "://" not in fact.target and name not in CHANNELS:
        message = f"{at(fact)}the channel {fact.target} is one that nobody here knows"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Index, detect=_detect)
