"""Loading this model takes code from another repository.

`auto_map` may name the code of another repository (`owner/name--module.Class`), and an implementation of attention may
be a repository of compiled kernels. What lies there is not here and was not looked at; its owner may change it any day,
and every loader that does not pin its commit runs what it finds then. Some loaders followed such names in nested parts
of a configuration without asking whether code may be trusted (CVE-2025-66448, CVE-2026-22807).

## What to do

Look at the repository that the finding names. Load the model with `code_revision` set to a commit that you have read.

## What this rule cannot see

What the code does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.remote_code import VETTED
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="code-from-elsewhere", title="Loading takes code from another repository", severity=Severity.MEDIUM, cwe=829
)


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.kind == "remote-code" or (fact.kind == "kernel" and fact.target.startswith(VETTED)):
        message = f"{fact.by} takes code from {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
