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
from weighmaster.knowledge.dependencies import includes, is_of_package
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="include-missing", title="Requirements include a file that is not there", severity=Severity.LOW, cwe=1357
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
        path = next((path for one, path in includes(tree, own) if one == reference), None)
        if path is not None and path not in tree.files and tree.is_whole(own) and not is_of_package(own):
            message = f"{reference.target} is included, and is not there"
            yield Finding(rule=_RULE, where=reference.where, message=message, evidence=(reference,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
