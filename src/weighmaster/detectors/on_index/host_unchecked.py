"""A host is trusted without a look at its certificate.

`--trusted-host`, `verify_ssl = false` and `allow-insecure-host` turn off what makes `https://` worth anything: whoever
can answer in place of the host can give out any package.

## What to do

Give the installer the certificate of the authority that the host's own is signed by (`--cert`), and leave the check on.

## What this rule cannot see

Checks that are turned off by the user's own configuration or environment, outside of the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at
from weighmaster.knowledge.dependencies.indexes import is_loopback
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Index

_RULE: Final = Rule(
    id="host-unchecked",
    title="Nothing checks that the host of an index is the one it says it is",
    severity=Severity.MEDIUM,
    cwe=295,
)


def _detect(fact: Index) -> Iterator[Finding]:
    if fact.role == "trusted-host" and not is_loopback(fact.target):
        message = f"{at(fact)}the certificate of {fact.target} is not checked"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Index, detect=_detect)
