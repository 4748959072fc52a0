"""Loading this file opens another file, or an address, outside its own folder.

A tensor whose numbers lie in `../../../etc/passwd`, a vocabulary at an address, a shard with an absolute name: the
loader opens it with the rights of whoever loads the model, and what it reads may leave through the model's output. What
a model needs lies beside it.

## What to do

Do not load the file. Ask its publisher for one that is complete.

## What this rule cannot see

Whether the release of the loader that you use refuses the path. What a path inside the folder is a link to: see the
gaps of the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import OPENED, leads_out
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="reaches-outside", title="Loading opens what lies outside the folder", severity=Severity.HIGH, cwe=22
)


def _detect(fact: Reference) -> Iterator[Finding]:
    # Python refuses a relative import that leaves its package: those of a package file only look as if they did.
    how = leads_out(fact.target) if fact.kind in OPENED and fact.by != "python" else None
    if how is not None:
        message = f"{fact.by} {OPENED[fact.kind]}: {fact.target!r} {how}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
