"""A file of requirements, or a command, takes in another one that is no part of the target.

What that asks for is installed as well, and was not looked at.

## What to do

Vet the folder that both are in. What lies at an address is best copied to where it can be looked at, and cannot change.

## What this rule cannot see

What the other file asks for. One that is missing from a folder that was looked at is `include-missing`.
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
    id="include-not-seen", title="Requirements include a file that was not looked at", severity=Severity.MEDIUM, cwe=829
)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not any(isinstance(fact, Reference) and fact.kind in INCLUDED for fact in whole.facts):
        return
    tree = tree_of(whole)
    for reference in tree.facts(Reference):
        if reference.by == "command" and reference.kind in INCLUDED and "://" in reference.target:
            message = f"{reference.target} is installed from, and was not looked at"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))
    for own, reference, path in including(tree):
        if reference.target.startswith("$"):
            continue
        if path is None or (path not in tree.files and not tree.is_whole(own)):
            message = f"{reference.target} is included, and was not looked at"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
