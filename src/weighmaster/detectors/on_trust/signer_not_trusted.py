"""Somebody signed exactly these files, and nobody whom the policy of trust names for it.

A signature that holds says that the bytes are those of whoever signed. Who that may be is for whoever uses them to
say: another key, another name under the same authority, another workflow is somebody else. A rule of the policy whose
mode is `warn` or `audit` gives `policy-warns` or `policy-notes` in its place.

## What to do

Find out who signed (`weighmaster claims`, `weighmaster verify`). If that is the publisher, whose key is new, get the
key from them by another way than this one, and put it into the policy. Else do not use the target.

## What this rule cannot see

A key that is in other hands than the policy believes: that is for `[[deny]]` and recalls to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Trust
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="signer-not-trusted", title="Signed by somebody who may not", severity=Severity.HIGH, cwe=347)


def _detect(fact: Trust) -> Iterator[Finding]:
    if fact.lack == "untrusted" and fact.mode == "enforce":
        yield Finding(rule=_RULE, where=fact.where, message=fact.detail, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Trust, detect=_detect)
