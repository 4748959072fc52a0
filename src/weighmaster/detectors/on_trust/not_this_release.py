"""The files are those of a release of another name, or of an older one than was seen before.

A signature never grows old by itself: whoever kept an earlier release, with a hole that is known, can offer it again
under its true signature. So releases have numbers that only grow, and a policy may want the name to be the one that
was asked for (`name = true`) and the number to be no lower than one that was accepted (`sequence = true`). A rule of
the policy whose mode is `warn` or `audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

Get the release that you want. If the publisher took a release back on purpose, they sign the older files as a new one.

## What this rule cannot see

That there is a newer release of which nothing lies here, and that was never seen on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="not-this-release", title="Another release than the one that is wanted", severity=Severity.HIGH, cwe=1328
)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "other-release" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
