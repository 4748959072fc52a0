"""No rule of the policy of trust is for this target, and what no rule is for is refused.

A policy says for names, or package URLs, who must have signed. A target gets its name from `--name`, or from the
address that it is fetched from; a folder has none by itself, since what is judged must not say how.

## What to do

Name the target (`--name owner/name`), or add a rule for it. With `default = "audit"` the policy only notes such
targets.

## What this rule cannot see

That a name was mistyped so that another rule fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="no-trust-rule", title="No rule of the policy is for it", severity=Severity.HIGH, cwe=345)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "no-rule" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
