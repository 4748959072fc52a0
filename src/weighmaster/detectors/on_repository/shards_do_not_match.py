"""The index of a model in several files names files that are not there, or leaves out files that are.

A loader opens what the index names. A part that is missing was not looked at, and comes from elsewhere when the model
is loaded; a part that no index names waits for a loader that takes files by their names.

## What to do

Fetch the whole model, and delete parts that belong to another. Compare the index with the publisher's.

## What this rule cannot see

Parts in a folder that was left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from weighmaster.knowledge.repository import Tree

_RULE: Final = Rule(
    id="shards-do-not-match", title="A model's index and its files do not match", severity=Severity.MEDIUM, cwe=345
)
_PART: Final = pattern(r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<ending>\.\w+)\Z")
_SHOWN: Final = 5


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.facts:
        return
    from weighmaster.knowledge.repository import path_of, tree_of

    tree = tree_of(whole)
    indexes: dict[str, list[Reference]] = {}
    for fact in tree.facts(Reference):
        if fact.kind == "shard" and tree.is_whole(source := path_of(fact.where)):
            indexes.setdefault(source, []).append(fact)
    yield from _missing(indexes, tree)
    yield from _surplus(indexes, tree)


def _missing(indexes: Mapping[str, list[Reference]], tree: Tree) -> Iterator[Finding]:
    """Yield a finding for each index that names what is not there."""
    from weighmaster.knowledge.references import leads_out
    from weighmaster.knowledge.repository import beside

    for source, facts in indexes.items():
        missing = [f for f in facts if not leads_out(f.target) and beside(source, f.target) not in tree.files]
        if missing:
            message = f"{_counted(len(missing), 'is', 'are')} not there: {_listed([fact.target for fact in missing])}"
            yield Finding(rule=_RULE, where=missing[0].where, message=message, evidence=tuple(missing[:_SHOWN]))


def _surplus(indexes: Mapping[str, list[Reference]], tree: Tree) -> Iterator[Finding]:
    """Yield a finding for each folder with parts that no index of it names."""
    from weighmaster.knowledge.repository import beside, split

    named = {beside(source, fact.target) for source, facts in indexes.items() for fact in facts}
    kinds: dict[str, dict[tuple[str, str], Reference]] = {}
    for source, facts in indexes.items():
        for fact in facts:
            if part := _PART.match(fact.target):
                # Only parts of the same kind: a folder may hold one model in parts twice.
                kinds.setdefault(split(source)[0], {}).setdefault((part["stem"], part["ending"]), fact)
    for folder, those in kinds.items():
        extra: dict[Reference, list[str]] = {}
        for name in sorted(tree.folders.get(folder, ())):
            part = _PART.match(name)
            named_by = those.get((part["stem"], part["ending"])) if part else None
            if named_by is not None and folder + name not in named:
                extra.setdefault(named_by, []).append(name)
        for fact, names in extra.items():
            message = f"{_counted(len(names), 'is', 'are')} there and not in the index: {_listed(names)}"
            evidence = (fact, tree.artifact(folder + names[0]))
            yield Finding(rule=_RULE, where=fact.where, message=message, evidence=evidence)


def _counted(count: int, one: str, many: str) -> str:
    return f"1 part {one}" if count == 1 else f"{count} parts {many}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name) for name in names[:_SHOWN]) + more


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
