"""Which files each library would open of a folder, and which weights beside them it leaves alone.

A folder often holds the same model several times. What is loaded is one of the copies, and which one depends on the
library, its release and its options. Nothing is wrong with that; this says what the verdict is about.

## What to do

Nothing, unless a library that you use takes another file than you meant.

## What this rule cannot see

Options that ask for another copy (`use_safetensors`, `variant`, `from_tf`, `subfolder`), and releases that look in
another order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Reference
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.repository import Repository

if TYPE_CHECKING:
    from weighmaster.knowledge.loaders import Load
    from weighmaster.knowledge.repository import Tree

_RULE: Final = Rule(id="loader-takes", title="What a library opens of the folder", severity=Severity.NOTE)
_SHOWN: Final = 8
_FOLDERS: Final = 200


def _detect(whole: Repository) -> Iterator[Finding]:
    if not whole.folder and len(whole.artifacts) < 2:
        return
    from weighmaster.knowledge.loaders import loads
    from weighmaster.knowledge.repository import tree_of

    tree = tree_of(whole)
    paths = [path for path in tree.files if tree.is_whole(path)]
    for count, load in enumerate(loads(paths)):
        if count >= _FOLDERS:
            return
        first = tree.artifact(load.opens[0])
        yield Finding(rule=_RULE, where=first.where, message=_sentence(load, tree), evidence=(first,))


def _sentence(load: Load, tree: Tree) -> str:
    cut = len(load.folder)
    said = f"{load.loader} takes {_listed([path[cut:] for path in load.opens])}"
    code = [fact.target for path in load.opens for fact in tree.facts(Reference, path) if _is_code(fact)]
    if code:
        said += f", and imports {_listed(list(dict.fromkeys(code)))} if it is told to trust the repository"
    if load.leaves:
        said += f"; it leaves {_listed([path[cut:] for path in load.leaves])}"
    return said


def _is_code(fact: Reference) -> bool:
    return fact.kind in {"code", "remote-code"} and fact.by != "python"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


DETECTOR: Final = Detector(rule=_RULE, on=Repository, detect=_detect)
