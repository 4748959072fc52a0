"""The card of a model leaves out what its readers must know.

Looked for are the following, with the sections of "Model Cards for Model Reporting" (Mitchell et al., 2019) and the
clusters of "Software Bill of Materials for AI - Minimum Elements" (G7 Cybersecurity Working Group, May 2026, voluntary)
that ask for them:

- the licence (Models);
- what the model is meant for (4.2; System level properties);
- what it cannot do (4.9; Models);
- what it was trained on (4.6; Dataset properties);
- how it was tested (4.4 to 4.7; Key performance indicators).

A heading with nothing below it, or with the words that a template put there, says nothing.

## What to do

Ask the publisher, and do not take silence for an answer: what is not disclosed was perhaps not done.

## What this rule cannot see

Whether what is said is true or enough. What is said elsewhere: in a paper, in another file, under a heading of other
words, in another language than English.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="card-incomplete", title="The card leaves out what must be known", severity=Severity.NOTE)


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.folder:
        return
    from weighmaster.knowledge.hub import is_weights
    from weighmaster.knowledge.repository import split, tree_of

    tree = tree_of(whole)
    for path, artifact in tree.files.items():
        if "model-card" not in artifact.formats:
            continue
        folder, _ = split(path)
        if any(is_weights(name) for name in tree.folders.get(folder, ())):
            from weighmaster.knowledge.cards import missing
            from weighmaster.model.fact import Reference, Statement

            stated = {fact.key for fact in tree.facts(Statement, path) if fact.value}
            stated |= {"datasets" for fact in tree.facts(Reference, path) if fact.kind == "dataset"}
            left_out = [duty.name for duty in missing(stated)]
            if left_out:
                yield Finding(
                    rule=_RULE,
                    where=artifact.where,
                    message=f"says nothing of {', '.join(left_out)}",
                    confidence=Confidence.MEDIUM,
                    evidence=(artifact,),
                )


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
