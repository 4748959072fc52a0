"""The card of a model says another base model than its adapter does.

The card is what people read, and the configuration of the adapter is what a library fetches and loads.

## What to do

Find out which of the two is meant: the weights only fit one of them, or copies of it.

## What this rule cannot see

Two names for the same model, such as a folder of the publisher's machine: those are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="card-disagrees", title="The card and the adapter name different base models", severity=Severity.LOW, cwe=345
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.remote_code import another_repository
    from weighmaster.knowledge.repository import path_of, split, tree_of

    cards: dict[str, list[Reference]] = {}
    adapters: dict[str, list[Reference]] = {}
    for fact in tree_of(whole).facts(Reference):
        by = {"card": cards, "peft": adapters}.get(fact.by)
        if fact.kind == "base-model" and by is not None and another_repository(fact.target):
            by.setdefault(split(path_of(fact.where))[0], []).append(fact)
    for folder, adapter in adapters.items():
        card = cards.get(folder, [])
        if card and {fact.target.lower() for fact in card}.isdisjoint(fact.target.lower() for fact in adapter):
            message = f"the adapter is for {adapter[0].target!r}, and the card says {card[0].target!r}"
            evidence = adapter[0], card[0]
            yield Finding(
                rule=_RULE, where=adapter[0].where, message=message, confidence=Confidence.MEDIUM, evidence=evidence
            )


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
