"""Somebody whom the policy of trust names has looked at exactly these files, and says that they failed.

That is a verdict that they did not pass, a scan that blocks them or holds them for review, a test that they failed, or
a vulnerability that affects them. Of what one signer says about one thing, the newest counts. A rule of the policy
whose mode is `warn` or `audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

Read what they found (`weighmaster claims`). A newer claim of the same signer takes its place.

## What this rule cannot see

A no that was taken out of the file. Ask for evidence that is fresh, and for a log, where that matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="evidence-says-no", title="Somebody who is trusted says no", severity=Severity.HIGH, cwe=1357)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "says-no" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
