"""The card or the configuration says something that the files beside it do not bear out.

The name says 7B and the weights hold a tenth of that; the configuration says `float16` and the weights are `float32`;
the card says what the model is for, and its class does something else; the card names one licence, and the text of
another lies beside it. Most such cards were copied from another model and not mended.

## What to do

Ask the publisher what holds. Until then take what the files say, and of two licences the narrower.

## What this rule cannot see

Claims that no file can bear out: what the model was trained on, and how it was tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="card-inexact", title="What the card says is not what lies beside it", severity=Severity.LOW, cwe=345
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.folder or not whole.facts:
        return
    from weighmaster.knowledge.claims import found_of

    yield from found_of(whole, _RULE, exact=False)


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
