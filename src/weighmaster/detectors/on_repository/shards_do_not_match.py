"""The index of a model in several files names files that are not there, or leaves out files that are.

A loader opens what the index names. A part that is missing was not looked at, and comes from elsewhere when the model
is loaded; a part that no index names waits for a loader that takes files by their names.

## What to do

Fetch the whole model, and delete parts that belong to another. Compare the index with the publisher's.

## What this rule cannot see

Parts in a folder that was left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_RULE: Final = Rule(
    id="shards-do-not-match", title="A model's index and its files do not match", severity=Severity.MEDIUM, cwe=345
)
_PART: Final = pattern(r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<ending>\.\w+)\Z")
_SHOWN: Final = 5


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.references import leads_out
    from weighmaster.knowledge.repository import beside, path_of, split, tree_of

    tree = tree_of(whole)
    indexes: dict[str, list[Reference]] = {}
    for fact in tree.facts(Reference):
        if fact.kind == "shard":
            indexes.setdefault(path_of(fact.where), []).append(fact)
    named = {beside(source, fact.target) for source, facts in indexes.items() for fact in facts}
    for source, facts in indexes.items():
        if not tree.is_whole(source):
            continue
        missing = [f for f in facts if not leads_out(f.target) and beside(source, f.target) not in tree.files]
        if missing:
            message = f"{_counted(len(missing), 'is', 'are')} not there: {_listed([fact.target for fact in missing])}"
            yield Finding(rule=_RULE, where=missing[0].where, message=message, evidence=tuple(missing[:_SHOWN]))
        folder, _ = split(source)
        # Only parts of the same kind: a folder may hold one model in parts twice.
        kinds = {(part["stem"], part["ending"]) for fact in facts if (part := _PART.match(fact.target))}
        extra = sorted(
            name
            for name in tree.folders.get(folder, ())
            if (part := _PART.match(name)) and (part["stem"], part["ending"]) in kinds and folder + name not in named
        )
        if extra:
            message = f"{_counted(len(extra), 'is', 'are')} there and not in the index: {_listed(extra)}"
            evidence = (facts[0], tree.artifact(folder + extra[0]))
            yield Finding(rule=_RULE, where=facts[0].where, message=message, evidence=evidence)


def _counted(count: int, one: str, many: str) -> str:
    return f"1 part {one}" if count == 1 else f"{count} parts {many}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name) for name in names[:_SHOWN]) + more


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
