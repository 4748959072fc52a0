"""What the code that loaders run of a target does: each act once, with the shortest way that leads to it."""

from __future__ import annotations

from typing import Final

from weighmaster.knowledge.packages.packages import owner_of
from weighmaster.knowledge.repository import shown, tree_of
from weighmaster.knowledge.source.conduct import conduct
from weighmaster.knowledge.source.entries import Entry, entries, reached
from weighmaster.model.fact import Fact, Use
from weighmaster.model.repository import Repository
from weighmaster.model.value import Value

_BY_NAME: Final = frozenset({"an inference endpoint", "an installer", "datasets"})
"""What finds code by the name of its file, and never looks into packages."""
_MOST: Final = 200
"""Acts that are told; one is enough."""


class Act(Value):
    """A use of something that acts, how bad that is, and the way from a loader to it."""

    use: Use
    level: str
    does: str
    way: str
    facts: tuple[Fact, ...]


_last: list[tuple[Repository, tuple[Act, ...]]] = []


def acts_of(whole: Repository) -> tuple[Act, ...]:
    """Return what the code that loaders run of a target does."""
    if not (_last and _last[0][0] is whole):
        _last[:] = [(whole, _acts(whole))]
    return _last[0][1]


def _is_of_package(whole: Repository, entry: Entry) -> bool:
    """Whether a file is an entry by its name only, and part of a package, whose ways in are others (see `chains`)."""
    if len(entry.chain) > 1 or entry.by not in _BY_NAME:
        return False
    package = owner_of(whole, entry.path)
    return package is not None and package.form in {"wheel", "installed", "sdist"}


def _acts(whole: Repository) -> tuple[Act, ...]:
    tree = tree_of(whole)
    found: dict[Use, Act] = {}
    seen: set[str] = set()
    for entry in entries(tree, whole.where.root):
        if _is_of_package(whole, entry):
            continue
        for each in reached(tree, entry, seen):
            for use in tree.facts(Use, each.path):
                if use in found or len(found) >= _MOST:
                    continue
                said = conduct(use)
                if said.level:
                    way = " -> ".join([shown(path) for path in each.chain])
                    found[use] = Act(
                        use=use, level=said.level, does=said.does, way=f"{entry.by} runs {way}, which", facts=each.facts
                    )
    return tuple(found.values())
