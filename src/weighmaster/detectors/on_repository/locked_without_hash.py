"""A lock or a file of requirements holds its packages to hashes, all but a few.

An installer that checks hashes where there are some takes these as they come. One line without a hash is what is left
where one was taken out.

## What to do

Make the lock again. `pip install --require-hashes` refuses such a file.

## What this rule cannot see

Whether the installer would refuse the file as a whole, as pip does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.showing import count
from weighmaster.knowledge.dependencies.dependencies import by_file, is_fixed, named
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Dependency
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="locked-without-hash", title="Of the packages in a lock some have no hash", severity=Severity.MEDIUM, cwe=494
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Dependency) for fact in whole.facts):
        return
    for said in by_file(tree_of(whole)):
        fixed = [fact for fact in said.wanted if is_fixed(fact)]
        bare = [fact for fact in fixed if not fact.hashes]
        if 0 < len(bare) < len(fixed):
            message = f"{len(bare)} of {count(len(fixed), 'package')} have no hash, all others have: {named(bare)}"
            yield Finding(rule=_RULE, where=bare[0].where, message=message, evidence=tuple(bare[:20]))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
