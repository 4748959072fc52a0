"""A configuration says of itself that its code is to be trusted.

Whether the code of a repository may run is for whoever loads it to say. Some classes take `trust_remote_code` from the
file: LightGlue's did (CVE-2026-5241), and so do options that a configuration hands on to a tokenizer or an inner model.

## What to do

Find out which repository the part is loaded from, and read its code. Releases with the fix ignore the key.

## What this rule cannot see

Whether your release of the loader does as the file says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="consents-by-itself",
    title="A configuration says that its code is to be trusted",
    severity=Severity.MEDIUM,
    cwe=829,
)


def _detect(fact: Statement) -> Iterator[Finding]:
    if fact.key == "trust-remote-code":
        subject = f" for {fact.value!r}" if fact.value else ""
        message = f"sets trust_remote_code{subject}, which {fact.by} hands on"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Statement, detect=_detect)
