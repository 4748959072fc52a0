"""Nothing in the folder says under which licence the model may be used.

A model with a card and without a licence in it is not free to use: nobody has said that it is.

## What to do

Ask its publisher.

## What this rule cannot see

A licence in the prose of a card, or on a page of the hub. Folders without a card.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Statement
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="no-licence", title="No licence is named", severity=Severity.NOTE)
_SHOWN: Final = 5
_NAMES: Final = ("licence", "license", "copying", "notice")


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.folder and len(whole.artifacts) < 2:
        return
    from weighmaster.knowledge.repository import split, tree_of

    tree = tree_of(whole)
    licensed = {folder for folder, names in tree.folders.items() if any(n.lower().startswith(_NAMES) for n in names)}
    bare = [
        artifact
        for path, artifact in tree.files.items()
        if "model-card" in artifact.formats
        and tree.is_whole(path)
        and {"", split(path)[0]}.isdisjoint(licensed)
        and not any(fact.key.startswith("licence") for fact in tree.facts(Statement, path))
    ]
    if bare:
        more = f" (nor do {len(bare) - 1} more)" if len(bare) > 1 else ""
        message = f"the card names no licence, and no licence lies beside it{more}"
        yield Finding(rule=_RULE, where=bare[0].where, message=message, evidence=tuple(bare[:_SHOWN]))


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
