"""What the policy of trust wants to be fresh is too old, has expired, or comes from a key whose time is over.

An old scan did not know what is known today, and an old signature may be one of a release that was replaced since. How
old a claim is, its signer says; or else a timestamp by an authority of the policy shows it. A rule of the policy whose
mode is `warn` or `audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

Ask those that the message names for new evidence. If evidence may be older, raise `max_age` or `freshness`.

## What this rule cannot see

What was found out since, where the policy asks for no freshness.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="evidence-stale", title="The evidence is too old", severity=Severity.HIGH, cwe=672)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "stale" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
