"""An XML document whose type is declared outside its own folder.

The document says at an address, or in a file elsewhere, what its elements are (`<!DOCTYPE … SYSTEM "….dtd">`). Settings
of many programs do. Most readers never look there; one that validates, or that was told to load declarations, does,
with the rights of whoever opens the document, and takes entities from there.

## What to do

Open it with a reader that fetches nothing (`defusedxml`), or remove the declaration.

## What this rule cannot see

What the declarations hold. Entities that the document itself takes from elsewhere, and model formats in XML: see
`reaches-outside`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.references import leads_out
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(
    id="declarations-elsewhere",
    title="The type of an XML document is declared elsewhere",
    severity=Severity.MEDIUM,
    cwe=611,
)


def _detect(fact: Reference) -> Iterator[Finding]:
    how = leads_out(fact.target) if fact.kind == "declarations" else None
    if how is not None:
        message = f"a reader that validates fetches {fact.target!r}, which {how}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Reference, detect=_detect)
