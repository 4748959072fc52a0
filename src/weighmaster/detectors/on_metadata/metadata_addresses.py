"""Metadata of the file names an address where anybody can collect what is sent.

Web hooks, tunnels, pastes, hidden services and bare numbers of machines have no place beside weights. Metadata is shown
to people and given to programs; whoever follows the address tells its owner that the model was loaded.

## What to do

Do not open the address. Ask the publisher what it is for.

## What this rule cannot see

Addresses with ordinary names, whoever they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.source.shapes import is_drop
from weighmaster.model.fact import Metadata
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="metadata-addresses",
    title="Metadata names an address where things are collected",
    severity=Severity.MEDIUM,
    cwe=200,
)
_ADDRESS: Final = pattern(r"(?:https?|ftp|wss?|tcp)://[^\s\"'<>]{4,300}")
_NUMBER: Final = pattern(
    r"\w+://(?:[^/@\s]{0,100}@)?(?!0\.|10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)(?:\d{1,3}\.){3}\d{1,3}(?:[:/]|\Z)"
)
_LONGEST: Final = 1 << 20
_SHOWN: Final = 100


def _detect(fact: Metadata) -> Iterator[Finding]:
    if "://" not in fact.text:
        return
    for hit in _ADDRESS.finditer(fact.text[:_LONGEST]):
        address = hit[0]
        if is_drop(address) or _NUMBER.match(address):
            message = f"metadata {fact.key[:80]!r} names {address[:_SHOWN]!r}"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))
            return


DETECTOR: Final = Detector(rule=_RULE, on=Metadata, detect=_detect)
