"""A file of requirements includes another one that is not in the target.

pip stops there. Whoever puts a file of that name there decides what is installed.

## What to do

Add the file, or take out the line.

## What this rule cannot see

Files that are made before they are read. Includes that lead out of the target are `include-not-seen`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.knowledge.dependencies.dependencies import INCLUDED, including
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="include-missing", title="Requirements include a file that is not there", severity=Severity.LOW, cwe=1357
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Reference) and fact.kind in INCLUDED for fact in whole.facts):
        return
    tree = tree_of(whole)
    for own, reference, path in including(tree):
        if path is not None and path not in tree.files and tree.is_whole(own):
            message = f"{reference.target} is included, and is not there"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
