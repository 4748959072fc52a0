"""The target lacks what a rule of the policy of trust wants, and the mode of that rule is `warn`.

The message says what is lacking: see `unsigned`, `signer-not-trusted`, `evidence-missing`, `evidence-of-other-files`,
`evidence-stale`, `evidence-says-no`, `not-this-release`, `denied-by-policy`.

## What to do

What those rules say. When nothing of it is left, set the mode to `enforce`.

## What this rule cannot see

What those rules cannot see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="policy-warns", title="Something that the policy warns of", severity=Severity.MEDIUM, cwe=345)

_OTHERS: Final = frozenset({"", "unsure"})
"""What `trusted` and `trust-unsure` say."""


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.mode == "warn" and fact.lack not in _OTHERS:
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
