"""The number of parameters that a card or a file states is not the number that is there.

Cards have lines such as `Parameters: 7B`, and GGUF files say how large they are. The weights are counted as they are
read. Where they hold less than half of what is stated, or more than twice, the words are about another model: the
weights were exchanged, or the card was taken from elsewhere.

Small differences are no finding. Numbers are rounded, and some makers count neither embeddings nor shared experts.

## What to do

Compare the digests of the weights with those that the publisher names. Do not rely on what the card says of tests and
limits: it was written about something else.

## What this rule cannot see

Weights of the same size. Weights that pack several numbers into one integer, adapters, and models of which parts are
missing: those are not counted. Prose: only lines that say nothing else are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="card-contradicts-bytes",
    title="The stated number of parameters is not the number that is there",
    severity=Severity.MEDIUM,
    cwe=345,
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.claims import found_of

    yield from found_of(whole, _RULE, exact=True)


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
