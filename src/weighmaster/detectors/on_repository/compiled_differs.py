"""A compiled module uses what the source beside it does not.

Python runs the compiled module in place of the source as long as a time and a size in its head agree with those of the
source, and nobody compares what they do. Names stand in a compiled module as they do in source: one that is nowhere in
the source was compiled from something else.

## What to do

Do not import it. Delete the compiled module: Python makes it anew from the source. Find out what wrote it.

## What this rule cannot see

Differences that need none of the words that it looks for (`knowledge/packages/compiled.py`), and code whose source
mentions them for no reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="compiled-differs", title="Compiled Python that is not of the source beside it", severity=Severity.HIGH, cwe=345
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.packages.compiled import differing
    from weighmaster.knowledge.repository import path_of

    for fact, source, words in differing(whole):
        message = f"the compiled module uses {', '.join(words)}, and its source {path_of(source.where)} does not"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact, source))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
