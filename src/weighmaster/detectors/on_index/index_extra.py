"""An index of a project that is known is asked for every package, beside the usual one.

pip takes the highest version that any of its indexes offers. The indexes of PyTorch, NVIDIA and others hold copies of
common packages; in December 2022 such a copy of a name, `torchtriton`, was given out by the other index instead.
Background: <https://pytorch.org/blog/compromised-nightly-dependency/>.

## What to do

Name that index for the packages that it is for and no others, or hold all packages to hashes.

## What this rule cannot see

Which names each index really has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import at
from weighmaster.knowledge.dependencies.indexes import is_known, is_usual
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.package import Index

_RULE: Final = Rule(
    id="index-extra", title="Another known index is asked for every package", severity=Severity.LOW, cwe=427
)


def _detect(fact: Index) -> Iterator[Finding]:
    if fact.role == "extra" and is_known(fact.target) and not is_usual(fact.target):
        message = f"{at(fact)}{fact.target} is asked for every package, beside another index"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Index, detect=_detect)
