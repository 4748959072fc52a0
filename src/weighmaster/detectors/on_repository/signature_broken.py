"""A file is not the one that the signature beside it lists.

A signature over all files of a model names each with its SHA-256. These bytes have another one: they were changed,
swapped with others, or damaged after somebody signed. Nobody's key is needed to see that.

## What to do

Do not use the files. Get them again from their publisher, with the signature. If they are your own, sign them anew.

## What this rule cannot see

Whether the signature holds, and whose it is: that takes a policy of trust (`--trust`) or `weighmaster verify`. Whoever
changes a file can also take the signature away, or put one of their own there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Listed
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="signature-broken", title="A file changed after it was signed", severity=Severity.HIGH, cwe=354)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(type(fact) is Listed for fact in whole.facts):
        return
    from weighmaster.knowledge.signed import signatures

    for one in signatures(whole):
        for artifact in one.changed:
            message = f"has other bytes than {one.fact.where} lists"
            yield Finding(rule=_RULE, where=artifact.where, message=message, evidence=(artifact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
