"""Source code stands beside the model.

A training script, a shell script, a notebook, a page with a script in it. Vetting a model does not run it, and neither
does loading a file that has nothing to do with it; whoever runs it should have read it. The source of a package is not
reported: to bring source is what packages are for.

## What to do

Nothing, unless you mean to run it or a loader is told to (`trust_remote_code`): then read it first.

## What this rule cannot see

What the code does. Source in a text that is mostly prose, such as the examples of a README, is not reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Script
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="carries-script", title="Source code beside the model", severity=Severity.LOW, cwe=829)


def _detect(whole: Repository) -> Iterator[Finding]:
    for fact in whole.facts:
        if isinstance(fact, Script):
            from weighmaster.knowledge.packages.packages import owner_of
            from weighmaster.knowledge.repository import path_of

            if owner_of(whole, path_of(fact.where)) is None:
                message = f"source code in {fact.language}: {fact.excerpt.splitlines()[0] if fact.excerpt else ''}"
                yield Finding(
                    rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,)
                )


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
