"""Nobody has signed the target, and the policy of trust wants somebody to.

Bytes without a signature may be anybody's: of whoever serves them, or of whoever stood between. Evidence is looked for
in `model.sig` and `claims.jsonl` of a folder, and in `F.sig` and `F.claims.jsonl` beside a file `F`. A rule of the
policy whose mode is `warn` or `audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

Get the target from where its publisher signs it, with the evidence. If it is your own, sign it (`weighmaster sign`).
If it may come in unsigned, say so in a rule of the policy for its name.

## What this rule cannot see

Evidence that is kept elsewhere than beside the target. Without a policy (`--trust`) nothing has to be signed, and this
rule says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="unsigned", title="Nobody signed it", severity=Severity.HIGH, cwe=345)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "unsigned" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
