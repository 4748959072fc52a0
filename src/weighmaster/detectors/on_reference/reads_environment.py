"""Reading this configuration takes values out of the environment of the process that reads it.

OmegaConf resolves `${oc.env:NAME}` to the environment variable of that name. Honest configurations find their folders
so; one that came with a model can as well carry a token or a password into a value that is logged or sent.

## What to do

Look at the names, and at where the values go. Read foreign configurations in a process whose environment holds no
secrets.

## What this rule cannot see

Resolvers of other names that a program registers for the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="reads-environment", title="A configuration reads environment variables", severity=Severity.LOW, cwe=526
)


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.kind == "environment":
        message = f"{fact.by} puts the environment variable {fact.target!r} into a value"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
