"""Code of the repository that a loader imports can start programs, run text as code or load machine code.

It does so in a function, so nothing happens while the model is loaded unless the loader calls it. A class that loads
the model's weights runs its functions soon after. Many honest models compile kernels so.

## What to do

Read the function that the finding names, and who calls it, before you load the model with `trust_remote_code`.

## What this rule cannot see

Whether anybody calls the function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="remote-code-can-act", title="Loading imports code that can act on the machine", severity=Severity.MEDIUM, cwe=94
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.chains.reach import acts_of
    from weighmaster.knowledge.source.conduct import SOON, WHEN

    for act in acts_of(whole):
        if act.use.when not in SOON or act.level in {"can-harm", "has-powers"}:
            when = WHEN.get(act.use.when, act.use.when)
            message = f"{act.way} uses {act.use.dotted} {when}, which {act.does}"
            yield Finding(rule=_RULE, where=act.use.where, message=message, evidence=(*act.facts, act.use))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
