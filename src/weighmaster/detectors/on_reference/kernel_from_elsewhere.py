"""Loading this model fetches compiled code from a repository that the configuration names.

transformers takes the name of an implementation of attention for that of a repository of kernels. Releases from 4.56 to
5.2 took it out of `config.json` and ran the code of that repository, whether code was to be trusted or not
(CVE-2026-4372). transformers does not write such a name into a configuration: somebody put it there.

## What to do

Do not load the model. Ask its publisher why the name is there.

## What this rule cannot see

What the code does, and whether the release that you use refuses the name. Kernels of the hub's own community are
`code-from-elsewhere`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.remote_code import VETTED
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="kernel-from-elsewhere",
    title="A configuration has compiled code fetched from a repository",
    severity=Severity.HIGH,
    cwe=829,
)


def _detect(fact: Reference) -> Iterator[Finding]:
    if fact.kind == "kernel" and not fact.target.startswith(VETTED):
        message = f"{fact.by} fetches and runs the kernels of {fact.target!r}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
