"""The target is signed, but not by as many or not with all that the policy of trust wants.

That may be a release, a scan, a timestamp, a second signer. Whoever removes a claim leaves no trace of it in the file
that it stood in. So a policy names what must be there, and what is missing counts as if it had never been. A rule of
the policy whose mode is `warn` or `audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

Get the target again with all its evidence, or ask those that the message names for theirs. A proof that a claim is in
a log can be fetched and added later.

## What this rule cannot see

Claims that no rule of the policy asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="evidence-missing", title="Evidence that the policy wants is missing", severity=Severity.HIGH, cwe=345
)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "missing" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
