"""There is a signature beside the files, and it lists exactly these.

Who signed was not asked. A signature that anybody may have made proves nothing about where the files come from; it only
shows that they are those that were signed.

## What to do

Say who should have signed: a policy of trust (`--trust`), or `weighmaster verify --public-key`.

## What this rule cannot see

Whether the signature itself holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Listed
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="signature-present", title="A signature that lists these files", severity=Severity.NOTE)
_SHOWN: Final = 5


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(type(fact) is Listed for fact in whole.facts):
        return
    from weighmaster.knowledge.signed import signatures

    for one in signatures(whole):
        if not (one.changed or one.missing or one.added):
            these = "this file" if one.files == 1 else f"these {one.files} files"
            message = f"lists exactly {these}, which does not say who signed"
            short = Listed(where=one.fact.where, paths=one.fact.paths[:_SHOWN], digests=one.fact.digests[:_SHOWN])
            yield Finding(rule=_RULE, where=one.fact.where, message=message, evidence=(short,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
