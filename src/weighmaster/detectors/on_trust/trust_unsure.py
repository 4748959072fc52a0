"""Whether the target has what the policy of trust wants cannot be said: not all of its bytes were read.

Evidence is about all files of the target. Where some were left out by the user, could not be read, changed meanwhile,
or go by a second name (a link), nothing can be said of all. Where digests of files that lie elsewhere are those that
the server declares, evidence is held to what the server says, and not to bytes.

## What to do

Look at the target whole: without `--exclude`, and with `--full` where it lies elsewhere. Files that need not be
covered are named by `ignore` in the policy.

## What this rule cannot see

Nothing else is looked for here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="trust-unsure", title="Not all bytes are known that were signed", severity=Severity.MEDIUM, cwe=353
)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "unsure" and fact.mode != "audit":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
