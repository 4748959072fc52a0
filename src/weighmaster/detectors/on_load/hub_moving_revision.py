"""Source loads a repository of a hub at a revision that can be moved: a branch, a tag, a part of a commit's name.

`revision="main"` says no more than no revision. A tag may be set again by whoever may write to the repository.

## What to do

Name the whole commit: `revision="<40 hexadecimal digits>"`.

## What this rule cannot see

Whether the hub protects that tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.loads.load_targets import is_test, pinned, place_of, told
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Load

_RULE: Final = Rule(
    id="hub-moving-revision", title="A model or data set is loaded at a branch or tag", severity=Severity.LOW, cwe=494
)


def _detect(fact: Load) -> Iterator[Finding]:
    if place_of(fact) == "hub" and pinned(fact) == "moving" and not is_test(path_of(fact.where)):
        yield Finding(
            rule=_RULE,
            where=fact.where,
            message=f"{told(fact)}: revision {fact.revision[:60]!r} can be moved",
            confidence=Confidence.HIGH,
            evidence=(fact,),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Load, detect=_detect)
