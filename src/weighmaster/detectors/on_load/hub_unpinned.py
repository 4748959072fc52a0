"""Source loads a repository of a hub and does not say which version.

Whoever may write to the repository, or takes its name over after it was deleted, decides what the program loads next
time: other weights, another tokenizer, another template. What was vetted is not what runs.

## What to do

Name the commit: `revision="<40 hexadecimal digits>"`. `weighmaster inventory --fix` writes it for the calls whose
commit is known.

## What this rule cannot see

Names that are put together while the program runs, and arguments that come in with `**`. Whether a folder of that
name lies where the program runs, which would be loaded instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_dormant, is_test, pinned, place_of, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="hub-unpinned",
    title="A model or data set is loaded at whatever version the hub has that day",
    severity=Severity.LOW,
    cwe=494,
)


def _detect(fact: Load) -> Iterator[Finding]:
    place = place_of(fact)
    named = place == "hub" or (place == "hub-code" and is_dormant(fact))
    if named and pinned(fact) == "none" and not is_test(path_of(fact.where)):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: no revision is given",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
