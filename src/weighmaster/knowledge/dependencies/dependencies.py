"""What the dependencies of a target come to together: manifests and the locks beside them, files and what they include.

A manifest says what may be installed, a lock what is. A lock counts for the manifests of its own folder and of folders
below it (workspaces), as its tool takes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.repository import Tree, beside, path_of, shown, split
from weighmaster.model.fact import Reference
from weighmaster.model.package import Dependency, Index

OF_LOCK: Final = {
    "uv.lock": frozenset({"pyproject.toml"}),
    "poetry.lock": frozenset({"poetry", "pyproject.toml"}),
    "pdm.lock": frozenset({"pyproject.toml"}),
    "Pipfile.lock": frozenset({"Pipfile"}),
    "pylock.toml": frozenset({"pyproject.toml", "pip"}),
}
"""Which manifests a lock is made from, by who reads each."""
COMPLETE: Final = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
"""Locks in which all groups of their manifest stand; others are made of the groups that were asked for."""
INCLUDED: Final = frozenset({"requirements", "constraints"})
"""Kinds of references that are files of requirements."""
_SAID: Final = 5
_LOCKS: Final = 20
"""Locks of one folder that are compared."""
INSTALLED: Final = frozenset({"pip", "uv", "uvx", "pipx", "pipenv", "Pipfile", "conda", "script"})
"""Readers that install what a file says, and not what its author's package needs."""
_ASIDE: Final = frozenset({"constraint", "override"})


class Said(NamedTuple):
    """What one file says of dependencies."""

    path: str
    wanted: tuple[Dependency, ...]


def by_file(tree: Tree) -> Iterator[Said]:
    """Yield what each file of a target says, in the order of their paths."""
    found: dict[str, list[Dependency]] = {}
    for fact in tree.facts(Dependency):
        found.setdefault(path_of(fact.where), []).append(fact)
    for path in sorted(found):
        yield Said(path, tuple(found[path]))


def is_open(wanted: Dependency) -> bool:
    """Say whether several versions of what is wanted could be installed."""
    plain = wanted.source == "index" and wanted.group not in _ASIDE
    return plain and not wanted.version and not wanted.locked and bool(wanted.name)


def is_of_package(path: str) -> bool:
    """Say whether a file is inside a package or an archive, where nobody installs what it says."""
    return "!" in path or "site-packages/" in path or "dist-packages/" in path


class Files:
    """What the files of a target say of dependencies, and which locks count for which of them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.all = [*by_file(tree)]
        self._by_path = {said.path: said for said in self.all}
        self._locks: dict[str, list[tuple[Said, frozenset[str]]]] = {}
        for said in self.all:
            made_from = readers_of(said)
            kept = self._locks.setdefault(split(said.path)[0], [])
            if made_from and len(kept) < _LOCKS:
                kept.append((said, made_from))

    def locks_of(self, said: Said) -> Iterator[Said]:
        """Yield the locks that count for a manifest: those in its folder, and in the folders above."""
        readers = {fact.by for fact in said.wanted}
        folder = split(said.path)[0]
        while True:
            for lock, made_from in self._locks.get(folder, ()):
                if lock.path != said.path and made_from & readers:
                    yield lock
            if not folder:
                return
            folder = split(folder[:-1])[0]

    def pins(self, said: Said) -> set[str]:
        """Return the names that constraints of requirements, and a file compiled from them, hold to one version."""
        held = [self._by_path[path] for reference, path in includes(self._tree, said.path)
                if reference.kind == "constraints" and path in self._by_path]  # fmt: skip
        stem, dot, ending = said.path.rpartition(".")
        if dot and ending == "in" and f"{stem}.txt" in self._by_path:
            held.append(self._by_path[f"{stem}.txt"])
        return {normal(fact.name) for one in held for fact in one.wanted if fact.version}


def readers_of(lock: Said) -> frozenset[str]:
    """Return who reads the manifests that a lock is made from; nobody where it is no lock."""
    return frozenset(reader for fact in lock.wanted if fact.locked for reader in OF_LOCK.get(fact.by, ()))


def including(tree: Tree) -> Iterator[tuple[str, Reference, str | None]]:
    """Yield each file of requirements, what it includes, and the path of that; see `includes`."""
    paths = {path_of(fact.where) for fact in tree.facts(Reference) if fact.kind in INCLUDED and fact.by == "pip"}
    for own in sorted(paths):
        if not is_of_package(own):
            yield from ((own, reference, path) for reference, path in includes(tree, own) if reference.by == "pip")


def includes(tree: Tree, path: str) -> Iterator[tuple[Reference, str | None]]:
    """Yield what a file of requirements includes, and the path of that; None where it lies outside the target."""
    for reference in tree.facts(Reference, path):
        if reference.kind in INCLUDED:
            target = reference.target.removeprefix("file://")
            yield reference, None if "://" in target or target.startswith(("/", "~")) else beside(path, target)


def named(wanted: Iterable[Dependency]) -> str:
    """Return the first names of some dependencies, and how many more there are."""
    names = [*dict.fromkeys(fact.name or fact.target for fact in wanted)]
    return ", ".join(names[:_SAID]) + (f" and {len(names) - _SAID} more" if len(names) > _SAID else "")


def is_fixed(wanted: Dependency) -> bool:
    """Say whether one version is wanted of an index, of which a hash could say which bytes that is."""
    plain = wanted.source == "index" and wanted.ecosystem == "pypi" and wanted.group not in _ASIDE
    return plain and bool(wanted.version) and (wanted.locked or wanted.by == "pip")


def at(fact: Dependency | Index) -> str:
    """Return the line of a fact as messages have it."""
    return f"line {fact.line}: " if fact.line else ""


def called(fact: Dependency) -> str:
    """Return the name of what is wanted, as messages have it."""
    return shown(fact.name) if fact.name else "a package"
