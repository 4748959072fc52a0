"""Where a lock and the manifests that it was made from do not say the same.

Versions are compared as installers do, by the library that they use: <https://packaging.pypa.io/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from weighmaster.knowledge.dependencies.dependencies import COMPLETE, Files, Said, readers_of
from weighmaster.knowledge.names.normal import normal
from weighmaster.model.package import Dependency

_ASIDE: Final = frozenset({"constraint", "override"})
_ELSEWHERE: Final = frozenset({"url", "vcs"})


def ruled_out(said: Said, lock: Said) -> Iterator[tuple[Dependency, list[Dependency]]]:
    """Yield what a manifest wants of which a lock has versions, and none of them is one that it allows."""
    overridden = {normal(fact.name) for fact in said.wanted if fact.group == "override"}
    held = _held(lock)
    for wanted in said.wanted:
        name = normal(wanted.name)
        if wanted.locked or wanted.source != "index" or not wanted.specifier or name in overridden:
            continue
        locked = [fact for fact in held.get(name, ()) if fact.version]
        if locked and wanted.by in readers_of(lock) and _allows_none(wanted, locked):
            yield wanted, locked


def _allows_none(wanted: Dependency, locked: Sequence[Dependency]) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        allowed = SpecifierSet(wanted.specifier, prereleases=True)
        return not any(Version(fact.version) in allowed for fact in locked)
    except (InvalidSpecifier, InvalidVersion):
        return False


def left_out(said: Said, lock: Said) -> Iterator[Dependency]:
    """Yield what a manifest wants and its lock, which should have all, does not hold."""
    if not {fact.by for fact in lock.wanted} & COMPLETE:
        return
    held = _held(lock)
    readers = readers_of(lock)
    for wanted in said.wanted:
        aside = wanted.group in _ASIDE or wanted.group == "build" or wanted.group.startswith("hatch:")
        if wanted.by in readers and wanted.source == "index" and not aside and normal(wanted.name) not in held:
            yield wanted


def added(files: Files) -> Iterator[tuple[Said, Dependency]]:
    """Yield what locks take from addresses and repositories of which their manifests say nothing."""
    manifests: dict[str, list[Said]] = {}
    locks: dict[str, Said] = {}
    for said in files.all:
        for lock in files.locks_of(said):
            manifests.setdefault(lock.path, []).append(said)
            locks[lock.path] = lock
    for path, lock in locks.items():
        named = [fact for said in manifests[path] for fact in said.wanted if fact.source in _ELSEWHERE]
        if not named:
            yield from ((lock, fact) for fact in lock.wanted if fact.locked and fact.source in _ELSEWHERE)


def _held(lock: Said) -> dict[str, list[Dependency]]:
    held: dict[str, list[Dependency]] = {}
    for fact in lock.wanted:
        if fact.locked:
            held.setdefault(normal(fact.name), []).append(fact)
    return held
