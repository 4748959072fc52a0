"""A configuration names code that is not there.

A loader that is told to trust the repository looks for `modeling_x.py` beside the configuration, and gets it from
wherever it gets files: an older commit, a cache, another package of that name. Code that is not here was not looked at.

## What to do

Ask the publisher for the file, or load the model with a library's own class.

## What this rule cannot see

Code in other repositories: those are `code-from-elsewhere`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(
    id="missing-code", title="A configuration names code that is not there", severity=Severity.MEDIUM, cwe=829
)
_BY: Final = frozenset({"transformers", "diffusers", "sentence-transformers"})


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.references import leads_out
    from weighmaster.knowledge.repository import path_of, tree_of
    from weighmaster.knowledge.source.entries import resolved

    tree = tree_of(whole)
    for fact in tree.facts(Reference):
        source = path_of(fact.where)
        if fact.kind != "code" or fact.by not in _BY or leads_out(fact.target) or not tree.is_whole(source):
            continue
        if not resolved(tree, source, fact.target):
            message = f"{fact.by} imports {fact.target!r}, and there is no such file"
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
