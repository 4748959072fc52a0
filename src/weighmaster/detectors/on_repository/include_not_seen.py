"""A file of requirements includes another one that is no part of the target.

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
from weighmaster.knowledge.dependencies import includes, is_of_package
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="include-not-seen", title="Requirements include a file that was not looked at", severity=Severity.MEDIUM, cwe=829
)
_KINDS: Final = frozenset({"requirements", "constraints"})


def _detect(whole: Repository) -> Iterator[Finding]:
    tree = None
    for reference in whole.facts:
        if not isinstance(reference, Reference) or reference.kind not in _KINDS:
            continue
        if reference.by != "pip":
            continue  # Commands run in a folder that nobody here knows.
        tree = tree or tree_of(whole)
        own = path_of(reference.where)
        if is_of_package(own) or reference.target.startswith("$"):
            continue
        path = next((path for one, path in includes(tree, own) if one == reference), None)
        if path is None or (path not in tree.files and not tree.is_whole(own)):
            message = f"{reference.target} is included, and was not looked at"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
